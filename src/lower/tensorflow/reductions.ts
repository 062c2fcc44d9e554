import type { DType } from "../../shape/dtype.ts";
import { sizeOf } from "../../shape/tensor.ts";
import { arrange, grouped, split } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import { product } from "./products.ts";
import type { Rules, View } from "./rule.ts";

/** Operations along axes: reductions, scans and orders. */
export type Reductions = "reduce_sum" | "reduce_max" | "argmax" | "cumulative_sum" | "sort" | "argsort" | "batch_mean";

export const reductions = {
  // Over a broadcast axis of n: n times the value.
  reduce_sum: (e, [x], { dimensions }, type) => {
    const held = new Set(x!.groups.flat());
    const times = dimensions.reduce((n, axis) => (held.has(axis) ? n : n * x!.shape[axis]!), 1);
    const sum = reduce(e, x!, dimensions, "Sum", type.shape);
    return times === 1 ? sum : { ...sum, value: e.binary("Mul", sum.value, times) };
  },

  reduce_max: (e, [x], { dimensions }, type) => reduce(e, x!, dimensions, "Max", type.shape),

  argmax: (e, [x], { dimension }, type) => {
    const { value, groups, at } = lines(e, x!, dimension);
    // The first NaN counts as largest.
    const float = value.type === "f32" || value.type === "f64";
    const infinity = Number.POSITIVE_INFINITY;
    const ordered = float ? e.where(e.test("Equal", value, value), value, infinity) : value;
    const dims = value.shape.filter((_, i) => i !== at);
    const index = e.emit("ArgMax", [ordered, e.int(at)], "i32", dims, { output_type: { type: "i32" } });
    const rest = groups
      .filter((_, i) => i !== at)
      .map((group) => group.map((axis) => (axis > dimension ? axis - 1 : axis)));
    return grouped(e, index, "i32", type.shape, rest);
  },

  cumulative_sum: (e, [x], { dimension, reverse }) => {
    const { value, groups, at } = lines(e, x!, dimension);
    const sum = e.emit("Cumsum", [value, e.int(at)], value.type, value.shape, { reverse: { bool: reverse } });
    return grouped(e, sum, x!.dtype, x!.shape, groups);
  },

  sort: (e, [x], { dimension }) => {
    const { value, indices, groups } = order(e, x!, dimension);
    const sorted = e.emit("GatherV2", [value, indices, e.int(1)], value.type, value.shape, {
      Tparams: { type: value.type },
      Tindices: { type: "i32" },
      Taxis: { type: "i32" },
      batch_dims: { int: 1 },
    });
    return grouped(e, sorted, x!.dtype, x!.shape, groups);
  },

  argsort: (e, [x], { dimension }) => {
    const { indices, groups } = order(e, x!, dimension);
    return grouped(e, indices, "i32", x!.shape, groups);
  },

  // Only `vmap` knows the batch; a graph that still has it averages one example.
  batch_mean: (_, [x]) => x!,
} as const satisfies Rules<Reductions>;

function reduce(e: Emitter, x: View, dimensions: readonly number[], op: "Sum" | "Max", shape: readonly number[]): View {
  const gone = new Set(dimensions);
  const renamed = new Map<number, number>();
  for (const [axis] of x.shape.entries()) if (!gone.has(axis)) renamed.set(axis, renamed.size);
  const cut = split(e, x, (axis) => gone.has(axis));
  const places = cut.groups.flatMap((group, i) => (gone.has(group[0]!) ? [i] : []));
  const groups = cut.groups
    .filter((group) => !gone.has(group[0]!))
    .map((group) => group.map((axis) => renamed.get(axis)!));
  // Runs of neighbours one after the other, the innermost first: of several at once the engine transposes.
  const value = runsOf(places).reduceRight((sum, run) => reduceRun(e, op, sum, run), cut.value);
  return { value, dtype: x.dtype, shape, groups };
}

/** Rows and columns from which a product with ones adds up faster than the engine's sum on processors: a third to a half less time. GPUs round factors. */
const ROWS = 1024;
const COLUMNS = 64;

/** One run of dimensions. */
function reduceRun(e: Emitter, op: "Sum" | "Max", value: TfValue, run: readonly number[]): TfValue {
  const { shape, type } = value;
  const rest = shape.slice(run.length);
  const [rows, columns] = [sizeOf(shape.slice(0, run.length)), sizeOf(rest)];
  const sums = op === "Sum" && type === "f32" && run[0] === 0 && rows >= ROWS && columns >= COLUMNS;
  if (!e.processor || !sums) return e.reduce(op, value, run);
  const ones = e.constant("f32", [1, rows], new Float32Array(rows).fill(1));
  return e.reshape(product(e, ones, e.reshape(value, [rows, columns])), rest);
}

const runsOf = (places: readonly number[]): readonly (readonly number[])[] => {
  const runs: number[][] = [];
  for (const place of places) {
    if (runs.at(-1)?.at(-1) === place - 1) runs.at(-1)!.push(place);
    else runs.push([place]);
  }
  return runs;
};

/** The elements with one dimension for `dimension` and others for what lies before and after it. */
function lines(e: Emitter, x: View, dimension: number) {
  const axes = x.shape.map((_, axis) => axis);
  const all = [axes.slice(0, dimension), [dimension], axes.slice(dimension + 1)];
  const groups = all.filter((group) => group.length > 0);
  return { value: arrange(e, x, groups), groups, at: groups.findIndex(([axis]) => axis === dimension) };
}

/** Rows of the dimension and the order of each: the largest of the negatives, all of them. Of equal elements the first comes first. NaN is last. */
function order(e: Emitter, x: View, dimension: number) {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== dimension);
  const groups = [rest, [dimension]];
  const value = arrange(e, x, groups);
  const [, indices] = e.emitMany(
    "TopKV2",
    [descending(e, value), e.int(x.shape[dimension]!)],
    [
      { type: value.type, shape: value.shape },
      { type: "i32", shape: value.shape },
    ],
    { sorted: { bool: true } },
  );
  return { value, indices: indices!, groups };
}

/** What decreases as x increases; -x would overflow for the least integer. */
function descending(e: Emitter, x: TfValue): TfValue {
  const dtype = x.type as DType;
  if (dtype === "bool") return e.unary("Neg", e.cast(x, "i32"));
  if (dtype === "i32") return e.unary("Invert", x);
  return e.where(e.test("Equal", x, x), e.unary("Neg", x), Number.NEGATIVE_INFINITY);
}
