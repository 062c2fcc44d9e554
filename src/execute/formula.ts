import * as Effect from "effect/Effect";
import type { Json } from "../plan/json.ts";
import type { Formula } from "../plan/plan.ts";
import type { Figures } from "./events.ts";
import { StepFailure } from "./failure.ts";

export type Value = number | boolean | string;

/** A step whose figures a formula reads. */
export interface Readable {
  readonly name: string;
  readonly figures: Figures;
}

/** What a formula over figures comes to. The figures on the way are noted in `read`, by the number of their input: `0.accuracy`. */
export const formulaValue = (
  formula: Formula,
  inputs: readonly Readable[],
  read: Record<string, Value>,
): Effect.Effect<Value, StepFailure> =>
  Effect.gen(function* () {
    switch (formula.kind) {
      case "number":
      case "bool":
      case "string":
        return formula.value;
      case "figure": {
        const input = inputs[formula.input]!;
        const found: Json | undefined = input.figures[formula.name];
        const name = `${input.name}.${formula.name}`;
        if (typeof found !== "number" && typeof found !== "boolean" && typeof found !== "string") {
          return yield* new StepFailure({
            code: "MTT5402",
            message: `\`${name}\` has no value here`,
            help: `its figures are ${Object.keys(input.figures).join(", ")}`,
          });
        }
        read[`${formula.input}.${formula.name}`] = found;
        return found;
      }
      case "unary": {
        const operand = yield* formulaValue(formula.operand, inputs, read);
        return formula.operator === "not" ? !operand : -Number(operand);
      }
      case "binary": {
        const left = yield* formulaValue(formula.left, inputs, read);
        // `or` and `and` read the right side only where it matters.
        if (formula.operator === "or" && left === true) return true;
        if (formula.operator === "and" && left === false) return false;
        return apply(formula.operator, left, yield* formulaValue(formula.right, inputs, read));
      }
    }
  });

const apply = (operator: Extract<Formula, { kind: "binary" }>["operator"], left: Value, right: Value): Value => {
  switch (operator) {
    case "or":
    case "and":
      return right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "+":
      return Number(left) + Number(right);
    case "-":
      return Number(left) - Number(right);
    case "*":
      return Number(left) * Number(right);
    case "/":
      return Number(left) / Number(right);
  }
};
