import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import { toFigures } from "../../learn/figures.ts";
import { type TrainFrom, train } from "../../learn/training.ts";
import type { Body, Step } from "../../plan/plan.ts";
import type { Training } from "../../plan/training.ts";
import { hashBytes } from "../../store/hash.ts";
import { decodeSafetensors, encodeSafetensors } from "../../store/safetensors.ts";
import { Store } from "../../store/store.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import {
  type Arrays,
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
import { driveStep } from "../world.ts";

type TrainStep = Step & { readonly body: Extract<Body, { readonly kind: "train" }> };

/**
 * Trains, going on from the longest training of the same kind that is stored: its epochs are kept under a key without the length.
 * Figures: `epochs`, `loss`, `accuracy` of the last epoch, `parameters` (sha256 of the final ones), `history`. Arrays: `parameters`.
 */
export const trainStep = (step: TrainStep, inputs: readonly Outcome[], setting: Setting) => {
  const { training } = step.body;
  return Effect.gen(function* () {
    const file = yield* weightsFile(training, setting);
    const contents = [...inputs, ...(file === undefined ? [] : [{ content: file.hash }])];
    const prefix = labelOf(step, contents, setting, "prefix");
    const compute = Effect.gen(function* () {
      const data = inputs.flatMap(({ data }) => data ?? []);
      const from = (yield* keptState(step, prefix)) ?? (yield* startOf(training, inputs, file));
      const [examples, validation] = data;
      const start = yield* Clock.currentTimeMillis;
      const result = yield* driveStep(
        step,
        train(
          training,
          {
            n: examples!.index.length,
            ...(validation === undefined ? {} : { validation: validation.index.length }),
          },
          from,
        ),
        {
          setting,
          data,
          precision: training.precision,
          checkpoint: (at, state) =>
            Effect.gen(function* () {
              const seconds = ((yield* Clock.currentTimeMillis) - start) / 1000;
              yield* storeComputed(prefix, grouped(state), seconds, at);
            }),
        },
      );
      const figures = toFigures(result.figures);
      const computed: Computed = {
        figures: {
          ...(isFigures(figures) ? figures : {}),
          parameters: hashBytes(encodeSafetensors(result.parameters)),
        },
        arrays: { parameters: result.parameters },
      };
      return computed;
    });
    const outcome: Outcome = { ...(yield* keyed(labelOf(step, contents, setting), compute)), epochs: prefix.key };
    return outcome;
  });
};

/** The longest stored training that is not longer than this one and whose arrays are whole. */
const keptState = Effect.fnUntraced(function* (step: TrainStep, prefix: Label) {
  const store = yield* Store;
  const limit = limitOf(step.body.training);
  for (const at of (yield* store.kept(prefix.key)).filter((at) => at <= limit).reverse()) {
    const stored = yield* store.getResult(prefix.key, at);
    const state = Option.isSome(stored) ? yield* loadComputed(stored.value) : Option.none();
    if (Option.isSome(state)) return { checkpoint: ungrouped(state.value) } satisfies TrainFrom;
    const found = yield* store.damaged;
    yield* warn(
      step,
      "MTT5003",
      `the checkpoint at ${at} cannot be used: ${found.join("; ") || "an object of it is missing"}`,
      "training goes on from the one before it",
    );
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

interface WeightsFile {
  readonly hash: string;
  readonly parameters: Arrays;
}

/** The file that `start: weights("…")` names, relative to the program. */
const weightsFile = Effect.fnUntraced(function* ({ start }: Training, { data }: Setting) {
  if (typeof start === "string") return undefined;
  const fs = yield* FileSystem;
  const path = yield* Path;
  const name = path.resolve(data.base, start.weights);
  const refuse = (why: string) =>
    new StepFailure({
      code: "MTT5404",
      message: `the weights ${start.weights} cannot be read: ${why}`,
      help: "`start: weights(…)` takes a safetensors file, as `mtt export` writes it",
    });
  const bytes = yield* Effect.mapError(fs.readFile(name), (error) => refuse(error.reason._tag));
  const parameters = yield* Effect.try({
    try: () => decodeSafetensors(bytes),
    catch: (error) => refuse(error instanceof Error ? error.message : String(error)),
  });
  return { hash: hashBytes(bytes), parameters } satisfies WeightsFile;
});

const limitOf = ({ length }: Training): number =>
  length === undefined ? Number.POSITIVE_INFINITY : "epochs" in length ? length.epochs : length.steps;
