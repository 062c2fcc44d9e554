import type { Ops, Value } from "../ir/graph.ts";
import { broadcastTo, scalar } from "../ir/operations.ts";
import type { TensorType } from "../shape/tensor.ts";

/** 0, 1, …, n - 1 */
export const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** The axes of an array of this rank that are not named. */
export const otherAxes = (rank: number, axes: readonly number[]): readonly number[] =>
  range(rank).filter((axis) => !axes.includes(axis));

/** An array of one number: a scalar constant, broadcast. */
export const splat = (ops: Ops<Value>, number: number, { dtype, shape }: TensorType): Value =>
  broadcastTo(ops, scalar(ops, dtype, number), shape);
