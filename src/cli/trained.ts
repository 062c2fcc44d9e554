import * as Effect from "effect/Effect";
import { execute } from "../execute/execute.ts";
import { type Failing, stepFailure } from "../execute/failure.ts";
import type { Outcome } from "../execute/outcome.ts";
import type { Setting } from "../execute/setting.ts";
import { type Plan, type Step, trainingBehind } from "../plan/plan.ts";
import type { Training } from "../plan/training.ts";
import { ready } from "./compiled.ts";
import type { Flags } from "./config.ts";
import { layerEvents, type Outlet } from "./events.ts";
import { EXIT, Finished, UsageError } from "./exit.ts";
import { findStep } from "./find-step.ts";
import { runFailed } from "./run-failed.ts";
import { servicesOf, settingOf } from "./setting.ts";

/** A trained model of a file. */
export interface TrainedModel {
  readonly step: Step;
  readonly training: Training;
  readonly outcome: Outcome;
  readonly plan: Plan;
  readonly setting: Setting;
}

/** What a command does with a model. */
export type Use<A, R> = (model: TrainedModel) => Effect.Effect<A, Failing | UsageError, R>;

/**
 * The model of a train step, trained first where it is not stored, for what a command does with it; failures are said and end the command. `prepare` looks
 * at what the command was given before anything is trained.
 */
export const withTrained = <A, R, P>(
  flags: Flags & { readonly file: string; readonly model: string },
  outlet: Outlet,
  prepare: (training: Training) => Effect.Effect<Use<A, R>, Failing | UsageError, P>,
) =>
  Effect.gen(function* () {
    const { plan, config, sources } = yield* ready(flags.file, flags, outlet.say);
    const step = yield* findStep(plan, flags.model, flags.file);
    const training = trainingBehind(plan, step);
    if (training === undefined) {
      const models = plan.steps.filter((other) => trainingBehind(plan, other) !== undefined).map(({ id }) => id);
      return yield* new UsageError({
        message: `\`${step.id}\` is no model`,
        help: models.length === 0 ? `${flags.file} trains none` : `a model comes of a train step: ${models.join(", ")}`,
      });
    }
    return yield* Effect.gen(function* () {
      const use = yield* prepare(training);
      const setting = yield* settingOf(config, flags.file, sources);
      const { outcomes } = yield* execute(plan, [step.id], setting);
      const outcome = outcomes.get(step.id);
      if (outcome === undefined) return yield* new Finished({ exit: EXIT.run });
      const model: Step = { ...step, body: { kind: "train", training } };
      return yield* use({ step: model, training, outcome, plan, setting });
    }).pipe(
      Effect.provide(servicesOf(config, layerEvents(outlet, sources))),
      Effect.catchIf(isFailing, (error) => runFailed(stepFailure(error))),
    );
  });

const isFailing = (error: Failing | UsageError | Finished): error is Failing =>
  !(error instanceof UsageError || error instanceof Finished);
