import * as Effect from "effect/Effect";
import type { Body, Step } from "../../plan/plan.ts";
import { formulaValue, type Value } from "../formula.ts";
import { keyed, labelOf } from "../keyed.ts";
import type { Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";

type AssertStep = Step & { readonly body: Extract<Body, { readonly kind: "assert" }> };

/** Figures: `passed`, and the figures that the condition read, by name. */
export const assertStep = (step: AssertStep, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.gen(function* () {
      const read: Record<string, Value> = {};
      const named = inputs.map(({ figures }, i) => ({ name: step.inputs[i]!, figures }));
      const passed = yield* formulaValue(step.body.condition, named, read);
      return { figures: { passed: passed === true, ...read }, arrays: {} };
    }),
  );
