import { sameShape, sizeOf } from "../../shape/tensor.ts";
import { LoweringError } from "../error.ts";
import { reshape } from "../reshape.ts";
import { arrange, canonical, grouped, plain, split } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import type { Rules } from "./rule.ts";

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

export const structure = {
  constant: (e, _, { value }) => {
    const { dtype, shape, data } = value;
    // One repeated number broadcasts.
    const single = data.length > 1 && data.every((x) => Object.is(x, data[0]));
    if (!single) return plain(e, e.constant(dtype, shape, data), dtype, shape);
    return { value: e.scalar(dtype, data[0]!), dtype, shape, groups: [] };
  },

  iota: (e, _, { shape, axis, dtype }) => {
    const count = Int32Array.from({ length: shape[axis]! }, (_, i) => i);
    const data = dtype === "f32" ? Float32Array.from(count) : dtype === "f64" ? Float64Array.from(count) : count;
    return grouped(e, e.constant(dtype, [count.length], data), dtype, shape, [[axis]]);
  },

  random_bits: () => {
    throw new LoweringError("random numbers are drawn outside the engine", "lift `random_bits` out of the graph first");
  },

  broadcast_in_dim: (_, [x], { shape, dimensions }) => ({
    ...x!,
    shape,
    groups: x!.groups.map((group) => group.map((axis) => dimensions[axis]!)),
  }),

  reshape: (e, [x], { shape }) => reshape(e, x!, shape),

  transpose: (_, [x], { permutation }) => ({
    ...x!,
    shape: permutation.map((p) => x!.shape[p]!),
    groups: x!.groups.map((group) => group.map((axis) => permutation.indexOf(axis))),
  }),

  reverse: (e, [x], { dimensions }) => {
    const cut = split(e, x!, (axis) => (dimensions.includes(axis) ? axis : -1));
    const places = cut.groups.flatMap(([axis], i) => (dimensions.includes(axis!) ? [i] : []));
    if (places.length === 0) return cut;
    return { ...cut, value: e.emit("ReverseV2", [cut.value, e.ints(places)], cut.value.type, cut.value.shape) };
  },

  slice: (e, [x], { start, limit, strides }, type) => {
    const changed = (axis: number) => start[axis] !== 0 || limit[axis] !== x!.shape[axis] || strides[axis] !== 1;
    const cut = split(e, x!, (axis) => (changed(axis) ? axis : -1));
    if (!cut.groups.some(([axis]) => changed(axis!))) return { ...cut, shape: type.shape };
    const from = cut.groups.map(([axis]) => (changed(axis!) ? start[axis!]! : 0));
    const to = cut.groups.map(([axis], i) => (changed(axis!) ? limit[axis!]! : cut.value.shape[i]!));
    const by = cut.groups.map(([axis]) => (changed(axis!) ? strides[axis!]! : 1));
    return grouped(e, stridedSlice(e, cut.value, from, to, by), cut.dtype, type.shape, cut.groups);
  },

  pad: (e, [x], { low, high, interior, value }, type) => {
    const padded = (axis: number) => low[axis] !== 0 || high[axis] !== 0 || interior[axis] !== 0;
    // A padded axis must be laid out; one that is not padded may stay a broadcast when the rest may.
    const axes = x!.shape.map((_, axis) => axis);
    const held = new Set(x!.groups.flat());
    const laid = axes.every((axis) => held.has(axis) || !padded(axis))
      ? split(e, x!, (axis) => (padded(axis) ? axis : -1))
      : plain(e, canonical(e, x!), x!.dtype, x!.shape);
    // Axes of size 1 that grow need a dimension of their own.
    const ones = axes.filter((axis) => padded(axis) && x!.shape[axis] === 1);
    const groups = [...ones.map((axis) => [axis]), ...laid.groups];
    let result = e.reshape(laid.value, [...ones.map(() => 1), ...laid.value.shape]);
    groups.forEach(([axis], i) => {
      if (interior[axis!] !== 0) result = interleave(e, result, i, interior[axis!]!, value);
    });
    const by = (amounts: readonly number[]) => groups.map(([axis]) => (padded(axis!) ? amounts[axis!]! : 0));
    result = pad(e, result, by(low), by(high), value);
    return grouped(e, result, x!.dtype, type.shape, groups);
  },

  concatenate: (e, inputs, { dimension }, type) => {
    const values = inputs.filter((x) => x.shape[dimension] !== 0);
    const [first] = values;
    if (first === undefined) return inputs[0]!;
    if (values.length === 1) return first;
    // All in the layout of the largest, the joined axis by itself.
    const largest = values.reduce((best, x) => (sizeOf(x.value.shape) > sizeOf(best.value.shape) ? x : best));
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
    const parts = values.map((x) => arrange(e, x, groups));
    return grouped(e, concat(e, parts, at), first.dtype, type.shape, groups);
  },
} as const satisfies Rules<Structure>;

export function concat(e: Emitter, parts: readonly TfValue[], axis: number): TfValue {
  const [first] = parts;
  const shape = first!.shape.with(
    axis,
    parts.reduce((n, part) => n + part.shape[axis]!, 0),
  );
  return e.emit("ConcatV2", [...parts, e.int(axis)], first!.type, shape, { N: { int: parts.length } });
}

export function stridedSlice(
  e: Emitter,
  x: TfValue,
  from: readonly number[],
  to: readonly number[],
  by: readonly number[] = x.shape.map(() => 1),
): TfValue {
  const shape = x.shape.map((_, i) => Math.ceil((to[i]! - from[i]!) / by[i]!));
  if (sameShape(shape, x.shape)) return x;
  return e.emit("StridedSlice", [x, e.ints(from), e.ints(to), e.ints(by)], x.type, shape, { Index: { type: "i32" } });
}

/** `amount` copies of `value` between neighbours along a dimension: [n] -> [n, 1] -> [n, 1 + amount] -> all but the last `amount`. */
function interleave(e: Emitter, x: TfValue, dim: number, amount: number, value: number): TfValue {
  const n = x.shape[dim]!;
  if (n <= 1) return x;
  const [before, after] = [x.shape.slice(0, dim), x.shape.slice(dim + 1)];
  const apart = e.reshape(x, [...before, n, 1, ...after]);
  const none = apart.shape.map(() => 0);
  const padded = pad(e, apart, none, none.with(dim + 1, amount), value);
  const merged = e.reshape(padded, [...before, n * (amount + 1), ...after]);
  const kept = merged.shape.with(dim, merged.shape[dim]! - amount);
  return stridedSlice(
    e,
    merged,
    kept.map(() => 0),
    kept,
  );
}

/** Elements of `value` around. */
export function pad(e: Emitter, x: TfValue, low: readonly number[], high: readonly number[], value: number): TfValue {
  const shape = x.shape.map((d, i) => d + low[i]! + high[i]!);
  if (sameShape(shape, x.shape)) return x;
  const amounts = e.reshape(e.ints(low.flatMap((l, i) => [l, high[i]!])), [low.length, 2]);
  if (value === 0) return e.emit("Pad", [x, amounts], x.type, shape);
  return e.emit("PadV2", [x, amounts, e.scalar(x.type as "f32", value)], x.type, shape);
}
