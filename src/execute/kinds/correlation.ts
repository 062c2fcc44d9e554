import * as Effect from "effect/Effect";
import { type Moments, moments, pearsonOf, together } from "../../influence/agreement.ts";
import type { Body, Step } from "../../plan/plan.ts";
import type { Tensor } from "../../shape/tensor.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import type { Computed, Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";
import { scoresOf } from "./influence.ts";

type CorrelationStep = Step & { readonly body: Extract<Body, { readonly kind: "correlation" }> };

/** Figures: `pearson` over all pairs of a test and a training example, or those of one test example of each; `count` of the pairs. A row at a time. */
export const correlationStep = (step: CorrelationStep, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.gen(function* () {
      const [a, b] = [inputs[0]!, inputs[1]!];
      const [of, other] = [yield* a.arrays("summary"), yield* b.arrays("summary")];
      const { tests } = step.body;
      if (!sameArray(of.train_index!, other.train_index!)) return yield* differ("training");
      const [asked, othersAsked] = [of.test_index, other.test_index];
      const same =
        asked === undefined || othersAsked === undefined ? asked === othersAsked : sameArray(asked, othersAsked);
      if (tests === undefined && !same) return yield* differ("test");
      // Self-influence has one row, which is its own sum.
      const rows = tests === undefined ? Array.from({ length: asked?.data.length ?? 1 }, (_, i) => [i, i]) : [tests];
      let sum: Moments | undefined;
      for (const [i, j] of rows) {
        const [x, y] = [
          yield* scoresOf(a, asked === undefined ? undefined : i),
          yield* scoresOf(b, othersAsked === undefined ? undefined : j),
        ];
        const row = moments(x.values, y.values);
        sum = sum === undefined ? row : together(sum, row);
      }
      const computed: Computed = { figures: { pearson: pearsonOf(sum!), count: sum!.count }, arrays: {} };
      return computed;
    }),
  );

const sameArray = (a: Tensor, b: Tensor): boolean =>
  a.data.length === b.data.length && Array.from(a.data).every((value, i) => value === b.data[i]);

const differ = (which: "training" | "test") =>
  new StepFailure({
    code: "MTT5655",
    message: `the two are scores of different ${which} examples, and there is nothing to correlate`,
    help: "declare the second as `by_cg = blame with { method: … }`, which leaves the examples as they are",
  });
