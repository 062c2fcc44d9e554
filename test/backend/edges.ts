import { define } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Prim, Prims } from "../../src/ir/primitives.ts";
import type { DType } from "../../src/shape/dtype.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";

/** Operations where engines differ: ends of a type's range, signs of zero, what is not a number. */
export interface Edge {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
  /** What may be off by this much besides the tolerance: the engine's logistic is a rational approximation. */
  readonly absolute?: number;
}

type Plain = {
  [P in Prim]: Readonly<Record<never, never>> extends Prims[P] ? P : never;
}[Prim];

function elementwise(op: Plain, dtype: DType, ...operands: readonly (readonly number[])[]): Edge {
  const inputs = operands.map((values) => tensor(dtype, [values.length], values));
  const graph = define(
    inputs.map(({ shape }, i) => [`x${i}`, { dtype, shape }]),
    (b, ...values) => [b.apply(op, values, {} as Prims[Plain])],
  );
  return { title: `${op} ${dtype} ${operands.map((values) => `[${values}]`).join(" ")}`, graph, inputs };
}

const converted = (dtype: "f32" | "f64", values: readonly number[]): Edge => ({
  title: `convert ${dtype} to i32 [${values}]`,
  graph: define([["x", { dtype, shape: [values.length] }]], (b, x) => [b.apply("convert", [x!], { dtype: "i32" })]),
  inputs: [tensor(dtype, [values.length], values)],
});

const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
const tiny = [0, -0, 1e-12, -1e-12, 1e-7, -1e-7, 1e-4, -1e-4];
const wide = [0.1, -0.1, 1, -1, 5, -5, 15, -15, 40, -40, 100, -100];

export const edges: readonly Edge[] = (["f32", "f64"] as const)
  .flatMap((dtype) => [
    elementwise("exponential_minus_one", dtype, [...tiny, ...wide, inf, -inf, nan]),
    elementwise("log_plus_one", dtype, [...tiny, 0.5, -0.5, -0.999, 10, 1e7, 1e20, inf, nan, -1]),
    elementwise("softplus", dtype, [...tiny, ...wide, inf, -inf, nan]),
    {
      ...elementwise("logistic", dtype, [...tiny, ...wide, inf, -inf, nan]),
      absolute: dtype === "f32" ? 1e-7 : 2e-16,
    },
    converted(dtype, [0.9, -0.9, 1.5, -1.5, 3e9, -3e9, inf, -inf, nan]),
    elementwise("tanh", dtype, [...tiny, ...wide, inf, -inf, nan]),
    elementwise("erf", dtype, [...tiny, ...wide, 0.3, 0.9, 1.1, 2, 3.5, -2.5, inf, -inf, nan]),
    elementwise("exponential", dtype, [...tiny, ...wide.slice(0, 9), inf, -inf, nan]),
    elementwise("log", dtype, [0, 1e-30, 1, 1e30, inf, nan, -1]),
    elementwise("is_finite", dtype, [0, -1, 3e38, -3e38, inf, -inf, nan]),
    elementwise("sign", dtype, [0, 2, -2, inf, -inf]),
    elementwise("maximum", dtype, [1, nan, 1, inf, -inf], [2, 1, nan, 1, 1]),
    elementwise("minimum", dtype, [1, nan, 1, inf, -inf], [2, 1, nan, 1, 1]),
    elementwise("divide", dtype, [1, -1, 0, 6], [0, 0, 0, 4]),
    elementwise("remainder", dtype, [5.5, -5.5, 5.5, -5.5], [2, 2, -2, -2]),
    elementwise("power", dtype, [2, 0, 2, 4, 0], [10, 0, -1, 0.5, 2]),
  ])
  .concat([
    elementwise("divide", "i32", [7, -7, 7, -7, 5, 0], [2, 2, -2, -2, 0, 0]),
    elementwise("remainder", "i32", [7, -7, 7, -7, 5, 0], [2, 2, -2, -2, 0, 0]),
    elementwise("multiply", "i32", [2147483647, 123456789], [2, 987654321]),
    elementwise("add", "i32", [2147483647, -2147483648], [1, -1]),
    elementwise("sign", "i32", [0, 7, -7]),
    elementwise("abs", "i32", [0, 7, -7]),
    elementwise("negate", "i32", [0, 7, -7]),
    elementwise("maximum", "i32", [1, -3], [0, 5]),
  ]);
