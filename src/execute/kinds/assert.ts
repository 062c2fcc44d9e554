import * as Effect from "effect/Effect";
import type { Json } from "../../plan/json.ts";
import type { Body, Formula, Step } from "../../plan/plan.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import type { Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";

type AssertStep = Step & { readonly body: Extract<Body, { readonly kind: "assert" }> };
type Value = number | boolean | string;

/** Figures: `passed`, and the figures that the condition read, by name. */
export const assertStep = (step: AssertStep, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.gen(function* () {
      const read: Record<string, Value> = {};
      const passed = yield* value(step.body.condition, step, inputs, read);
      return { figures: { passed: passed === true, ...read }, arrays: {} };
    }),
  );

const value = (
  formula: Formula,
  step: AssertStep,
  inputs: readonly Outcome[],
  read: Record<string, Value>,
): Effect.Effect<Value, StepFailure> =>
  Effect.gen(function* () {
    switch (formula.kind) {
      case "number":
      case "bool":
      case "string":
        return formula.value;
      case "figure": {
        const found: Json | undefined = inputs[formula.input]?.figures[formula.name];
        const name = `${step.inputs[formula.input] ?? "?"}.${formula.name}`;
        if (typeof found !== "number" && typeof found !== "boolean" && typeof found !== "string") {
          return yield* new StepFailure({
            code: "MTT5402",
            message: `\`${name}\` has no value here`,
            help: `its figures are ${Object.keys(inputs[formula.input]?.figures ?? {}).join(", ")}`,
          });
        }
        read[name] = found;
        return found;
      }
      case "unary": {
        const operand = yield* value(formula.operand, step, inputs, read);
        return formula.operator === "not" ? !operand : -Number(operand);
      }
      case "binary": {
        const left = yield* value(formula.left, step, inputs, read);
        // `or` and `and` read the right side only where it matters.
        if (formula.operator === "or" && left === true) return true;
        if (formula.operator === "and" && left === false) return false;
        return apply(formula.operator, left, yield* value(formula.right, step, inputs, read));
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
