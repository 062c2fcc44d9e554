import type { OnnxValue } from "./model.ts";
import type { Arithmetic } from "./elementwise.ts";
import { LoweringError } from "./rule.ts";

export function erf64(_: Arithmetic, __: OnnxValue): OnnxValue {
  throw new LoweringError("erf f64", "");
}
