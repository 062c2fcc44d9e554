import type { Axis, SymbolicPadding } from "../shape/dim.ts";
import type { Ops } from "./graph.ts";
import { isMismatch, ShapeError, type SymbolicType } from "./mismatch.ts";
import type { Prim } from "./primitives.ts";
import { type SymbolicParams, shapeRules } from "./shapes.ts";
import { axisSizes } from "./sizes.ts";

/**
 * Operations on types alone: what the checker runs helpers and the language's primitives with. `apply` throws ShapeError with the structured
 * reason where a shape rule refuses.
 */
export const shapeOps: Ops<SymbolicType, Axis, SymbolicPadding> = {
  apply: <P extends Prim>(op: P, inputs: readonly SymbolicType[], params: SymbolicParams<P>): SymbolicType => {
    const result = shapeRules[op](params, inputs);
    if (isMismatch(result)) throw new ShapeError(result);
    return result;
  },
  typeOf: (type) => type,
  sizes: axisSizes,
};
