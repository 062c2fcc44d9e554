import { Arithmetic, nary } from "./elementwise.ts";
import { count } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import type { Rules } from "./rule.ts";
import { arrange, canonical, grouped, type View } from "./view.ts";

/** Reading and adding at places known only when the graph runs. */
export type Indexing = "gather" | "scatter_add";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export const indexing = {
  // An index outside reads 0.
  gather: (emitter, [x, indices], { axis, batch_dims }, type) => {
    const shape = x!.shape;
    const n = shape[axis]!;
    const rank = indices!.shape.length - batch_dims;
    const batch = range(0, batch_dims);
    const pre = range(batch_dims, axis);
    const post = range(axis + 1, shape.length);
    const math = new Arithmetic(emitter);
    const { at, inside } = within(math, canonical(emitter, indices!), n);
    const places = count(type.shape.slice(axis, axis + rank));
    const resultAt = range(axis, axis + rank);
    const resultPost = range(axis + rank, type.shape.length);

    if (n === 0) return { value: emitter.scalar(x!.dtype, 0), dtype: x!.dtype, shape: type.shape, groups: [] };
    let value: OnnxValue;
    let groups: readonly (readonly number[])[];
    if (count(shape.slice(0, batch_dims)) === 1) {
      const table = arrange(emitter, x!, [[...batch, ...pre], [axis], post]);
      const dims = [table.shape[0]!, places, table.shape[2]!];
      value = emitter.emit("Gather", [table, emitter.reshape(at, [places])], table.type, dims, { axis: { int: 1 } });
      groups = [[...batch, ...pre], resultAt, resultPost];
    } else {
      // One table of all batches' rows; a batch's indices start where its rows do.
      const rows = count(shape.slice(0, batch_dims));
      const table = arrange(emitter, x!, [
        [...batch, axis],
        [...pre, ...post],
      ]);
      const first = emitter.constant(
        "i32",
        [rows, 1],
        Int32Array.from({ length: rows }, (_, i) => i * n),
      );
      const flat = emitter.reshape(math.binary("Add", emitter.reshape(at, [rows, places]), first), [rows * places]);
      value = emitter.emit("Gather", [table, flat], table.type, [rows * places, table.shape[1]!], { axis: { int: 0 } });
      groups = [
        [...batch, ...resultAt],
        [...pre, ...resultPost],
      ];
    }
    const read = grouped(emitter, value, x!.dtype, type.shape, groups);
    const mask = grouped(
      emitter,
      inside,
      "bool",
      type.shape,
      [...batch, ...resultAt].map((a) => [a]),
    );
    const zero: View = { value: emitter.scalar(x!.dtype, 0), dtype: x!.dtype, shape: type.shape, groups: [] };
    return nary((m, ok, yes, no) => m.where(ok, yes, no))(emitter, [mask, read, zero]);
  },

  // Rows are added one after the other; an index outside adds to a row that is cut off.
  scatter_add: (emitter, [updates, indices], { axis, batch_dims, size }, type) => {
    const rank = indices!.shape.length - batch_dims;
    const batch = range(0, batch_dims);
    const pre = range(batch_dims, axis);
    const at = range(axis, axis + rank);
    const post = range(axis + rank, updates!.shape.length);
    const math = new Arithmetic(emitter);
    const resultPost = range(axis + 1, type.shape.length);
    const places = count(at.map((a) => updates!.shape[a]!));
    const { dtype } = updates!;

    if (places === 1) {
      // One row each: where the index is the place.
      const index = grouped(
        emitter,
        canonical(emitter, indices!),
        "i32",
        type.shape,
        batch.map((a) => [a]),
      );
      const iota = emitter.constant("i32", [size], Int32Array.from(range(0, size)));
      const here = grouped(emitter, iota, "i32", type.shape, [[axis]]);
      const rows = grouped(emitter, arrange(emitter, updates!, [[...batch, ...pre, ...at], post]), dtype, type.shape, [
        [...batch, ...pre],
        resultPost,
      ]);
      const equal = nary((m, a, b) => m.test("Equal", a, b))(emitter, [index, here]);
      const zero: View = { value: emitter.scalar(dtype, 0), dtype, shape: type.shape, groups: [] };
      return nary((m, ok, yes, no) => m.where(ok, yes, no))(emitter, [equal, rows, zero]);
    }

    const rows = count(batch.map((a) => updates!.shape[a]!));
    const table = arrange(emitter, updates!, [
      [...batch, ...at],
      [...pre, ...post],
    ]);
    const width = table.shape[1]!;
    const { at: place, inside } = within(math, canonical(emitter, indices!), size);
    const first = emitter.constant(
      "i32",
      [rows, 1],
      Int32Array.from({ length: rows }, (_, i) => i * size),
    );
    const absolute = math.binary("Add", emitter.reshape(place, [rows, places]), first);
    const safe = math.where(emitter.reshape(inside, [rows, places]), absolute, emitter.scalar("i32", rows * size));
    const spread = emitter.expand(emitter.reshape(safe, [rows * places, 1]), [rows * places, width]);
    const zeros = emitter.expand(emitter.scalar(dtype, 0), [rows * size + 1, width]);
    const sum = emitter.emit("ScatterElements", [zeros, spread, table], dtype, zeros.shape, {
      axis: { int: 0 },
      reduction: { text: "add" },
    });
    const kept = emitter.emit(
      "Slice",
      [sum, emitter.ints([0]), emitter.ints([rows * size]), emitter.ints([0]), emitter.ints([1])],
      dtype,
      [rows * size, width],
    );
    return grouped(emitter, kept, dtype, type.shape, [
      [...batch, axis],
      [...pre, ...resultPost],
    ]);
  },
} as const satisfies Rules<Indexing>;

/** Indices that may be read, and which of them were in [0, n). */
function within(math: Arithmetic, index: OnnxValue, n: number): { readonly at: OnnxValue; readonly inside: OnnxValue } {
  const inside = math.binary("And", math.test("GreaterOrEqual", index, 0), math.test("Less", index, n));
  return { inside, at: math.where(inside, index, math.emitter.scalar("i32", 0)) };
}
