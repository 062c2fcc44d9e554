import type { Init } from "../plan/network.ts";
import type { Expression } from "../syntax/ast.ts";
import { Arguments, readMade, unknown } from "./read.ts";
import { refuse } from "./refusal.ts";
import { type Scope, spanFor } from "./scope.ts";
import type { Value } from "./value.ts";

/** How a weight begins: `truncated_normal(0.1)`, `glorot`; a number is that constant. */
export const readInit = (value: Value, e: Expression, scope: Scope): Init => {
  if (value.kind === "number") return { kind: "constant", value: value.value };
  const place = { e, scope };
  const made = readMade(value, "an initial value such as `truncated_normal(0.1)`", place);
  const given = new Arguments(made, place);
  switch (made.name) {
    case "constant":
      return { kind: "constant", value: given.number("value", {}) };
    case "truncated_normal":
    case "normal":
      return { kind: made.name, stddev: given.number("stddev", { from: 0 }) };
    case "uniform": {
      const [low, high] = [given.number("low", {}), given.number("high", {})];
      if (high < low) throw refuse.range(spanFor(e.span, scope), `uniform(${low}, ${high}) has no values`);
      return { kind: "uniform", low, high };
    }
    case "glorot":
    case "he":
      return { kind: made.name };
    default:
      throw unknown(made, "an initial value", place);
  }
};
