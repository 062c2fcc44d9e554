import type { Ops, Value } from "../ir/graph.ts";
import { type TensorType, tensor } from "../shape/tensor.ts";

// Elementwise shorthand that the rules of all transformations are written in.

/** An array of one number: a scalar constant, broadcast. */
export function splat(ops: Ops<Value>, number: number, { dtype, shape }: TensorType): Value {
  const scalar = ops.apply("constant", [], { value: tensor(dtype, [], [number]) });
  return shape.length === 0 ? scalar : ops.apply("broadcast_in_dim", [scalar], { shape, dimensions: [] });
}

/** The same number everywhere an array like `value` has an element. */
export const splatLike = (ops: Ops<Value>, number: number, value: Value): Value =>
  splat(ops, number, ops.typeOf(value));

export const add = (ops: Ops<Value>, x: Value, y: Value): Value => ops.apply("add", [x, y], {});
export const subtract = (ops: Ops<Value>, x: Value, y: Value): Value => ops.apply("subtract", [x, y], {});
export const multiply = (ops: Ops<Value>, x: Value, y: Value): Value => ops.apply("multiply", [x, y], {});
export const divide = (ops: Ops<Value>, x: Value, y: Value): Value => ops.apply("divide", [x, y], {});
export const negate = (ops: Ops<Value>, x: Value): Value => ops.apply("negate", [x], {});

/** number * x */
export const scale = (ops: Ops<Value>, number: number, x: Value): Value => multiply(ops, splatLike(ops, number, x), x);

/** Transposed, unless that changes nothing. */
export const permute = (ops: Ops<Value>, x: Value, permutation: readonly number[]): Value =>
  permutation.every((axis, i) => axis === i) ? x : ops.apply("transpose", [x], { permutation });

/** Reshaped, unless that changes nothing. */
export function reshape(ops: Ops<Value>, x: Value, shape: readonly number[]): Value {
  return sameShape(ops.typeOf(x).shape, shape) ? x : ops.apply("reshape", [x], { shape });
}

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** 0, 1, …, n - 1 */
export const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** The axes of an array of this rank that are not named. */
export const otherAxes = (rank: number, axes: readonly number[]): readonly number[] =>
  range(rank).filter((axis) => !axes.includes(axis));
