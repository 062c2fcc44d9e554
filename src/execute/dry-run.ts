import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type { Plan, Step } from "../plan/plan.ts";
import { Store } from "../store/store.ts";
import { Events } from "./events.ts";
import { needed } from "./execute.ts";
import { stepFailure } from "./failure.ts";
import { labelOf, outcomeOf } from "./keyed.ts";
import { dataStep, queryStep } from "./kinds/data.ts";
import { chosenOutcome, settled } from "./kinds/family.ts";
import { foreseeTraining } from "./kinds/train.ts";
import { validationLabel } from "./kinds/validate.ts";
import { type Label, loadComputed, type Outcome } from "./outcome.ts";
import type { Setting } from "./setting.ts";

/** What a run would do with a step. `waits`: its key depends on results that are not there yet. */
export interface Forecast {
  readonly step: Step;
  readonly would: "cached" | "run" | "waits" | "fail";
  readonly label?: Label;
  /** For a training that would go on: the epochs already there. */
  readonly kept?: number;
  readonly why?: string;
}

const quiet = Layer.succeed(Events, { emit: () => Effect.void });

/** Walks the plan as a run would, reads data and the store, and computes nothing but views of data. */
export const dryRun = Effect.fnUntraced(function* (plan: Plan, targets: readonly string[], setting: Setting) {
  const store = yield* Store;
  const outcomes = new Map<string, Outcome>();
  const forecasts: Forecast[] = [];

  for (const step of needed(plan, targets)) {
    const inputs = step.inputs.flatMap((id) => outcomes.get(id) ?? []);
    if (inputs.length < step.inputs.length) {
      forecasts.push({ step, would: "waits" });
      continue;
    }
    const { body } = settled(step, inputs);
    if (body.kind === "data" || body.kind === "query") {
      const found = yield* (
        body.kind === "data"
          ? dataStep({ ...step, body }, setting, "forget")
          : queryStep({ ...step, body }, inputs, setting, "forget")
      ).pipe(Effect.provide(quiet), Effect.mapError(stepFailure), Effect.result);
      if (found._tag === "Failure") forecasts.push({ step, would: "fail", why: found.failure.message });
      else {
        outcomes.set(step.id, found.success);
        forecasts.push({ step, would: found.success.status === "cached" ? "cached" : "run" });
      }
      continue;
    }
    const foreseen =
      body.kind === "train" || body.kind === "validate"
        ? yield* (
            body.kind === "train"
              ? foreseeTraining({ ...step, body }, inputs, setting)
              : Effect.map(validationLabel({ ...step, body }, inputs, setting), (label) => ({ label, kept: undefined }))
          ).pipe(Effect.mapError(stepFailure), Effect.result)
        : Result.succeed({ label: labelOf({ ...step, body }, inputs, setting), kept: undefined });
    if (foreseen._tag === "Failure") {
      forecasts.push({ step, would: "fail", why: foreseen.failure.message });
      continue;
    }
    const { label, kept } = foreseen.success;
    const stored = yield* store.getResult(label.key);
    if (Option.isSome(stored)) {
      const outcome = yield* outcomeOf(stored.value, "cached", (result) =>
        Effect.map(
          loadComputed(result),
          Option.getOrElse(() => ({ figures: {}, arrays: {} })),
        ),
      );
      outcomes.set(step.id, body.kind === "best" ? chosenOutcome(outcome, inputs) : outcome);
      forecasts.push({ step, would: "cached", label });
      continue;
    }
    forecasts.push({ step, would: "run", label, ...(kept === undefined ? {} : { kept }) });
  }
  return forecasts;
});
