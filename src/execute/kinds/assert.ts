import * as Effect from "effect/Effect";
import type { Body, Step } from "../../plan/plan.ts";
import type { Figures } from "../events.ts";
import { formulaValue, type Value } from "../formula.ts";
import { keyed, labelOf } from "../keyed.ts";
import type { Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";

type AssertStep = Step & { readonly body: Extract<Body, { readonly kind: "assert" }> };

/** Figures: `passed`, and the figures that the condition read, by name. Stored by the number of the input: another assertion of the same names others. */
export const assertStep = (step: AssertStep, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.gen(function* () {
      const read: Record<string, Value> = {};
      const readable = inputs.map(({ figures }, i) => ({ name: step.inputs[i]!, figures }));
      const passed = yield* formulaValue(step.body.condition, readable, read);
      return { figures: { passed: passed === true, ...read }, arrays: {} };
    }),
    (figures) => named(figures, step.inputs),
  );

/** `0.accuracy` as `accuracy_on_test.accuracy`. */
const named = (figures: Figures, inputs: readonly string[]): Figures =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name.replace(/^(\d+)\./, (whole, input: string) => `${inputs[Number(input)] ?? whole}.`),
      value,
    ]),
  );
