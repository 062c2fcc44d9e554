import type { Prim, Prims } from "../../src/ir/primitives.ts";
import type { DType } from "../../src/shape/dtype.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";

/** Parameters, operands, result. */
export type Row<P extends Prim> = readonly [params: Prims[P], inputs: readonly Tensor[], result: Tensor];

export type Nested = number | readonly Nested[];

const shapeOf = (value: Nested): number[] =>
  typeof value === "number" ? [] : [value.length, ...(value.length === 0 ? [] : shapeOf(value[0]!))];

const flat = (value: Nested): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));

/** Tensors as nested lists. */
const of =
  (dtype: DType) =>
  (value: Nested): Tensor =>
    tensor(dtype, shapeOf(value), flat(value));

export const f32 = of("f32");
export const f64 = of("f64");
export const i32 = of("i32");
export const bool = of("bool");
