import * as Effect from "effect/Effect";
import { gatherInto } from "../data/gather.ts";
import { readRows } from "../execute/array-file.ts";
import type { Figures } from "../execute/events.ts";
import { StepFailure } from "../execute/failure.ts";
import { membersOf } from "../execute/kinds/family.ts";
import { noSuchTest, SCORES } from "../execute/kinds/influence.ts";
import type { Outcome } from "../execute/outcome.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import { AxisArray } from "./axes.ts";

export type ScoreAxis = "test" | "train";

/** Examples of a data set, whole. */
export interface Examples {
  readonly count: number;
  /** Where they came from: `mnist`, or `glyphs (fallback of mnist)`. */
  readonly origin: string;
  /** Their indices in the source. */
  readonly index: Int32Array;
  /** By field, the first axis `example`. A field of three axes has `height`, `width`, `channel`, others `axis0`, `axis1`, … */
  readonly fields: Readonly<Record<string, AxisArray>>;
}

/** A trained network's weights and states by path: `layer0/W`. */
export interface Trained {
  readonly parameters: Readonly<Record<string, Tensor>>;
  /** `epochs`, `loss`, `accuracy` of the last epoch, `parameters` (sha256 of them). */
  readonly figures: Figures;
}

/** The predicted change of the measure on a test example when a training example is removed, in the measure's own unit. */
export interface Influences<Axis extends string> {
  readonly scores: AxisArray<Axis>;
  /**
   * The derivative of the measure on each test example (for self-influence: each training example) by the regularizer's strength, all the rest retrained;
   * absent without a regularizer, and of methods that do not solve.
   */
  readonly strengthEffect?: AxisArray;
  /** The certificate: residual, damping, products with the Hessian, seconds; what the method has of them. */
  readonly certificate: Figures;
}

/** A model of a sweep: its name, what it was given, and the figures it came to. */
export interface Member {
  readonly name: string;
  readonly given: Readonly<Record<string, number | string | boolean>>;
  readonly figures: Readonly<Record<string, number | string | boolean>>;
}

/** More bytes than this are not read into one array. */
const LIMIT = 2 ** 31;

const fitting = (what: string, shape: readonly number[], width: number) =>
  sizeOf(shape) * width <= LIMIT
    ? Effect.void
    : Effect.fail(
        new StepFailure({
          code: "MTT5701",
          message: `${what} of [${shape.join(", ")}] would take ${((sizeOf(shape) * width) / 2 ** 30).toFixed(1)} GiB in one array`,
          help: "ask for a part: `take(n)` of a data set, `ofTest(k)` of scores",
        }),
      );

export const figuresOf = ({ figures }: Outcome) => Effect.succeed(figures);

/** In the order of the sweep. */
export const membersOfFamily = ({ figures }: Outcome): Effect.Effect<readonly Member[]> =>
  Effect.succeed(membersOf(figures));

/** The effect of a group: the predicted change of the measure when all of it is removed. */
export const effectOf = ({ figures }: Outcome) => Effect.succeed(Number(figures.effect));

export const examplesOf = Effect.fnUntraced(function* ({ data }: Outcome) {
  if (data === undefined) throw new TypeError("a data set comes of its step");
  const positions = Int32Array.from(data.index.keys());
  const fields: Record<string, AxisArray> = {};
  for (const [name, { field }] of data.columns) {
    const { shape, dtype } = field.type;
    yield* fitting(`the field ${name}`, [data.index.length, ...shape], dtype === "f64" ? 8 : 4);
    const values = gatherInto(data, name, positions, dtype === "f64" ? "f64" : "f32");
    fields[name] = new AxisArray(["example", ...axesOf(shape)], values, { example: data.index });
  }
  const examples: Examples = { count: data.index.length, origin: data.origin, index: data.index, fields };
  return examples;
});

export const axesOf = (shape: readonly number[]): readonly string[] =>
  shape.length === 3 ? ["height", "width", "channel"] : shape.map((_, i) => `axis${i}`);

export const trainedOf = ({ arrays, figures }: Outcome) =>
  Effect.map(arrays("parameters"), (parameters): Trained => ({ parameters, figures }));

/** Scores of every test and training example; axes beyond the named ones are those of a field. */
export const influencesOf = Effect.fnUntraced(function* <Axis extends string>(
  outcome: Outcome,
  axes: (inner: readonly number[]) => readonly Axis[],
) {
  const { index, file, strength } = yield* keptScores(outcome);
  const { shape } = yield* readRows(file, 0, 0);
  const examples = index.test === undefined ? [index.train.length] : [index.test.length, index.train.length];
  const whole = [examples[0]!, ...shape.slice(1)];
  yield* fitting("scores", whole, 8);
  const rows = yield* readRows(file, 0, examples[0]!);
  const named = axes(whole.slice(examples.length));
  const influences: Influences<Axis> = {
    scores: new AxisArray(named, rows, index),
    ...(strength === undefined ? {} : { strengthEffect: new AxisArray(named.slice(0, 1), strength, index) }),
    certificate: outcome.figures,
  };
  return influences;
});

/** Scores of every training example for one test example. */
export const scoresOfTest = Effect.fnUntraced(function* (outcome: Outcome, position: number) {
  const { index, file, count } = yield* keptScores(outcome);
  if (!(Number.isInteger(position) && position >= 0 && position < count.test))
    return yield* noSuchTest(position, count.test);
  const { dtype, data } = yield* readRows(file, position, position + 1);
  return new AxisArray(["train"], { dtype, shape: [data.length], data }, { train: index.train });
});

const keptScores = Effect.fnUntraced(function* ({ arrays, files }: Outcome) {
  const { train_index, test_index, strength_effect: strength } = yield* arrays("summary");
  const file = files?.[SCORES];
  if (file === undefined)
    return yield* new StepFailure({
      code: "MTT5702",
      message: "this influence keeps only the most helpful and most harmful examples, and not all scores",
      help: "leave `top` out: the solves are shared",
    });
  const index = {
    train: Int32Array.from(train_index?.data ?? []),
    ...(test_index === undefined ? {} : { test: Int32Array.from(test_index.data) }),
  };
  return { file, index, strength, count: { train: index.train.length, test: index.test?.length ?? 0 } };
});

/** What a network says of each example: the axes after `example` are those of its result. */
export const predictionOf = ({ arrays }: Outcome) =>
  Effect.map(arrays("predictions"), ({ values, index }) => {
    const { shape } = values!;
    return new AxisArray(["example", ...(shape.length === 2 ? ["class"] : axesOf(shape.slice(1)))], values!, {
      example: Int32Array.from(index!.data),
    });
  });
