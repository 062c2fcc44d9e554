import type { Formula } from "../../plan/plan.ts";
import type { Assert } from "../../syntax/ast.ts";
import { evaluate, formulaOf, textOf } from "../expression.ts";
import { fileScope, type Session } from "../scope.ts";
import { addStep } from "../steps.ts";
import type { StepFormula } from "../value.ts";

/** A condition over figures: its inputs are the steps it reads. `number` counts the asserts of the file from 1. */
export const planAssert = (assert: Assert, number: number, session: Session): string => {
  const id = `assert#${number}`;
  const scope = fileScope(session, id);
  const formula = formulaOf(evaluate(assert.condition, scope), assert.condition, scope);
  const message = assert.message === undefined ? undefined : evaluate(assert.message, scope);
  const inputs: string[] = [];
  const condition = numbered(formula, inputs);
  return addStep(session, {
    id,
    declared: true,
    body: {
      kind: "assert",
      condition,
      text: textOf(assert.condition, session.checked),
      ...(message?.kind === "string" ? { message: message.value } : {}),
    },
    inputs,
    span: assert.condition.span,
  });
};

/** Steps become input numbers, in the order in which they are mentioned. */
export const numbered = (formula: StepFormula, inputs: string[]): Formula => {
  switch (formula.kind) {
    case "number":
    case "bool":
    case "string":
      return formula;
    case "figure": {
      const known = inputs.indexOf(formula.step);
      const input = known < 0 ? inputs.push(formula.step) - 1 : known;
      return { kind: "figure", input, name: formula.name };
    }
    case "unary":
      return { kind: "unary", operator: formula.operator, operand: numbered(formula.operand, inputs) };
    case "binary": {
      const left = numbered(formula.left, inputs);
      return { kind: "binary", operator: formula.operator, left, right: numbered(formula.right, inputs) };
    }
  }
};
