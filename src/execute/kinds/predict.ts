import * as Effect from "effect/Effect";
import { predict } from "../../learn/metrics.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { keyed, labelOf } from "../keyed.ts";
import { memoryOf } from "../memory.ts";
import type { Computed, Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";
import { driveStep } from "../world.ts";
import { precisionOf } from "./evaluate.ts";

type PredictStep = Step & { readonly body: Extract<Body, { readonly kind: "predict" }> };

/** Arrays: `values` of the measure for every example, and the examples' `index` in their source. */
export const predictStep = (step: PredictStep, [model, examples]: readonly Outcome[], setting: Setting) => {
  const { network, measure } = step.body;
  return keyed(
    labelOf(step, [model!, examples!], setting),
    Effect.gen(function* () {
      const parameters = yield* model!.arrays("parameters");
      const data = examples!.data!;
      const n = data.index.length;
      const values = yield* driveStep(step, predict(network, parameters, measure, n, memoryOf(setting)), {
        setting,
        data: [data],
        precision: precisionOf(parameters),
      });
      const computed: Computed = {
        figures: { count: n, source: data.source },
        arrays: { predictions: { values, index: { dtype: "i32", shape: [n], data: data.index } } },
      };
      return computed;
    }),
  );
};
