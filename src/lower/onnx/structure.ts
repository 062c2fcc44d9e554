import { sameShape } from "../../shape/tensor.ts";
import { reshape } from "../reshape.ts";
import { count, type Emitter, fill } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { LoweringError, type Rules } from "./rule.ts";
import { arrange, canonical, grouped, plain, split } from "./view.ts";

/** Leaves, and operations that move elements without computing. */
export type Structure =
  | "constant"
  | "iota"
  | "random_bits"
  | "broadcast_in_dim"
  | "reshape"
  | "transpose"
  | "reverse"
  | "slice"
  | "pad"
  | "concatenate";

/** ONNX's "to the end" of a slice that walks backwards. */
const BEFORE_FIRST = Number.MIN_SAFE_INTEGER;

export const structure = {
  constant: (emitter, _, { value }) => {
    const { dtype, shape, data } = value;
    // One repeated number broadcasts.
    const single = data.length > 1 && data.every((x) => Object.is(x, data[0]));
    if (!single) return plain(emitter, emitter.constant(dtype, shape, data), dtype, shape);
    return { value: emitter.scalar(dtype, data[0]!), dtype, shape, groups: [] };
  },

  iota: (emitter, _, { shape, axis, dtype }) => {
    const size = shape[axis]!;
    const value = emitter.constant(
      dtype,
      [size],
      fill(
        dtype,
        Array.from({ length: size }, (_, i) => i),
      ),
    );
    return grouped(emitter, value, dtype, shape, [[axis]]);
  },

  random_bits: () => {
    throw new LoweringError("random numbers are drawn outside the engine", "lift `random_bits` out of the graph first");
  },

  broadcast_in_dim: (_, [x], { shape, dimensions }) => ({
    ...x!,
    shape,
    groups: x!.groups.map((group) => group.map((axis) => dimensions[axis]!)),
  }),

  reshape: (emitter, [x], { shape }) => reshape(emitter, x!, shape),

  transpose: (_, [x], { permutation }) => ({
    ...x!,
    shape: permutation.map((p) => x!.shape[p]!),
    groups: x!.groups.map((group) => group.map((axis) => permutation.indexOf(axis))),
  }),

  reverse: (emitter, [x], { dimensions }) => {
    const cut = split(emitter, x!, (axis) => (dimensions.includes(axis) ? axis : -1));
    const places = cut.groups.flatMap(([axis], i) => (dimensions.includes(axis!) ? [i] : []));
    if (places.length === 0) return cut;
    const at = (n: number) => emitter.ints(places.map(() => n));
    const value = emitter.emit(
      "Slice",
      [cut.value, at(-1), at(BEFORE_FIRST), emitter.ints(places), at(-1)],
      cut.value.type,
      cut.value.shape,
    );
    return { ...cut, value };
  },

  slice: (emitter, [x], { start, limit, strides }, type) => {
    const changed = (axis: number) => start[axis] !== 0 || limit[axis] !== x!.shape[axis] || strides[axis] !== 1;
    const cut = split(emitter, x!, (axis) => (changed(axis) ? axis : -1));
    const places = cut.groups.flatMap(([axis], i) => (changed(axis!) ? [i] : []));
    if (places.length === 0) return { ...cut, shape: type.shape };
    const of = (values: readonly number[]) => emitter.ints(places.map((i) => values[cut.groups[i]![0]!]!));
    const dims = cut.groups.map((group, i) =>
      places.includes(i) ? type.shape[group[0]!]! : group.reduce((n, axis) => n * type.shape[axis]!, 1),
    );
    const value = emitter.emit(
      "Slice",
      [cut.value, of(start), of(limit), emitter.ints(places), of(strides)],
      cut.value.type,
      dims,
    );
    return grouped(emitter, value, cut.dtype, type.shape, cut.groups);
  },

  pad: (emitter, [x], { low, high, interior, value }, type) => {
    const padded = (axis: number) => low[axis] !== 0 || high[axis] !== 0 || interior[axis] !== 0;
    // A padded axis must be laid out; one that is not padded may stay a broadcast when the rest may.
    const axes = x!.shape.map((_, axis) => axis);
    const held = new Set(x!.groups.flat());
    const laid = axes.every((axis) => held.has(axis) || !padded(axis))
      ? split(emitter, x!, (axis) => (padded(axis) ? axis : -1))
      : plain(emitter, canonical(emitter, x!), x!.dtype, x!.shape);
    // Axes of size 1 that grow need a dimension of their own.
    const ones = axes.filter((axis) => padded(axis) && x!.shape[axis] === 1);
    const groups = [...ones.map((axis) => [axis]), ...laid.groups];
    let result = emitter.reshape(laid.value, [...ones.map(() => 1), ...laid.value.shape]);
    groups.forEach(([axis], i) => {
      if (interior[axis!] !== 0) result = interleave(emitter, result, i, interior[axis!]!, value);
    });
    const by = (amounts: readonly number[]) => groups.map(([axis]) => (padded(axis!) ? amounts[axis!]! : 0));
    result = pad(emitter, result, by(low), by(high), value);
    return grouped(emitter, result, x!.dtype, type.shape, groups);
  },

  concatenate: (emitter, inputs, { dimension }, type) => {
    const values = inputs.filter((x) => x.shape[dimension] !== 0);
    if (values.length === 0) return inputs[0]!;
    const [first] = values;
    if (values.length === 1) return first!;
    // All in the layout of the largest, the joined axis by itself.
    const largest = values.reduce((best, x) => (count(x.value.shape) > count(best.value.shape) ? x : best));
    const order = [...largest.groups.flat()];
    const rest = type.shape.map((_, axis) => axis).filter((axis) => !order.includes(axis));
    for (const axis of rest) {
      const at = order.findIndex((other) => other > axis);
      order.splice(at === -1 ? order.length : at, 0, axis);
    }
    const groups: number[][] = [];
    for (const axis of order) {
      const last = groups.at(-1);
      if (last !== undefined && axis !== dimension && !last.includes(dimension)) last.push(axis);
      else groups.push([axis]);
    }
    const at = groups.findIndex((group) => group.includes(dimension));
    const parts = values.map((x) => arrange(emitter, x, groups));
    const dims = groups.map((group) => group.reduce((n, axis) => n * type.shape[axis]!, 1));
    const value = emitter.emit("Concat", parts, parts[0]!.type, dims, { axis: { int: at } });
    return grouped(emitter, value, first!.dtype, type.shape, groups);
  },
} as const satisfies Rules<Structure>;

/** `amount` copies of `value` between neighbours along a dimension: [n] -> [n, 1] -> [n, 1 + amount] -> all but the last `amount`. */
function interleave(emitter: Emitter, x: OnnxValue, dim: number, amount: number, value: number): OnnxValue {
  const n = x.shape[dim]!;
  if (n <= 1) return x;
  const [before, after] = [x.shape.slice(0, dim), x.shape.slice(dim + 1)];
  const split = emitter.reshape(x, [...before, n, 1, ...after]);
  const none = split.shape.map(() => 0);
  const padded = pad(emitter, split, none, none.with(dim + 1, amount), value);
  const merged = emitter.reshape(padded, [...before, n * (amount + 1), ...after]);
  return pad(emitter, merged, none.slice(1), none.slice(1).with(dim, -amount), value);
}

/** Negative amounts crop. */
export function pad(
  emitter: Emitter,
  x: OnnxValue,
  low: readonly number[],
  high: readonly number[],
  value: number,
): OnnxValue {
  const shape = x.shape.map((d, i) => d + low[i]! + high[i]!);
  if (sameShape(shape, x.shape) && low.every((d) => d === 0)) return x;
  const type = x.type === "i64" ? "i32" : x.type;
  return emitter.emit("Pad", [x, emitter.ints([...low, ...high]), emitter.scalar(type, value)], x.type, shape);
}
