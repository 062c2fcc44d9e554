import type { Prim, Prims } from "../../ir/primitives.ts";
import type { TensorType } from "../../shape/tensor.ts";
import type { View as LaidView } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";

/** How an IR value lies in a TensorFlow value. */
export type View = LaidView<TfValue>;

/** TensorFlow nodes for one operation. `type` is that of its result. */
export type Rule<P extends Prim> = (
  emitter: Emitter,
  inputs: readonly View[],
  params: Prims[P],
  type: TensorType,
) => View;

export type Rules<P extends Prim> = { readonly [K in P]: Rule<K> };
