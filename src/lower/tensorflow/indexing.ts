import { sizeOf } from "../../shape/tensor.ts";
import { arrange, canonical, grouped } from "../view.ts";
import { nary } from "./elementwise.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import type { Rules, View } from "./rule.ts";

/** Reading and adding at places known only when the graph runs. */
export type Indexing = "gather" | "scatter_add";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** An index outside reads 0 and adds nothing: the engine's own policy. */
const IGNORE = { bad_indices_policy: { text: "IGNORE" } } as const;

export const indexing = {
  // One table of all batches' rows; a batch's indices start where its rows do.
  gather: (e, [x, indices], { axis, batch_dims }, type) => {
    const { shape, dtype } = x!;
    const rank = indices!.shape.length - batch_dims;
    const batch = range(0, batch_dims);
    const pre = range(batch_dims, axis);
    const post = range(axis + 1, shape.length);
    const resultAt = range(axis, axis + rank);
    const resultPost = range(axis + rank, type.shape.length);
    const table = arrange(e, x!, [
      [...batch, axis],
      [...pre, ...post],
    ]);
    if (shape[axis] === 0 || sizeOf(type.shape) === 0)
      return { value: e.scalar(dtype, 0), dtype, shape: type.shape, groups: [] };
    const rows = absolute(e, indices!, batch_dims, shape[axis]!);
    const value = e.emit("GatherNd", [table, rows], table.type, [rows.shape[0]!, table.shape[1]!], {
      Tparams: { type: table.type },
      Tindices: { type: "i32" },
      ...IGNORE,
    });
    return grouped(e, value, dtype, type.shape, [
      [...batch, ...resultAt],
      [...pre, ...resultPost],
    ]);
  },

  scatter_add: (e, [updates, indices], { axis, batch_dims, size }, type) => {
    const { dtype, shape } = updates!;
    const rank = indices!.shape.length - batch_dims;
    const batch = range(0, batch_dims);
    const pre = range(batch_dims, axis);
    const at = range(axis, axis + rank);
    const post = range(axis + rank, shape.length);
    const resultPost = range(axis + 1, type.shape.length);
    if (at.every((a) => shape[a] === 1)) return placed(e, updates!, indices!, { axis, batch, pre, at, post }, type);
    const table = arrange(e, updates!, [
      [...batch, ...at],
      [...pre, ...post],
    ]);
    const total = sizeOf(batch.map((a) => shape[a]!)) * size;
    const sizes = e.ints([total, table.shape[1]!]);
    const rows = absolute(e, indices!, batch_dims, size);
    const sum = e.emit("ScatterNd", [rows, table, sizes], table.type, [total, table.shape[1]!], {
      T: { type: table.type },
      Tindices: { type: "i32" },
      ...IGNORE,
    });
    return grouped(e, sum, dtype, type.shape, [
      [...batch, axis],
      [...pre, ...resultPost],
    ]);
  },
} as const satisfies Rules<Indexing>;

/** Rows [count, 1] in a table of n rows for each element of the batch; -1 for an index outside [0, n). */
function absolute(e: Emitter, indices: View, batchDims: number, n: number): TfValue {
  const own = canonical(e, indices);
  const batch = sizeOf(indices.shape.slice(0, batchDims));
  const count = sizeOf(indices.shape);
  if (batch === 1) return e.reshape(own, [count, 1]);
  const index = e.reshape(own, [batch, count / batch]);
  const first = e.constant(
    "i32",
    [batch, 1],
    Int32Array.from({ length: batch }, (_, i) => i * n),
  );
  const inside = e.emit(
    "LogicalAnd",
    [e.test("GreaterEqual", index, 0), e.test("Less", index, n)],
    "bool",
    index.shape,
  );
  return e.reshape(e.where(inside, e.binary("AddV2", index, first), e.scalar("i32", -1)), [count, 1]);
}

interface Axes {
  readonly axis: number;
  readonly batch: readonly number[];
  readonly pre: readonly number[];
  readonly at: readonly number[];
  readonly post: readonly number[];
}

/** One row for each element of the batch: it is where the index is the place. */
function placed(
  e: Emitter,
  updates: View,
  indices: View,
  { axis, batch, pre, at, post }: Axes,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: View["dtype"] },
): View {
  const size = shape[axis]!;
  const index = grouped(e, canonical(e, indices), "i32", shape, [batch]);
  const iota = e.constant("i32", [size], Int32Array.from(range(0, size)));
  const here = grouped(e, iota, "i32", shape, [[axis]]);
  const rows = grouped(e, arrange(e, updates, [[...batch, ...pre, ...at], post]), dtype, shape, [
    [...batch, ...pre],
    range(axis + 1, shape.length),
  ]);
  const zero: View = { value: e.scalar(dtype, 0), dtype, shape, groups: [] };
  const equal = nary((m, a, b) => m.test("Equal", a, b))(e, [index, here]);
  return nary((m, ok, yes, no) => m.where(ok, yes, no))(e, [equal, rows, zero]);
}
