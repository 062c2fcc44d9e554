import type { DType } from "../../shape/dtype.ts";
import { sameShape } from "../../shape/tensor.ts";
import { Arithmetic } from "./elementwise.ts";
import { count, type Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import type { Rules } from "./rule.ts";
import { arrange, grouped, plain, split, type View } from "./view.ts";

/** Operations along axes: reductions, scans and orders. */
export type Reductions = "reduce_sum" | "reduce_max" | "argmax" | "cumulative_sum" | "sort" | "argsort" | "batch_mean";

export const reductions = {
  // Over a broadcast axis of n: n times the value.
  reduce_sum: (emitter, [x], { dimensions }, type) => {
    const held = new Set(x!.groups.flat());
    const times = dimensions.reduce((n, axis) => (held.has(axis) ? n : n * x!.shape[axis]!), 1);
    const sum = reduce(emitter, x!, dimensions, "ReduceSum", type.shape);
    if (times === 1) return sum;
    return { ...sum, value: new Arithmetic(emitter).binary("Mul", sum.value, times) };
  },

  reduce_max: (emitter, [x], { dimensions }, type) => reduce(emitter, x!, dimensions, "ReduceMax", type.shape),

  argmax: (emitter, [x], { dimension }, type) => {
    const { value, dims, groups, at } = lines(emitter, x!, dimension);
    const index = emitter.emit(
      "ArgMax",
      [value],
      "i64",
      dims.filter((_, i) => i !== at),
      { axis: { int: at }, keepdims: { int: 0 } },
    );
    return plainRest(emitter, emitter.cast(index, "i32"), "i32", type.shape, groups, dimension);
  },

  cumulative_sum: (emitter, [x], { dimension, reverse }) => {
    const { value, dims, groups, at } = lines(emitter, x!, dimension);
    const axis = emitter.constant("i64", [], BigInt64Array.of(BigInt(at)));
    const sum = emitter.emit("CumSum", [value, axis], value.type, dims, { reverse: { int: reverse ? 1 : 0 } });
    return grouped(emitter, sum, x!.dtype, x!.shape, groups);
  },

  sort: (emitter, [x], { dimension }) => {
    const { sorted, groups } = order(emitter, x!, dimension);
    return grouped(emitter, sorted!, x!.dtype, x!.shape, groups);
  },

  argsort: (emitter, [x], { dimension }) => {
    const { indices, groups } = order(emitter, x!, dimension);
    return grouped(emitter, emitter.cast(indices!, "i32"), "i32", x!.shape, groups);
  },

  // Only `vmap` knows the batch; a graph that still has it averages one example.
  batch_mean: (_, [x]) => x!,
} as const satisfies Rules<Reductions>;

function reduce(
  emitter: Emitter,
  x: View,
  dimensions: readonly number[],
  op: "ReduceSum" | "ReduceMax",
  shape: readonly number[],
): View {
  const gone = new Set(dimensions);
  // Runs of dimensions apart: one run after the other, the first first, since the engine is slow with several and fast with long rows.
  const runs = split(emitter, x, (axis) => gone.has(axis)).groups.filter((group) => gone.has(group[0]!));
  if (runs.length > 1) {
    const [first] = runs as [readonly number[], ...(readonly number[])[]];
    const kept = x.shape.flatMap((d, axis) => (first.includes(axis) ? [] : [[axis, d] as const]));
    const rest = dimensions.filter((axis) => !first.includes(axis));
    const part = reduce(
      emitter,
      x,
      first,
      op,
      kept.map(([, d]) => d),
    );
    return reduce(
      emitter,
      part,
      rest.map((axis) => kept.findIndex(([old]) => old === axis)),
      op,
      shape,
    );
  }
  const renamed = new Map<number, number>();
  for (const [axis] of x.shape.entries()) if (!gone.has(axis)) renamed.set(axis, renamed.size);
  const cut = split(emitter, x, (axis) => gone.has(axis));
  const places = cut.groups.flatMap((group, i) => (gone.has(group[0]!) ? [i] : []));
  const groups = cut.groups
    .filter((group) => !gone.has(group[0]!))
    .map((group) => group.map((axis) => renamed.get(axis)!));
  const dims = cut.value.shape.filter((_, i) => !places.includes(i));
  const leading = places.length > 0 && places.every((place, i) => place === i);
  const value =
    places.length === 0
      ? cut.value
      : op === "ReduceSum" && leading && dims.length > 0
        ? sumRows(emitter, cut.value, places.length)
        : emitter.emit(op, [cut.value, emitter.ints(places)], cut.value.type, dims, { keepdims: { int: 0 } });
  return { value, dtype: x.dtype, shape, groups };
}

/** What the engine adds well at once. */
const WIDE = 2048;

/**
 * The sum over the first dimensions. Where few elements are left of many, long rows of several are added first: the engine adds rows elementwise,
 * and a row of eight costs it as much as one of a hundred.
 */
function sumRows(emitter: Emitter, x: OnnxValue, dimensions: number): OnnxValue {
  const rows = count(x.shape.slice(0, dimensions));
  const rest = x.shape.slice(dimensions);
  const width = count(rest);
  const sum = (value: OnnxValue, shape: readonly number[]) =>
    emitter.emit("ReduceSum", [value, emitter.ints([0])], x.type, shape, { keepdims: { int: 0 } });
  let several = Math.max(1, Math.min(rows, Math.floor(WIDE / width)));
  while (rows % several !== 0) several--;
  if (several === 1 || rows * width < 8 * WIDE) return sum(emitter.reshape(x, [rows, ...rest]), rest);
  const wide = sum(emitter.reshape(x, [rows / several, several * width]), [several * width]);
  return sum(emitter.reshape(wide, [several, ...rest]), rest);
}

/** The elements with one dimension for `dimension` and others for what lies before and after it. */
function lines(emitter: Emitter, x: View, dimension: number) {
  const axes = x.shape.map((_, axis) => axis);
  const all = [axes.slice(0, dimension), [dimension], axes.slice(dimension + 1)];
  const groups = all.filter((group) => group.length > 0);
  const value = arrange(emitter, x, groups);
  return { value, dims: value.shape, groups, at: groups.findIndex(([axis]) => axis === dimension) };
}

/** TopK of all: ONNX breaks ties by the lower index, so it sorts stably. */
function order(emitter: Emitter, x: View, dimension: number) {
  const { value, dims, groups, at } = lines(emitter, x, dimension);
  const [sorted, indices] = emitter.emitMany(
    "TopK",
    [value, emitter.ints([x.shape[dimension]!])],
    [value.type, "i64"],
    dims,
    { axis: { int: at }, largest: { int: 0 }, sorted: { int: 1 } },
  );
  return { sorted, indices, groups };
}

const plainRest = (
  emitter: Emitter,
  value: ReturnType<Emitter["reshape"]>,
  dtype: DType,
  shape: readonly number[],
  groups: readonly (readonly number[])[],
  dimension: number,
): View =>
  sameShape(value.shape, shape)
    ? plain(emitter, value, dtype, shape)
    : grouped(
        emitter,
        value,
        dtype,
        shape,
        groups.filter(([axis]) => axis !== dimension).map((group) => group.map((a) => (a > dimension ? a - 1 : a))),
      );
