import type { Name, Step, StepKind } from "../../syntax/ast.ts";
import { type Scope, type Session, spanFor } from "../scope.ts";
import type { Value } from "../value.ts";
import { mustBeCounted } from "./classes.ts";
import { planEvaluate } from "./evaluate.ts";
import { planInfluence } from "./influence.ts";
import { mustHaveStrength } from "./influence-method.ts";
import type { Planned } from "./planned.ts";
import { planReport } from "./report.ts";
import { planSweep } from "./sweep.ts";
import { planTrain } from "./train.ts";
import { planValidate } from "./validate.ts";

/** Adds the steps of one declared step, after those it reads. */
export type PlanStep = (step: Step, session: Session) => Planned;

/** One row a kind of step. A function, as these files and this one read each other, and each may be loaded first. */
const kinds = (): { readonly [K in StepKind]: PlanStep } => ({
  train: planTrain,
  evaluate: planEvaluate,
  report: planReport,
  influence: planInfluence,
  validate: planValidate,
  sweep: planSweep,
});

/** The step, planned once however often it is used. A step that was refused is refused again, for the same reason. */
export const planned = (step: Step, session: Session): Planned => {
  const known = session.planned.get(step);
  if (known instanceof Error) throw known;
  if (known !== undefined) return known;
  try {
    const made = kinds()[step.step](step, session);
    session.planned.set(step, made);
    return made;
  } catch (error) {
    if (error instanceof Error) session.planned.set(step, error);
    throw error;
  }
};

/** `accuracy_on_test.accuracy`: a figure of the step's result. */
export const stepField = (step: Step, { text: name, span }: Name, scope: Scope): Value => {
  const of = planned(step, scope.session);
  if (of.kind === "influence" && name === "strength_effect") mustHaveStrength(of, spanFor(span, scope));
  mustBeCounted(of, name, spanFor(span, scope));
  // All scores, for a picture: no figure.
  if (of.kind === "influence" && name === "scores") return { kind: "scores", influence: of };
  if (of.kind === "validate" && name === "points") return { kind: "step", step };
  return { kind: "figure", formula: { kind: "figure", step: of.id, name } };
};
