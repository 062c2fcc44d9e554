import type { Step as PlanStep } from "../plan/plan.ts";
import type { Session } from "./scope.ts";

/** Adds a step under its id, or `id~2`, `id~3` where another has it. Its inputs were added before. */
export const addStep = (session: Session, step: PlanStep): string => {
  let id = step.id;
  for (let n = 2; session.steps.has(id); n++) id = `${step.id}~${n}`;
  session.steps.set(id, { ...step, id });
  return id;
};
