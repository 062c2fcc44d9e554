import * as Effect from "effect/Effect";
import type { Dataset } from "../data/dataset.ts";
import { objectiveGradient } from "../influence/gradients.ts";
import type { Step } from "../plan/plan.ts";
import type { Training } from "../plan/training.ts";
import { precisionOf } from "./kinds/evaluate.ts";
import type { Arrays } from "./outcome.ts";
import type { Setting } from "./setting.ts";
import { driveStep } from "./world.ts";

/** The gradient of a training's objective over the first examples of its data, by weight. */
export const gradientsAt = (
  step: Step,
  training: Training,
  parameters: Arrays,
  data: Dataset,
  most: number,
  setting: Pick<Setting, "backend">,
) => {
  const first: Dataset = { ...data, index: data.index.subarray(0, most) };
  return Effect.scoped(
    driveStep(step, objectiveGradient(training, parameters, first.index.length), {
      setting,
      data: [first],
      precision: precisionOf(parameters),
    }),
  );
};
