import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Scope from "effect/Scope";
import type { Dataset } from "../../data/dataset.ts";
import { influence } from "../../influence/influence.ts";
import type { InfluenceResult } from "../../influence/result.ts";
import { rateAt } from "../../learn/schedules.ts";
import type { Influence } from "../../plan/influence.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { constructors, type Tensor, tensor } from "../../shape/tensor.ts";
import type { Hash } from "../../store/hash.ts";
import { Store } from "../../store/store.ts";
import { beginArray, readRows } from "../array-file.ts";
import { measuring } from "../cost.ts";
import type { Figures } from "../events.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import { type Arrays, type Computed, isFigures, loadComputed, type Outcome } from "../outcome.ts";
import { type PartFigures, partsOf } from "../parts.ts";
import type { Setting } from "../setting.ts";
import { driveStep } from "../world.ts";
import { precisionOf } from "./evaluate.ts";

type InfluenceStep = Step & { readonly body: Extract<Body, { readonly kind: "influence" }> };

/** The file of the scores: [test, training] examples, [training] for self-influence, positive where removal raises the measure. */
export const SCORES = "scores.npy";

/**
 * Figures: the certificate, and `strength_effect` summed over the test examples. Files: the scores. Arrays: `summary` with `totals`, each training
 * example's scores summed over the test examples, `train_index` and `test_index`, their indices in the sources, `strength_effect` of each test example; `top`, indices and scores, where only those are kept.
 */
export const influenceStep = (step: InfluenceStep, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.scoped(
      Effect.gen(function* () {
        const { influence: spec, part } = step.body;
        const cost = yield* measuring;
        const [model, trained] = inputs;
        const train = trained!.data!;
        const test = spec.test === "self" ? undefined : inputs[2]!.data!;
        const scored = part ? inputs[test === undefined ? 2 : 3]!.data! : train;
        yield* mustHaveExamples(scored, test);
        const columns = part ? yield* positions(scored, train) : undefined;
        const parameters = yield* model!.arrays("parameters");
        const others = inputs.slice(2 + (test === undefined ? 0 : 1) + (part ? 1 : 0));
        const models = yield* Effect.forEach(others, (other) => other.arrays("parameters"));
        const checkpoints = yield* traced(step, model!, train.index.length);
        const label = spec.loss.targets
          .map((name) => train.columns.get(name)?.field.classes)
          .find((k) => k !== undefined);
        const totals = new Float64Array(scored.index.length);
        const written = yield* scoresWriter(columns, totals, spec.of);
        const result = yield* driveStep(
          step,
          influence(spec, {
            parameters,
            n: train.index.length,
            m: test?.index.length ?? train.index.length,
            ...(setting.memory === undefined ? {} : { budget: setting.memory }),
            ...(columns === undefined ? {} : { part: columns }),
            ...(label === undefined ? {} : { classes: label }),
            ...(checkpoints === undefined ? {} : { checkpoints }),
            ...(models.length === 0 ? {} : { models }),
          }),
          {
            setting,
            data: test === undefined ? [train] : [train, test],
            precision: precisionOf(parameters),
            part: partsOf(step, inputs, setting, told),
            phase: cost.phase,
            block: ({ shape, values }) => written.take(shape, values),
          },
        );
        if (result.scores !== undefined) yield* written.take(result.scores.shape, result.scores);
        const scores = yield* written.finish;
        const computed: Computed = {
          figures: {
            ...certificate(result, spec),
            ...(result.strengthEffect === undefined
              ? {}
              : {
                  strength_effect: Float64Array.from(result.strengthEffect.data).reduce(
                    (sum, effect) => sum + effect,
                    0,
                  ),
                }),
            measure: spec.measure.name,
            test: test?.index.length ?? 0,
            train: scored.index.length,
          },
          arrays: {
            summary: {
              ...(scores !== undefined && spec.of === "example"
                ? { totals: { dtype: "f64", shape: [totals.length], data: totals } }
                : {}),
              train_index: indices(scored),
              ...(test === undefined ? {} : { test_index: indices(test) }),
              ...(result.strengthEffect === undefined ? {} : { strength_effect: result.strengthEffect }),
            },
            ...topOf(result, train),
          },
          ...(scores === undefined ? {} : { files: { [SCORES]: scores } }),
          cost: yield* cost.read,
        };
        return computed;
      }),
    ),
  );

/** What people see of a part: its plain figures. */
const told: PartFigures = ({ figures }) =>
  isFigures(figures)
    ? Object.fromEntries(Object.entries(figures).filter(([, value]) => typeof value !== "object"))
    : {};

/** A score of every example that was scored, by its index: summed over the test examples, or that of one of them. */
export const scoresOf = Effect.fnUntraced(function* (outcome: Outcome, test?: number) {
  const { totals, train_index, test_index } = yield* outcome.arrays("summary");
  const index = Int32Array.from(train_index!.data);
  if (test === undefined) return { values: Float64Array.from(totals!.data), index };
  const tests = test_index?.data.length ?? 0;
  if (test >= tests) return yield* noSuchTest(test, tests);
  const row = yield* readRows(outcome.files![SCORES]!, test, test + 1);
  return { values: Float64Array.from(row.data), index };
});

export const noSuchTest = (test: number, tests: number): StepFailure =>
  new StepFailure({
    code: "MTT5653",
    message: `of_test(${test}) asks for a test example that is not there: the query has ${tests}`,
    help: `test examples are counted from 0: 0 to ${tests - 1}`,
  });

/** Tests need examples, and so does training. */
const mustHaveExamples = (train: Dataset, test: Dataset | undefined) =>
  test?.index.length === 0 || train.index.length === 0
    ? Effect.fail(
        new StepFailure({
          code: "MTT5651",
          message:
            test?.index.length === 0 ? "there is no test example to explain" : "there is no training example to score",
          help: "the data set is empty: see what its query leaves",
        }),
      )
    : Effect.void;

/** Where the examples of a part stand in all; refuses what the model was not trained with. */
export const positions = Effect.fnUntraced(function* (part: Dataset, all: Dataset) {
  const at = new Map(Array.from(all.index, (example, i) => [example, i]));
  const differs = [...all.columns].some(([name, { hash }]) => part.columns.get(name)?.hash !== hash);
  if (part.source !== all.source || differs) return yield* notTheModels(undefined);
  const found = new Int32Array(part.index.length);
  for (const [i, example] of part.index.entries()) {
    const position = at.get(example);
    if (position === undefined) return yield* notTheModels(example);
    found[i] = position;
  }
  return found;
});

export const notTheModels = (example: number | undefined) =>
  new StepFailure({
    code: "MTT5652",
    message:
      example === undefined
        ? "these examples are not those that the model was trained with: another source, or changed fields"
        : `the model was not trained with example ${example}, which has no influence on it`,
    help: "name a part of the data that the model was trained with",
  });

/** Scores go to a file row by row, a part's columns only; their sums over the test examples are gathered on the way. */
const scoresWriter = (columns: Int32Array | undefined, totals: Float64Array, of: "example" | "input") => {
  let file: Effect.Success<ReturnType<typeof beginArray>> | undefined;
  const take = Effect.fnUntraced(function* (shape: readonly number[], values: Tensor) {
    const axis = of === "example" ? shape.length - 1 : -1;
    const n = columns?.length ?? shape[axis]!;
    file ??= yield* beginArray(values.dtype, of === "example" ? [...shape.slice(0, -1), n] : shape);
    const rows = of === "example" && columns !== undefined ? chosen(values, shape[axis]!, columns) : values;
    if (of === "example") for (let i = 0; i < rows.data.length; i++) totals[i % n]! += rows.data[i]!;
    yield* file.write(rows);
  });
  return Effect.map(Effect.all([Store, Effect.scope]), ([store, scope]) => ({
    take: (shape: readonly number[], values: Tensor) =>
      take(shape, values).pipe(Effect.provideService(Store, store), Effect.provideService(Scope.Scope, scope)),
    finish: Effect.suspend(() => file?.finish ?? Effect.succeed(undefined)),
  }));
};

/** The columns of rows of n numbers. */
const chosen = ({ dtype, data }: Tensor, n: number, columns: Int32Array): Tensor => {
  const rows = data.length / n;
  const out = new constructors[dtype](rows * columns.length);
  for (let i = 0; i < rows; i++)
    for (const [j, column] of columns.entries()) out[i * columns.length + j] = data[i * n + column]!;
  return { dtype, shape: [rows, columns.length], data: out };
};

/**
 * What TracIn follows: the epochs that the program says are kept, up to where the training ended, each with its rate. Those that the store lacks (a
 * training that kept fewer, a damaged object) are trained again: the scores are those of the program, whatever the store has seen.
 */
const traced = Effect.fnUntraced(function* ({ body: { traced } }: InfluenceStep, model: Outcome, n: number) {
  if (traced === undefined || model.epochs === undefined) return undefined;
  const { rate, batch, bySteps, every } = traced;
  const end = Number(model.figures[bySteps ? "steps" : "epochs"]);
  const stride = bySteps ? every * Math.ceil(n / batch) : every;
  const checkpoints: { readonly parameters: Arrays; readonly rate: number }[] = [];
  for (let at = Math.min(stride, end), last = 0; at > last; last = at, at = Math.min(at + stride, end)) {
    const { parameters, steps } = (yield* keptAt(model.epochs, at)) ?? (yield* trainedAgain(model, at));
    checkpoints.push({ parameters, rate: rateAt(rate, steps) });
  }
  return checkpoints;
});

/** The weights after an epoch, if they are stored and whole, and the steps till then. */
const keptAt = Effect.fnUntraced(function* (epochs: Hash, at: number) {
  const store = yield* Store;
  const stored = yield* store.getResult(epochs, at);
  const loaded = Option.isSome(stored) ? yield* loadComputed(stored.value) : Option.none<Computed>();
  if (Option.isNone(loaded)) return undefined;
  const { arrays, figures } = loaded.value;
  return arrays.parameters === undefined
    ? undefined
    : { parameters: arrays.parameters, steps: Number(figures.steps ?? 0) };
});

const trainedAgain = Effect.fnUntraced(function* ({ epochs, retrace }: Outcome, at: number) {
  if (retrace !== undefined) yield* retrace(at);
  const kept = epochs === undefined ? undefined : yield* keptAt(epochs, at);
  return (
    kept ??
    (yield* new StepFailure({
      code: "MTT5607",
      message: `tracin needs the weights at ${at}, and training again did not bring them`,
      help: "say `checkpoint: every(1, epoch)`, or use another store with --store DIR",
    }))
  );
});

const indices = ({ index }: Dataset): Tensor => ({ dtype: "i32", shape: [index.length], data: index });

/** Positions become indices in the source. */
const topOf = ({ top }: InfluenceResult, train: Dataset): Readonly<Record<string, Arrays>> => {
  if (top === undefined) return {};
  const named = ({ shape, data }: Tensor): Tensor =>
    tensor(
      "i32",
      shape,
      Array.from(data, (position) => train.index[position]!),
    );
  return {
    top: {
      helpful_index: named(top.helpful.index),
      helpful_score: top.helpful.score,
      harmful_index: named(top.harmful.index),
      harmful_score: top.harmful.score,
    },
  };
};

/** How a score is to be read: that of a pixel is the derivative of its example's. */
const SIGNS = {
  example: "positive: removing the example raises the measure",
  input: "positive: raising the number lowers the measure, by so much for each unit",
};

/** The certificate by the names that expressions use, with the sign and the unit of the scores. */
const certificate = ({ certificate: of }: InfluenceResult, { of: asked }: Influence): Figures => {
  const { gradientNorm, eigenvalues, details, residuals, ...rest } = of;
  const figures = {
    ...rest,
    ...(residuals === undefined ? {} : { residuals }),
    ...(gradientNorm === undefined ? {} : { gradient: gradientNorm }),
    ...(eigenvalues === undefined ? {} : eigenvalues),
    details,
    sign: SIGNS[asked],
  };
  return isFigures(figures) ? figures : {};
};
