import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { toFigures } from "../../learn/figures.ts";
import { type TrainFrom, train } from "../../learn/training.ts";
import { AlgorithmFailure } from "../../plan/algorithm.ts";
import type { Body, Step } from "../../plan/plan.ts";
import type { Training } from "../../plan/training.ts";
import { hashBytes } from "../../store/hash.ts";
import { encodeSafetensors } from "../../store/safetensors.ts";
import { Store } from "../../store/store.ts";
import { Events } from "../events.ts";
import { stepFailure } from "../failure.ts";
import { keyed, labelOf, waiting } from "../keyed.ts";
import { fitsIntoMemory, memoryOf } from "../memory.ts";
import {
  type Computed,
  grouped,
  isFigures,
  type Label,
  loadComputed,
  type Outcome,
  storeComputed,
  ungrouped,
} from "../outcome.ts";
import type { Setting } from "../setting.ts";
import { warn } from "../warn.ts";
import { type WeightsFile, weightsFile } from "../weights-file.ts";
import { driveStep } from "../world.ts";

type TrainStep = Step & { readonly body: Extract<Body, { readonly kind: "train" }> };

/**
 * Trains, going on from the longest training of the same kind that is stored: its epochs are kept under a key without the length, and two runs that
 * differ in nothing else take turns, so that each epoch is computed once.
 * Figures: `epochs`, `loss`, `accuracy` of the last epoch, `parameters` (sha256 of the final ones), `history`. Arrays: `parameters`.
 */
export const trainStep = (step: TrainStep, inputs: readonly Outcome[], setting: Setting) => {
  const { training } = step.body;
  return Effect.gen(function* () {
    const store = yield* Store;
    const events = yield* Events;
    const file = yield* weightsFile(training, setting);
    const { label, prefix } = labelsOf(step, inputs, setting, file);
    const [examples, validation] = inputs.flatMap(({ data }) => data ?? []);
    const n = {
      n: examples!.index.length,
      ...(validation === undefined ? {} : { validation: validation.index.length }),
      ...memoryOf(setting),
    };

    const trainFrom = (from: TrainFrom | undefined) =>
      Effect.gen(function* () {
        const start = performance.now();
        return yield* driveStep(step, train(training, n, from), {
          setting,
          data: validation === undefined ? [examples!] : [examples!, validation],
          precision: training.precision,
          checkpoint: (at, state) =>
            Effect.gen(function* () {
              const seconds = (performance.now() - start) / 1000;
              yield* storeComputed(prefix, grouped(state), seconds, at);
            }),
        });
      });

    /** From the longest that is stored and not longer than `most`. */
    const trained = (most: number) =>
      Effect.gen(function* () {
        yield* store.lock(prefix.key, waiting(events, label));
        yield* fitsIntoMemory(training);
        const goOn = yield* keptStates(step, prefix, trainFrom, most);
        return goOn ?? (yield* trainFrom(yield* startOf(training, inputs, file)));
      });

    const compute = Effect.scoped(
      Effect.gen(function* () {
        const result = yield* trained(limitOf(training));
        const figures = toFigures(result.figures);
        const computed: Computed = {
          figures: {
            ...(isFigures(figures) ? figures : {}),
            parameters: hashBytes(encodeSafetensors(result.parameters)),
          },
          arrays: { parameters: result.parameters },
        };
        return computed;
      }),
    );
    const services = yield* Effect.context<Store | Events>();
    const outcome: Outcome = {
      ...(yield* keyed(label, compute)),
      epochs: prefix.key,
      retrace: (missing) =>
        Effect.scoped(trained(missing - 1)).pipe(
          Effect.mapError(stepFailure),
          Effect.asVoid,
          Effect.provideContext(services),
        ),
    };
    return outcome;
  });
};

/** The keys of a training as a whole, and of its epochs. */
const labelsOf = (step: TrainStep, inputs: readonly Outcome[], setting: Setting, file: WeightsFile | undefined) => {
  const contents = [...inputs, ...(file === undefined ? [] : [{ content: file.hash }])];
  return { label: labelOf(step, contents, setting), prefix: labelOf(step, contents, setting, "prefix") };
};

/** What a dry run asks of a training: its key, and from where it would go on. */
export const foreseeTraining = Effect.fnUntraced(function* (
  step: TrainStep,
  inputs: readonly Outcome[],
  setting: Setting,
) {
  const store = yield* Store;
  const { label, prefix } = labelsOf(step, inputs, setting, yield* weightsFile(step.body.training, setting));
  const kept = (yield* store.kept(prefix.key)).filter((at) => at <= limitOf(step.body.training)).at(-1);
  return { label, kept };
});

/** Codes of an algorithm that cannot make anything of a checkpoint: another version's, or another network's. */
const OF_CHECKPOINTS: readonly string[] = ["MTT5203", "MTT5205"];

/**
 * Goes on from the longest stored training that is not longer than `most` and that is whole; what cannot be used is named, and written anew when the
 * training gets there again. Nothing where there is none.
 */
const keptStates = Effect.fnUntraced(function* <A, E, R>(
  step: TrainStep,
  prefix: Label,
  trainFrom: (from: TrainFrom) => Effect.Effect<A, E | AlgorithmFailure, R>,
  most: number,
) {
  const store = yield* Store;
  const unusable = (at: number, why: string) =>
    warn(
      step,
      "MTT5003",
      `the checkpoint at ${at} cannot be used: ${why}`,
      "training goes on from the one before it, or begins anew",
    );
  for (const at of (yield* store.kept(prefix.key)).filter((at) => at <= most).reverse()) {
    const stored = yield* store.getResult(prefix.key, at);
    const state = Option.isSome(stored) ? yield* loadComputed(stored.value) : Option.none();
    if (Option.isNone(state)) {
      yield* unusable(at, (yield* store.damaged).join("; ") || "an object of it is missing");
      continue;
    }
    const result = yield* trainFrom({ checkpoint: ungrouped(state.value) }).pipe(
      Effect.catchIf(
        (error) => error instanceof AlgorithmFailure && OF_CHECKPOINTS.includes(error.code),
        (error) => Effect.as(unusable(at, error instanceof Error ? error.message : ""), undefined),
      ),
    );
    if (result !== undefined) return result;
  }
  return undefined;
});

/** What the program says to start from; nothing for freshly drawn weights. */
const startOf = Effect.fnUntraced(function* (
  { start }: Training,
  inputs: readonly Outcome[],
  file: WeightsFile | undefined,
) {
  if (file !== undefined) return { parameters: file.parameters } satisfies TrainFrom;
  if (start !== "model") return undefined;
  const model = inputs.find(({ data }) => data === undefined)!;
  return { parameters: yield* model.arrays("parameters") } satisfies TrainFrom;
});

const limitOf = ({ length }: Training): number =>
  length === undefined ? Number.POSITIVE_INFINITY : "epochs" in length ? length.epochs : length.steps;
