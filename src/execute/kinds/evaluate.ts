import * as Effect from "effect/Effect";
import { evaluate } from "../../learn/metrics.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { keyed, labelOf } from "../keyed.ts";
import { memoryOf } from "../memory.ts";
import type { Computed, Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";
import { driveStep } from "../world.ts";

type EvaluateStep = Step & { readonly body: Extract<Body, { readonly kind: "evaluate" }> };

/** Figures: the metrics by name, and `count`. Arrays: the loss of every example, and the confusion counts where there are classes. */
export const evaluateStep = (step: EvaluateStep, [model, examples]: readonly Outcome[], setting: Setting) => {
  const { network, loss, metrics } = step.body;
  return keyed(
    labelOf(step, [model!, examples!], setting),
    Effect.gen(function* () {
      const parameters = yield* model!.arrays("parameters");
      const data = examples!.data!;
      const result = yield* driveStep(
        step,
        evaluate(network, parameters, loss, metrics, data.index.length, memoryOf(setting)),
        {
          setting,
          data: [data],
          precision: precisionOf(parameters),
        },
      );
      const { classified } = result;
      const computed: Computed = {
        figures: { ...result.metrics, count: result.count, data: data.origin },
        arrays: {
          examples: {
            losses: { dtype: "f64", shape: [result.count], data: result.losses },
            ...(classified === undefined
              ? {}
              : {
                  predicted: { dtype: "i32", shape: [result.count], data: classified.predicted },
                  confusion: {
                    dtype: "i32",
                    shape: [classified.classes, classified.classes],
                    data: classified.confusion,
                  },
                }),
          },
        },
      };
      return computed;
    }),
  );
};

/** A model trained in f64 is evaluated in f64. */
export const precisionOf = (parameters: Readonly<Record<string, { readonly dtype: string }>>): "f32" | "f64" =>
  Object.values(parameters).some(({ dtype }) => dtype === "f64") ? "f64" : "f32";
