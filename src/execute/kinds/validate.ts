import * as Effect from "effect/Effect";
import { agreement } from "../../influence/agreement.ts";
import { detection } from "../../influence/mislabeled.ts";
import { type Removal, removalsOf, type Scored, shortOf } from "../../influence/removals.ts";
import { type Retrained, retrain } from "../../influence/retrain.ts";
import type { Checkpoint } from "../../plan/algorithm.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { retrainingJson } from "../../plan/preimage.ts";
import type { Training } from "../../plan/training.ts";
import type { ByRetraining, Validate } from "../../plan/validation.ts";
import type { Tensor } from "../../shape/tensor.ts";
import { hashBytes } from "../../store/hash.ts";
import { encodeSafetensors } from "../../store/safetensors.ts";
import { readRows } from "../array-file.ts";
import type { Figures } from "../events.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import { memoryOf } from "../memory.ts";
import { type Computed, isFigures, type Outcome } from "../outcome.ts";
import { partsOf } from "../parts.ts";
import type { Setting } from "../setting.ts";
import { warn } from "../warn.ts";
import { type WeightsFile, weightsFile } from "../weights-file.ts";
import { driveStep } from "../world.ts";
import { SCORES, scoresOf } from "./influence.ts";

type ValidateStep = Step & { readonly body: Extract<Body, { readonly kind: "validate" }> };
type OfRetraining = Extract<Validate, { readonly training: Training }>;

/**
 * Figures: how the scores agree with retraining, or how early they find changed labels, with bootstrap intervals. Arrays: `points` with `predicted` and
 * `actual` change, test example by test example, and `removed` beside them; `curve` for the ways that go through a ranking.
 */
export const validateStep = (step: ValidateStep, inputs: readonly Outcome[], setting: Setting) =>
  Effect.gen(function* () {
    const { validate } = step.body;
    const file = yield* fileOf(validate, setting);
    const compute =
      "training" in validate
        ? byRetraining(step, validate, inputs, setting, file)
        : byFlips(step, validate.by.rank, inputs);
    return yield* keyed(labelWith(step, inputs, setting, file), compute);
  });

/** What a dry run asks: the key, which reads the file that a training starts from. */
export const validationLabel = (step: ValidateStep, inputs: readonly Outcome[], setting: Setting) =>
  Effect.map(fileOf(step.body.validate, setting), (file) => labelWith(step, inputs, setting, file));

const fileOf = (validate: Validate, setting: Setting) =>
  "training" in validate ? weightsFile(validate.training, setting) : Effect.succeed(undefined);

const labelWith = (step: ValidateStep, inputs: readonly Outcome[], setting: Setting, file: WeightsFile | undefined) =>
  labelOf(step, [...inputs, ...(file === undefined ? [] : [{ content: file.hash }])], setting);

const byRetraining = Effect.fnUntraced(function* (
  step: ValidateStep,
  { by, training }: OfRetraining,
  inputs: readonly Outcome[],
  setting: Setting,
  file: WeightsFile | undefined,
) {
  const [scores, model, trained] = inputs;
  const { measure, test } = step.body.influence;
  const train = trained!.data!;
  const tests = test === "self" ? undefined : inputs[3]!.data!;
  const { values: totals, index } = yield* scoresOf(scores!);
  const at = new Map(Array.from(train.index, (example, i) => [example, i]));
  const scored: Scored = { index: train.index, at: index.map((example) => at.get(example)!), totals };
  const missing = shortOf(by, scored);
  if (missing !== undefined) return yield* new StepFailure({ code: "MTT5654", ...missing });
  const removals = removalsOf(by, scored);
  if (by.kind === "leave_one_out" && removals.length < by.count)
    yield* warn(
      step,
      "MTT5002",
      `only ${removals.length} examples have a score, and ${by.count} retrainings were asked for`,
    );

  // Inputs past the tests: data that the training validates with, and the model it starts from, which is last.
  const first = test === "self" ? 3 : 4;
  const validation = training.validate ? inputs[first]!.data! : undefined;
  const warm = by.kind === "leave_one_out" && by.start === "warm";
  const startsAt = warm ? 1 : training.start === "model" ? inputs.length - 1 : undefined;
  const start =
    file?.parameters ?? (startsAt === undefined ? undefined : yield* inputs[startsAt]!.arrays("parameters"));
  const retrained = yield* driveStep(
    step,
    retrain(
      {
        training,
        key: { ...retrainingOf(training), file: file?.hash ?? null },
        reads: [2, ...(validation === undefined ? [] : [first]), ...(startsAt === undefined ? [] : [startsAt])],
        data: {
          n: train.index.length,
          ...(validation === undefined ? {} : { validation: validation.index.length }),
          ...memoryOf(setting),
        },
        ...(start === undefined ? {} : { start }),
        measure,
        test: tests === undefined ? "self" : { data: validation === undefined ? 1 : 2, n: tests.index.length },
        model: yield* model!.arrays("parameters"),
      },
      removals,
    ),
    {
      setting,
      data: [train, ...(validation === undefined ? [] : [validation]), ...(tests === undefined ? [] : [tests])],
      precision: training.precision,
      part: partsOf(step, inputs, setting, shownOf),
    },
  );
  const predicted =
    tests === undefined
      ? [sumsOver(totals, removals, scored)]
      : yield* Effect.forEach(tests.index, (_, t) =>
          Effect.map(readRows(scores!.files![SCORES]!, t, t + 1), ({ data }) => sumsOver(data, removals, scored)),
        );
  return yield* compared(step, by, { removals, scored, predicted, retrained });
});

const retrainingOf = (training: Training): Figures => {
  const json = retrainingJson(training);
  return isFigures(json) ? json : {};
};

/** What people see of a retraining in the events: its steps and the sha256 of its parameters; of other parts their figures. */
const shownOf = ({ arrays, figures }: Checkpoint): Figures => {
  if (!isFigures(figures)) return {};
  return "removed" in figures ? { ...figures, parameters: hashBytes(encodeSafetensors(arrays)) } : figures;
};

/** Sums of a row of scores over each removal. */
const sumsOver = (row: ArrayLike<number>, removals: readonly Removal[], { at, index }: Scored): Float64Array => {
  const columns = new Int32Array(index.length);
  at.forEach((position, column) => {
    columns[position] = column;
  });
  return Float64Array.from(removals, (removal) =>
    removal.at.reduce((sum, position) => sum + row[columns[position]!]!, 0),
  );
};

interface Compared {
  readonly removals: readonly Removal[];
  readonly scored: Scored;
  /** [test][removal] */
  readonly predicted: readonly Float64Array[];
  readonly retrained: Retrained;
}

/** A curve is of the mean over the test examples; the other ways compare each of them. */
const compared = Effect.fnUntraced(function* (
  step: ValidateStep,
  by: ByRetraining,
  { removals, scored, predicted, retrained }: Compared,
) {
  const { model, nothing, without, unconverged } = retrained;
  const actual = predicted.map((row, t) => row.map((_, r) => without[r]![t]! - nothing[r]![t]!));
  const drift = largest(nothing.flatMap((values, r) => Array.from(values, (value, t) => value - model[r]![t]!)));
  if (unconverged > 0)
    yield* warn(step, "MTT5002", `${unconverged} of ${removals.length + 1} retrainings did not reach their tolerance`);
  if (drift > largest(actual.flatMap((row) => [...row])))
    yield* warn(
      step,
      "MTT5002",
      `retraining with nothing removed changes the measure by ${drift.toPrecision(3)}, more than any removal: it is subtracted, and hides what removals do`,
      "train the model longer, so that there is less to gain by training again",
    );
  const curve = by.kind === "removal_curve";
  const [x, y] = curve ? [[means(predicted)], [means(actual)]] : [predicted, actual];
  const { intervals, ...found } = agreement(x, y, "seed" in by ? by.seed : 0);
  const removed = removals.map(({ at }, i) =>
    by.kind === "leave_one_out" ? scored.index[at[0]!]! : curve ? at.length : i,
  );
  const computed: Computed = {
    figures: {
      ...found,
      drift,
      retrained: removals.length,
      unconverged,
      measure: step.body.influence.measure.name,
      intervals: intervalsJson(intervals),
    },
    arrays: {
      points: {
        predicted: flat(x),
        actual: flat(y),
        removed: { dtype: "i32", shape: [x.length, removals.length], data: Int32Array.from(x.flatMap(() => removed)) },
      },
      ...(curve ? { curve: { removed: floats(removed), measure: floats(without.map((values) => mean(values))) } } : {}),
    },
  };
  return computed;
});

const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

/** Over the rows. */
const means = (rows: readonly Float64Array[]): Float64Array =>
  rows[0]!.map((_, at) => mean(rows.map((row) => row[at]!)));

const floats = (data: Iterable<number>): Tensor => {
  const values = Float64Array.from(data);
  return { dtype: "f64", shape: [values.length], data: values };
};

const flat = (rows: readonly Float64Array[]): Tensor => ({
  ...floats(rows.flatMap((row) => [...row])),
  shape: [rows.length, rows[0]!.length],
});

const intervalsJson = (intervals: Readonly<Record<string, { readonly low: number; readonly high: number }>>): Figures =>
  Object.fromEntries(Object.entries(intervals).map(([name, { low, high }]) => [name, { low, high }]));

/** Self-influence and loss are large where a label is wrong; on held-out data a wrong label does harm. */
const byFlips = Effect.fnUntraced(function* (
  step: ValidateStep,
  rank: "scores" | "loss",
  [ranks, trained]: readonly Outcome[],
) {
  const { values, index } = yield* rank === "scores" ? scoresOf(ranks!) : lossesOf(ranks!);
  const flipped = new Set([...trained!.data!.columns.values()].flatMap((column) => [...(column.flipped ?? [])]));
  const changed = Array.from(index, (example) => flipped.has(example));
  const count = changed.filter(Boolean).length;
  if (count === 0 || count === changed.length)
    return yield* new StepFailure({
      code: "MTT5654",
      message: `${count === 0 ? "none" : "all"} of the ${changed.length} scored labels were changed, so that there is nothing to tell apart`,
      help: `${count === 0 ? "raise" : "lower"} \`fraction\` of \`with_label_noise\`, or score more examples`,
    });
  const high = rank === "loss" || step.body.influence.test === "self";
  const suspicion = high ? values : values.map((value) => -value);
  const { intervals, curve, ...found } = detection(suspicion, changed, 0);
  const computed: Computed = {
    figures: { ...found, changed: count, count: changed.length, intervals: intervalsJson(intervals) },
    arrays: { curve: { checked: floats(curve.checked), found: floats(curve.found) } },
  };
  return computed;
});

const lossesOf = (predicted: Outcome) =>
  Effect.map(predicted.arrays("predictions"), ({ values, index }) => ({
    values: Float64Array.from(values!.data),
    index: Int32Array.from(index!.data),
  }));
