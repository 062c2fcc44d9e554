import * as Effect from "effect/Effect";
import { groupInfluence } from "../../influence/group.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { keyed, labelOf } from "../keyed.ts";
import type { Computed, Outcome } from "../outcome.ts";
import { partsOf } from "../parts.ts";
import type { Setting } from "../setting.ts";
import { driveStep } from "../world.ts";
import { precisionOf } from "./evaluate.ts";
import { noSuchTest, notTheModels, positions, scoresOf } from "./influence.ts";

type GroupBody = Extract<Body, { readonly kind: "group" }>;
type Of<B extends Body> = Step & { readonly body: B };

/** Figures: `effect`, by how much the measure changes when the whole set is removed, summed over the test examples or of one of them; `count` of the set. */
export const groupStep = (step: Of<GroupBody>, inputs: readonly Outcome[], setting: Setting) => {
  const { body } = step;
  return keyed(
    labelOf(step, inputs, setting),
    body.order === 1 ? firstOrder(body.test, inputs) : secondOrder({ ...step, body }, inputs, setting),
  );
};

/** To first order the effect is the sum of the scores. */
const firstOrder = Effect.fnUntraced(function* (test: number | undefined, [scores, set]: readonly Outcome[]) {
  const { values, index } = yield* scoresOf(scores!, test);
  const at = new Map(Array.from(index, (example, i) => [example, i]));
  let effect = 0;
  for (const example of set!.data!.index) {
    const i = at.get(example);
    if (i === undefined) return yield* notTheModels(example);
    effect += values[i]!;
  }
  const computed: Computed = { figures: { effect, count: set!.data!.index.length }, arrays: {} };
  return computed;
});

/** Figures besides: `first` and `second`, the two terms of the effect, and the residual and the damping of the solves. */
const secondOrder = Effect.fnUntraced(function* (
  step: Of<Extract<GroupBody, { readonly order: 2 }>>,
  inputs: readonly Outcome[],
  setting: Setting,
) {
  const { influence, test } = step.body;
  const [model, trained, asked, set] = inputs;
  const [train, tests] = [trained!.data!, asked!.data!];
  if (test !== undefined && test >= tests.index.length) return yield* noSuchTest(test, tests.index.length);
  const parameters = yield* model!.arrays("parameters");
  const { change, second, certificate } = yield* driveStep(
    step,
    groupInfluence(
      influence,
      {
        parameters,
        n: train.index.length,
        m: tests.index.length,
        ...(setting.memory === undefined ? {} : { budget: setting.memory }),
      },
      yield* positions(set!.data!, train),
      2,
    ),
    {
      setting,
      data: [train, tests],
      precision: precisionOf(parameters),
      part: partsOf(step, inputs, setting),
    },
  );
  const of = (values: Float64Array): number => (test === undefined ? values.reduce((a, b) => a + b, 0) : values[test]!);
  const effect = of(change);
  const { residual, damping, hvps } = certificate;
  const computed: Computed = {
    figures: {
      effect,
      first: effect - of(second),
      second: of(second),
      count: set!.data!.index.length,
      ...(residual === undefined ? {} : { residual }),
      ...(damping === undefined ? {} : { damping }),
      hvps,
    },
    arrays: {},
  };
  return computed;
});
