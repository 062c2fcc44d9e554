import type { Prim, Prims } from "../../ir/primitives.ts";
import type { TensorType } from "../../shape/tensor.ts";
import type { Emitter } from "./emitter.ts";
import type { View } from "./view.ts";

export { LoweringError } from "../error.ts";

/** ONNX nodes for one operation. `type` is that of its result. */
export type Rule<P extends Prim> = (
  emitter: Emitter,
  inputs: readonly View[],
  params: Prims[P],
  type: TensorType,
) => View;

export type Rules<P extends Prim> = { readonly [K in P]: Rule<K> };
