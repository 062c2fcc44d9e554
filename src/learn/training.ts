import {
  type Algorithm,
  AlgorithmFailure,
  type Answer,
  type Checkpoint,
  type Command,
  close,
  open,
  read,
  run,
} from "../plan/algorithm.ts";
import type { Training } from "../plan/training.ts";
import { permutation } from "../random/random.ts";
import { isFloat } from "../shape/dtype.ts";
import { type Tensor, zeros } from "../shape/tensor.ts";
import { findOrigin, showOrigin } from "./diagnose.ts";
import { type Figures, fromFigures, means, type Sums, toFigures } from "./figures.ts";
import { initialParameters } from "./init.ts";
import { evaluator, type Parameters } from "./metrics.ts";
import { minimize } from "./minimize.ts";
import { toPrecision } from "./precision.ts";
import { type BatchOf, type TrainingStep, trainingStep } from "./step.ts";
import type { TrainData, TrainFrom, TrainResult } from "./trained.ts";

export type { TrainData, TrainFrom, TrainResult };

/**
 * Trains: an epoch visits a fresh permutation of the examples in batches, the last one smaller; after it come the validation loss, a checkpoint and
 * the decision to stop. L-BFGS instead minimizes over all examples at once. Fails with MTT5201 where the batch is larger than the data, MTT5206
 * where a value stops being finite.
 */
export function* train(training: Training, data: TrainData, from?: TrainFrom): Algorithm<TrainResult> {
  const { optimizer } = training;
  if (optimizer.kind === "lbfgs") return yield* minimize(training, optimizer, data, from);
  const end = endOf(training, data.n);
  const step = trainingStep(training, training.batch);
  let state = begin(training, step, from);
  if (isOver(state.figures, end)) return resultOf(training, step, state);
  if (data.n < training.batch)
    throw new AlgorithmFailure(
      "MTT5201",
      `a batch has ${training.batch} examples, and the data has ${data.n}`,
      `set \`batch: ${Math.max(1, data.n)}\` or less`,
    );

  const validate = validation(training, data, step);
  const session = yield* open(step.program, state.arrays);
  while (!isOver(state.figures, end)) {
    const good = state;
    const figures = yield* epoch(training, data, step, session, good, end);
    const arrays = yield* read(session);
    if (!arrays.every(allFinite)) yield* fail(training, data, step, good, figures.steps);
    state = { ...good, arrays, figures };
    if (figures.partial === undefined) {
      state = yield* afterEpoch(training, validate, step, state);
      yield { do: "progress", fraction: fractionOf(state.figures, end), figures: figuresOfEpoch(state.figures, end) };
    }
    if (
      isOver(state.figures, end) ||
      (figures.partial === undefined && figures.epochs % training.checkpointEvery === 0)
    )
      yield { do: "checkpoint", at: atOf(training, state.figures), state: toCheckpoint(step, state) };
  }
  yield* close(session);
  return resultOf(training, step, state);
}

/** All that the next step depends on. */
interface State {
  /** In the order of the program's resident values. */
  readonly arrays: readonly Tensor[];
  readonly figures: Figures;
  /** The resident values of the best epoch so far, where they may be wanted. */
  readonly best?: readonly Tensor[];
}

interface End {
  readonly epochs: number;
  readonly steps: number;
  readonly batches: number;
}

export const endOf = ({ length, batch }: Training, n: number): End => {
  const batches = Math.max(1, Math.ceil(n / batch));
  if (length === undefined) throw new TypeError("training by steps has a length");
  return "epochs" in length
    ? { epochs: length.epochs, steps: length.epochs * batches, batches }
    : { epochs: Math.ceil(length.steps / batches), steps: length.steps, batches };
};

const isOver = ({ steps, stopped }: Figures, end: End): boolean => stopped === true || steps >= end.steps;

const fractionOf = ({ steps }: Figures, end: End): number => Math.min(1, steps / end.steps);

const atOf = ({ length }: Training, { epochs, steps }: Figures): number =>
  length !== undefined && "steps" in length ? steps : epochs;

/** The rest of an epoch, up to the last step of the training: what its figures are then. `partial` holds the sums where the epoch is not over. */
function* epoch(
  training: Training,
  data: TrainData,
  step: TrainingStep,
  session: number,
  good: State,
  end: End,
): Generator<Command, Figures, Answer> {
  const before = good.figures;
  const order = permutation(training.seed, "shuffle", before.epochs, data.n);
  const sums = { loss: 0, examples: 0, hits: 0, weight: 0, ...before.partial };
  let steps = before.steps;
  const every = Math.max(1, Math.floor(end.batches / 20));
  const first = steps - before.epochs * end.batches;
  for (let i = first; i < end.batches && steps < end.steps; i++) {
    const batch = batchOf(training, data, order, before.epochs, i, end);
    const [mean, right] = yield* run(session, step.feeds(batch), { data: 0, fields: step.fields, at: batch.at });
    steps++;
    const value = mean!.data[0]!;
    if (!Number.isFinite(value)) yield* fail(training, data, step, good, steps);
    sums.loss += value * batch.count;
    sums.examples += batch.count;
    sums.hits += right?.data[0] ?? 0;
    sums.weight += weightOf(batch);
    if ((i + 1) % every === 0)
      yield {
        do: "progress",
        fraction: steps / end.steps,
        figures: { epoch: before.epochs + 1, epochs: end.epochs, step: steps, loss: sums.loss / sums.examples },
      };
  }
  const { loss, examples } = sums;
  const kept: Sums = step.hasAccuracy ? sums : { loss, examples };
  const { partial: _, ...rest } = before;
  return steps === (before.epochs + 1) * end.batches
    ? { ...rest, steps, epochs: before.epochs + 1, history: [...before.history, means(kept)] }
    : { ...rest, steps, partial: kept };
}

type Validate = ReturnType<typeof evaluator>;

const validation = (
  { network, loss }: Training,
  { validation: n, memory }: TrainData,
  { hasAccuracy }: TrainingStep,
) => {
  if (n === undefined) return undefined;
  const accuracy = { kind: "accuracy", name: "accuracy" } as const;
  const metrics = [{ kind: "loss", name: "loss" } as const, ...(hasAccuracy ? [accuracy] : [])];
  return evaluator(network, loss, metrics, n, { data: 1, quiet: true, ...(memory === undefined ? {} : { memory }) });
};

/** The validation loss, and whether to stop. */
function* afterEpoch(
  { earlyStop }: Training,
  validate: Validate | undefined,
  step: TrainingStep,
  state: State,
): Generator<Command, State, Answer> {
  let last = state.figures.history.at(-1)!;
  if (validate !== undefined) {
    const { metrics } = yield* validate(parametersOf(step, state.arrays));
    last = {
      ...last,
      validation_loss: metrics.loss!,
      ...(metrics.accuracy === undefined ? {} : { validation_accuracy: metrics.accuracy }),
    };
  }
  const figures = { ...state.figures, history: [...state.figures.history.slice(0, -1), last] };
  if (earlyStop === undefined) return { ...state, figures };
  // Without validation data there is only the training loss to go by.
  const value = last.validation_loss ?? last.loss;
  const improved = figures.best === undefined || value < figures.best.loss - earlyStop.delta;
  const best = improved ? { epoch: figures.epochs, loss: value } : figures.best!;
  return {
    arrays: state.arrays,
    figures: { ...figures, best, ...(figures.epochs - best.epoch >= earlyStop.patience ? { stopped: true } : {}) },
    ...(earlyStop.restore ? { best: improved ? state.arrays : state.best! } : {}),
  };
}

/** Batch `i` of an epoch: the next examples of its order, padded with the last of them. */
export const batchOf = (
  { batch }: Training,
  { n, rowWeights }: TrainData,
  order: Int32Array,
  epoch: number,
  i: number,
  end: End,
): BatchOf => {
  const count = Math.min(batch, n - i * batch);
  const at = new Int32Array(batch).fill(order[i * batch + count - 1]!);
  at.set(order.subarray(i * batch, i * batch + count));
  return { epoch, step: epoch * end.batches + i, at, count, ...(rowWeights === undefined ? {} : { rowWeights }) };
};

const weightOf = ({ at, count, rowWeights }: BatchOf): number => {
  if (rowWeights === undefined) return count;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += rowWeights[at[i]!]!;
  return sum;
};

/** Goes again from the last good state, looking at every step, to the first value that is not finite; then fails with what made it. */
function* fail(
  training: Training,
  data: TrainData,
  step: TrainingStep,
  good: State,
  upTo: number,
): Generator<Command, never, Answer> {
  const end = endOf(training, data.n);
  const { epochs, steps } = good.figures;
  const order = permutation(training.seed, "shuffle", epochs, data.n);
  const session = yield* open(step.program, good.arrays);
  let arrays = good.arrays;
  let failed = upTo;
  let origin = "";
  for (let at = steps; at < upTo; at++) {
    const batch = batchOf(training, data, order, epochs, at - epochs * end.batches, end);
    const rows = { data: 0, fields: step.fields, at: batch.at };
    const [mean] = yield* run(session, step.feeds(batch), rows);
    const next = yield* read(session);
    if (Number.isFinite(mean!.data[0]!) && next.every(allFinite)) {
      arrays = next;
      continue;
    }
    failed = at + 1;
    const found = yield* findOrigin(step, arrays, step.feeds(batch), rows);
    if (found !== undefined) origin = `; it came from ${showOrigin(found)}`;
    break;
  }
  yield* close(session);
  const rate = step.rate(failed - 1);
  throw new AlgorithmFailure(
    "MTT5206",
    `training met a number that is not finite at step ${failed}, in epoch ${epochs + 1}${origin}`,
    Number.isFinite(rate)
      ? `the last good state is ${epochs === 0 ? "the first" : `that after epoch ${epochs}`}; try a rate below ${Number(rate.toPrecision(3))} or \`clip: global_norm(1.0)\``
      : `the rate at this step is ${rate}: its schedule is given the step counted from 0, here ${failed - 1}`,
  );
}

export const allFinite = ({ dtype, data }: Tensor): boolean => {
  if (!isFloat(dtype)) return true;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
};

export const begin = (training: Training, step: TrainingStep, from: TrainFrom | undefined): State => {
  if (from !== undefined && "checkpoint" in from) return fromCheckpoint(step, from.checkpoint);
  const given = from?.parameters ?? initialParameters(training.network, training.seed, training.precision);
  const named = Object.fromEntries(Object.entries(given).map(([path, tensor]) => [`parameters/${path}`, tensor]));
  return {
    arrays: step.resident.map(({ name, type }) =>
      name.startsWith("optimizer/")
        ? zeros(type.dtype, type.shape)
        : fitting(step, named, name, type.shape, training.precision),
    ),
    figures: { epochs: 0, steps: 0, history: [] },
  };
};

const fitting = (
  step: TrainingStep,
  arrays: Checkpoint["arrays"],
  name: string,
  shape: readonly number[],
  precision: "f32" | "f64",
): Tensor => {
  const found = arrays[name];
  if (found !== undefined && found.shape.join() === shape.join()) return toPrecision(found, precision);
  const has = found === undefined ? "there is none" : `it is [${found.shape.join(", ")}]`;
  throw new AlgorithmFailure(
    "MTT5203",
    `the weights to start from do not fit the network: \`${name}\` should be [${shape.join(", ")}], and ${has}`,
    `the network has ${step.resident.map(({ name: has }) => has).join(", ")}`,
  );
};

const BEST = "best/";

const toCheckpoint = (step: TrainingStep, { arrays, figures, best = [] }: State): Checkpoint => ({
  arrays: {
    ...Object.fromEntries(step.resident.map(({ name }, i) => [name, arrays[i]!])),
    ...Object.fromEntries(best.map((tensor, i) => [BEST + step.resident[i]!.name, tensor])),
  },
  figures: toFigures(figures),
});

const fromCheckpoint = (step: TrainingStep, { arrays, figures }: Checkpoint): State => {
  const get = (prefix: string) =>
    step.resident.map(({ name, type }) =>
      fitting(step, arrays, prefix + name, type.shape, type.dtype === "f64" ? "f64" : "f32"),
    );
  const hasBest = Object.keys(arrays).some((name) => name.startsWith(BEST));
  return { arrays: get(""), figures: fromFigures(figures), ...(hasBest ? { best: get(BEST) } : {}) };
};

const PARAMETERS = "parameters/";

export const parametersOf = (step: TrainingStep, arrays: readonly Tensor[]): Parameters =>
  Object.fromEntries(
    step.resident.flatMap(({ name }, i) =>
      name.startsWith(PARAMETERS) ? [[name.slice(PARAMETERS.length), arrays[i]!]] : [],
    ),
  );

const resultOf = (training: Training, step: TrainingStep, state: State): TrainResult => ({
  parameters: parametersOf(step, state.best ?? state.arrays),
  figures: state.figures,
  state: toCheckpoint(step, state),
  at: atOf(training, state.figures),
});

const figuresOfEpoch = ({ epochs, steps, history }: Figures, end: End): Readonly<Record<string, number>> => ({
  epoch: epochs,
  epochs: end.epochs,
  step: steps,
  ...history.at(-1),
});
