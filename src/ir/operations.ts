import type { DType } from "../shape/dtype.ts";
import { constantOf } from "./constant.ts";
import type { Ops, Sizes } from "./graph.ts";
import { refuse, type ShapeMismatch } from "./mismatch.ts";
import type { Empty, Padding, Prim, Prims } from "./primitives.ts";

// Written once over whoever interprets operations: in a graph D is number, in the checker an axis. Axes given here count from 0 unless said otherwise.

type Op = ShapeMismatch["op"];

/** A constant of no axes. */
export const scalar = <V, D, W = Padding>(ops: Ops<V, D, W>, dtype: DType, value: number): V =>
  ops.apply("constant", [], constantOf(dtype, [], [value]));

/** `value` in the dtype of `x`, without axes. */
export const scalarLike = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, value: number): V =>
  scalar(ops, ops.typeOf(x).dtype, value);

/** `value` in the dtype and shape of `x`. */
export const fullLike = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, value: number): V =>
  broadcastTo(ops, scalarLike(ops, x, value), ops.typeOf(x).shape);

/** NumPy's broadcast_to: axes are aligned at the end. */
export function broadcastTo<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, shape: readonly D[]): V {
  const own = ops.typeOf(x).shape;
  if (own.length === shape.length && own.every((d, i) => ops.sizes.equal(d, shape[i]!))) return x;
  if (own.length > shape.length)
    return refuse("broadcast_in_dim", {
      kind: "parameter",
      name: "shape",
      message: `${shape.length} axes are fewer than the operand's ${own.length}`,
    });
  const dimensions = own.map((_, i) => shape.length - own.length + i);
  return ops.apply("broadcast_in_dim", [x], { shape, dimensions });
}

/** Values brought to their common shape by NumPy's rule. */
export function broadcastTogether<V, D, W = Padding>(ops: Ops<V, D, W>, values: readonly V[]): readonly V[] {
  const shape = values.reduce<readonly D[]>((common, v) => ops.sizes.broadcast(common, ops.typeOf(v).shape), []);
  return values.map((v) => broadcastTo(ops, v, shape));
}

/** The operations of two operands without parameters. */
export type BinaryPrim =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "power"
  | "remainder"
  | "and"
  | "or";

const broadcasting =
  (op: BinaryPrim) =>
  <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, y: V): V => {
    const params: Empty = {};
    return ops.apply(op, broadcastTogether(ops, [x, y]), params);
  };

export const add = broadcasting("add");
export const subtract = broadcasting("subtract");
export const multiply = broadcasting("multiply");
export const divide = broadcasting("divide");
export const maximum = broadcasting("maximum");
export const minimum = broadcasting("minimum");
export const power = broadcasting("power");
export const remainder = broadcasting("remainder");
export const and = broadcasting("and");
export const or = broadcasting("or");

export const compare = <V, D, W = Padding>(
  ops: Ops<V, D, W>,
  direction: Prims["compare"]["direction"],
  x: V,
  y: V,
): V => ops.apply("compare", broadcastTogether(ops, [x, y]), { direction });

/** pred ? yes : no, all broadcast together. */
export const select = <V, D, W = Padding>(ops: Ops<V, D, W>, pred: V, yes: V, no: V): V =>
  ops.apply("select", broadcastTogether(ops, [pred, yes, no]), {});

/** The operations of one operand without parameters. */
export type UnaryPrim = { [P in Prim]: Empty extends Prims[P] ? P : never }[Exclude<Prim, BinaryPrim | "select">];

export const unary = <V, D, W = Padding>(ops: Ops<V, D, W>, op: UnaryPrim, x: V): V =>
  ops.apply<UnaryPrim>(op, [x], {});

export const negate = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V): V => unary(ops, "negate", x);
export const exponential = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V): V => unary(ops, "exponential", x);
export const log = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V): V => unary(ops, "log", x);
export const stopGradient = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V): V => unary(ops, "stop_gradient", x);
export const square = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V): V => ops.apply("multiply", [x, x], {});
/** k x for a number k. */
export const scale = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, k: number): V =>
  multiply(ops, x, scalarLike(ops, x, k));

export const convert = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, dtype: DType): V =>
  ops.typeOf(x).dtype === dtype ? x : ops.apply("convert", [x], { dtype });

export const reshape = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, shape: readonly D[]): V => {
  const own = ops.typeOf(x).shape;
  const same = own.length === shape.length && own.every((d, i) => ops.sizes.equal(d, shape[i]!));
  return same ? x : ops.apply("reshape", [x], { shape });
};

export const transpose = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, permutation: readonly number[]): V =>
  permutation.every((p, i) => p === i) && permutation.length === ops.typeOf(x).shape.length
    ? x
    : ops.apply("transpose", [x], { permutation });

/** The place of an axis that may count from the end (-1 is the last). An axis on the far side of a spread has no known place: ShapeError. */
export function resolveAxis<D>(sizes: Sizes<D>, op: Op, shape: readonly D[], axis: number): number {
  const place = axis < 0 ? shape.length + axis : axis;
  const between = axis < 0 ? shape.slice(Math.max(place, 0)) : shape.slice(0, place + 1);
  if (!Number.isInteger(place) || place < 0 || place >= shape.length || between.some(sizes.isSpread))
    return refuse(op, { kind: "no_axis", operand: 0, axis, shape: shape.map(sizes.axis) });
  return place;
}

/** All places of a shape. */
export const allAxes = (shape: readonly unknown[]): readonly number[] => shape.map((_, i) => i);

type Reduction = "reduce_sum" | "reduce_max";

/** Over `dimensions`, all unless given; `keep` leaves axes of size 1. */
const reduction =
  (op: Reduction) =>
  <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, dimensions?: readonly number[], keep = false): V => {
    const { shape } = ops.typeOf(x);
    const axes = dimensions ?? allAxes(shape);
    const reduced = axes.length === 0 ? x : ops.apply(op, [x], { dimensions: axes });
    if (!keep) return reduced;
    const spread = axes.find((axis) => ops.sizes.isSpread(shape[axis]!));
    if (spread !== undefined)
      return refuse(op, { kind: "no_axis", operand: 0, axis: spread, shape: shape.map(ops.sizes.axis) });
    return reshape(
      ops,
      reduced,
      shape.map((d, i) => (axes.includes(i) ? ops.sizes.of(1) : d)),
    );
  };

export const reduceSum = reduction("reduce_sum");
export const reduceMax = reduction("reduce_max");
/** -max(-x) */
export const reduceMin: typeof reduceMax = (ops, x, dimensions, keep) =>
  negate(ops, reduceMax(ops, negate(ops, x), dimensions, keep));

/** The sum divided by the number of elements summed. In the checker, where that number may be unknown, only the type counts. */
export function reduceMean<V, D, W = Padding>(
  ops: Ops<V, D, W>,
  x: V,
  dimensions?: readonly number[],
  keep = false,
): V {
  const { shape } = ops.typeOf(x);
  const count = ops.sizes.product((dimensions ?? allAxes(shape)).map((axis) => shape[axis]!));
  const sum = reduceSum(ops, x, dimensions, keep);
  return divide(ops, sum, scalarLike(ops, sum, ops.sizes.known(count) ?? 1));
}

/** log sum e^x over one axis, m + log sum e^(x - m) with m = max x, or 0 where that is infinite, kept out of the derivative. */
export function logSumExp<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, axis: number, keep = false): V {
  const most = stopGradient(ops, reduceMax(ops, x, [axis], true));
  const largest = select(ops, unary(ops, "is_finite", most), most, scalarLike(ops, most, 0));
  const sum = reduceSum(ops, exponential(ops, subtract(ops, x, largest)), [axis], true);
  const result = add(ops, log(ops, sum), largest);
  return keep
    ? result
    : reshape(
        ops,
        result,
        ops.typeOf(x).shape.filter((_, i) => i !== axis),
      );
}

/** x - log sum e^x over one axis, as (x - m) - log sum e^(x - m). */
export function logSoftmax<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, axis: number): V {
  const shifted = subtract(ops, x, stopGradient(ops, reduceMax(ops, x, [axis], true)));
  return subtract(ops, shifted, log(ops, reduceSum(ops, exponential(ops, shifted), [axis], true)));
}

/** Sum over the last axis of x and the first of y: NumPy's tensordot with one axis. */
export function dot<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, y: V): V {
  const last = ops.typeOf(x).shape.length - 1;
  return contract(ops, x, y, [last], [0]);
}

/** dot_general without batch axes. */
export const contract = <V, D, W = Padding>(
  ops: Ops<V, D, W>,
  x: V,
  y: V,
  left: readonly number[],
  right: readonly number[],
): V =>
  ops.apply("dot_general", [x, y], {
    lhs_batch: [],
    rhs_batch: [],
    lhs_contracting: left,
    rhs_contracting: right,
  });

/** Python's `@`: the last axis of x with the second last of y (its only one), the axes before broadcast. */
export function matmul<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, y: V): V {
  const left = ops.typeOf(x).shape;
  const right = ops.typeOf(y).shape;
  for (const [operand, shape] of [left, right].entries())
    if (shape.length === 0)
      return refuse("dot_general", { kind: "rank", operand, wanted: "at least one axis", got: [] });
  const contracted = Math.max(right.length - 2, 0);
  if (right.length <= 2 || left.length === 1) return contract(ops, x, y, [left.length - 1], [contracted]);
  const batch = ops.sizes.broadcast(left.slice(0, -2), right.slice(0, -2));
  const axes = allAxes(batch);
  const whole = (v: V, shape: readonly D[]) => broadcastTo(ops, v, [...batch, ...shape.slice(-2)]);
  return ops.apply("dot_general", [whole(x, left), whole(y, right)], {
    lhs_batch: axes,
    rhs_batch: axes,
    lhs_contracting: [batch.length + 1],
    rhs_contracting: [batch.length],
  });
}

/** sum x y over everything. */
export const innerProduct = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, y: V): V => {
  const axes = allAxes(ops.typeOf(x).shape);
  return contract(ops, x, y, axes, axes);
};

/** indices [at…] -> [at…, size]: 1 where the last axis is the index, else 0. */
export function oneHot<V, D, W = Padding>(ops: Ops<V, D, W>, indices: V, size: D, dtype: DType): V {
  const { shape } = ops.typeOf(indices);
  const places = ops.apply("iota", [], { shape: [size], axis: 0, dtype: "i32" });
  const column = ops.apply("reshape", [indices], { shape: [...shape, ops.sizes.of(1)] });
  return convert(ops, compare(ops, "EQ", column, places), dtype);
}

/** x [batch…, n, post…], indices [batch…] along `axis` = number of batch axes -> [batch…, post…]: one element of each line. */
export const takeAlongAxis = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, indices: V, axis: number): V =>
  ops.apply("gather", [x, indices], { axis, batch_dims: axis });

/** The `k` largest along an axis, the largest first; NaN counts as largest. */
export const topK = <V, D, W = Padding>(ops: Ops<V, D, W>, x: V, axis: number, k: D): V =>
  lastOnes(ops, ops.apply("sort", [x], { dimension: axis }), axis, k);

/** Where they stand, i32: of equal ones the first comes first, so the array is sorted backwards and its places are counted from the end. */
export function argTopK<V, D, W = Padding>(ops: Ops<V, D, W>, x: V, axis: number, k: D): V {
  const backwards = ops.apply("reverse", [x], { dimensions: [axis] });
  const order = lastOnes(ops, ops.apply("argsort", [backwards], { dimension: axis }), axis, k);
  return subtract(ops, lastPlace(ops, x, axis), order);
}

/** The last `k` along an axis, the last one first. */
function lastOnes<V, D, W>(ops: Ops<V, D, W>, sorted: V, axis: number, k: D): V {
  const size = ops.sizes.known(ops.typeOf(sorted).shape[axis]!);
  const wanted = ops.sizes.known(k);
  if (wanted !== undefined && (wanted < 0 || (size !== undefined && wanted > size)))
    return refuse("sort", {
      kind: "parameter",
      name: "k",
      message:
        wanted < 0
          ? `${wanted} is no number of elements`
          : `asks for ${wanted} of the ${size} elements along axis ${axis}`,
    });
  const places = ops.apply("iota", [], { shape: [k], axis: 0, dtype: "i32" });
  return ops.apply("gather", [sorted, subtract(ops, lastPlace(ops, sorted, axis), places)], { axis, batch_dims: 0 });
}

/** n - 1 for an axis of n, i32. */
const lastPlace = <V, D, W>(ops: Ops<V, D, W>, x: V, axis: number): V =>
  reduceMax(ops, ops.apply("iota", [], { shape: [ops.typeOf(x).shape[axis]!], axis: 0, dtype: "i32" }));
