import type * as Effect from "effect/Effect";
import type { Figures } from "../execute/events.ts";
import type { StepFailure } from "../execute/failure.ts";
import type { Outcome } from "../execute/outcome.ts";
import type { Method } from "../plan/influence.ts";
import type { Store, StoreError } from "../store/store.ts";
import type { AxisArray } from "./axes.ts";
import { call, type Declaration, Expression, join, mtt, type Operand, pipe, record, written } from "./expression.ts";
import {
  axesOf,
  type Examples,
  effectOf,
  examplesOf,
  figuresOf,
  type Influences,
  influencesOf,
  type Member,
  membersOfFamily,
  predictionOf,
  type ScoreAxis,
  scoresOfTest,
  type Trained,
  trainedOf,
} from "./results.ts";

// Values that say what to compute, and compute nothing: `Program.get` does. Each is also an expression, so that others are made of it.

/** What `Program.get` computes, and gives as an `A`. */
export interface Handle<A> {
  readonly asks: Asked;
  readonly read: (outcome: Outcome) => Effect.Effect<A, StepFailure | StoreError, Store>;
}

/** The step whose outcome is read: the one of `steps`, or what the model that is the first says of the data that is the second. */
export interface Asked {
  /** What the first must be. */
  readonly kind: "data" | "figure" | "train" | "family" | "evaluate" | "influence" | "validate";
  readonly steps: readonly Expression[];
  readonly predicts?: { readonly result: string | undefined };
}

/** A data set: one of the program, or a query made in the script. Lazy, as in the language; indices always refer to the source. */
export class Data extends Expression implements Handle<Examples> {
  readonly asks: Asked = { kind: "data", steps: [aside(this)] };
  readonly read = examplesOf;

  /** The examples of which a condition holds: `` where(mtt`predicted(${model}) != label`) ``. */
  where(condition: Expression): Data {
    return this.#then("where", [condition]);
  }
  take(n: number): Data {
    return this.#then("take", [n]);
  }
  skip(n: number): Data {
    return this.#then("skip", [n]);
  }
  sample(n: number, options: { readonly seed?: number } = {}): Data {
    return this.#then("sample", [n], options);
  }
  shuffle(options: { readonly seed?: number } = {}): Data {
    return this.#then("shuffle", [], options);
  }
  /** The first examples, that part `at` of all, and the rest. */
  split(at: number): { readonly first: Data; readonly rest: Data } {
    const both = aside(pipe(this, call("split", [], { at }))).parts;
    return { first: new Data([...both, ".first"]), rest: new Data([...both, ".rest"]) };
  }
  without(set: Data): Data {
    return this.#then("without", [set]);
  }
  only(set: Data): Data {
    return this.#then("only", [set]);
  }
  union(set: Data): Data {
    return this.#then("union", [set]);
  }
  intersect(set: Data): Data {
    return this.#then("intersect", [set]);
  }
  withLabelNoise(options: { readonly fraction: number; readonly seed?: number }): Data {
    return this.#then("with_label_noise", [], options);
  }
  /** New or changed fields: `` map({ image: mtt`1 - image` }) ``. */
  map(fields: Readonly<Record<string, Expression>>): Data {
    return this.#then("map", [], fields);
  }

  #then(
    stage: string,
    positional: readonly Operand[],
    fields: Readonly<Record<string, Operand | undefined>> = {},
  ): Data {
    return dataOf(pipe(this, call(stage, positional, fields)));
  }
}

/** Under a name of its own a query is one step, however often it is used. */
const aside = (query: Expression, like: "data" | "model" = "data"): Expression =>
  new Expression([{ kind: "let", of: join(["= ", ""], [query]), like }]);

const dataOf = (query: Expression): Data => new Data(aside(query).parts);

const named = (kind: Exclude<Declaration["kind"], "network" | "let">, of: Expression): Declaration => ({ kind, of });

/** The fields of a train step, as the language names them; see `mtt explain` and the language page for their values. */
export interface TrainFields {
  readonly network?: Expression;
  readonly data?: Data;
  readonly loss?: Expression;
  readonly optimizer?: Expression;
  readonly batch?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly regularize?: Expression;
  readonly clip?: Expression;
  readonly augment?: Expression;
  readonly validate?: Data;
  readonly early_stop?: Expression;
  readonly checkpoint?: Expression;
  readonly start?: Model | Expression;
  readonly precision?: "f32" | "f64";
  readonly target?: Expression;
}

/** How influence is computed: the method's name and its parameters; what is left out has the language's default. */
export type MethodFields = Given<Method>;
type Given<M extends Method> = M extends Method ? Pick<M, "kind"> & Partial<Omit<M, "kind">> : never;

/** The fields of an influence step, but for the examples that it explains. */
export interface InfluenceFields {
  readonly method: MethodFields;
  /** Score these examples only, a part of the model's data. */
  readonly train?: Data;
  /** The quantity whose change is predicted: the model's loss unless given. */
  readonly measure?: "loss" | "margin" | Expression;
  readonly layers?: readonly string[];
  /** A solve may stop at this relative residual. */
  readonly accept?: number;
}

/** The fields that a sweep changes: what has several values becomes `each([…])`, and every combination of them a model. */
export type SweepFields = {
  readonly [K in keyof TrainFields]: TrainFields[K] | readonly NonNullable<TrainFields[K]>[] | Expression;
};

/** A trained network. */
export class Model extends Expression implements Handle<Trained> {
  readonly asks: Asked = { kind: "train", steps: [this] };
  readonly read = trainedOf;

  /** The same training with other fields: `classifier.with({ data, epochs: 20 })`. */
  with(fields: TrainFields): Model {
    return new Model([named("train", join(["= ", " with ", ""], [this, trainRecord(fields)]))]);
  }
  /**
   * The same training for every combination of several values: `classifier.sweep({ seed: [1, 2], epochs: [5, 10] })`. Within a value say
   * `` optimizer: mtt`adam(rate: each([1e-2, 1e-3]))` ``.
   */
  sweep(fields: SweepFields): Sweep {
    return new Sweep([named("sweep", join(["= ", " with ", ""], [this, sweepRecord(fields)]))]);
  }
  /** Metrics on a data set: accuracy and loss unless given, `` [mtt`top(3)`] ``. */
  evaluate(data: Data, metrics?: readonly Expression[]): Evaluation {
    return new Evaluation([named("evaluate", record({ model: this, data, metrics }))]);
  }
  /** Which training examples made it say that. */
  influence({ test, ...fields }: InfluenceFields & { readonly test: Data }): Influence<"test" | "train"> {
    return new Influence([influenceOf(this, test, fields)], ["test", "train"]);
  }
  /** The influence of each number of the training examples, pixels of an image. */
  inputInfluence({ test, ...fields }: InfluenceFields & { readonly test: Data }): InputInfluence {
    return new InputInfluence([influenceOf(this, test, fields, word("input"))]);
  }
  /** The influence of each training example on itself. */
  selfInfluence(fields: InfluenceFields): Influence<"train"> {
    return new Influence([influenceOf(this, word("self"), fields)], ["train"]);
  }
  /** What the network says of each example; of several results the one of this name. */
  predict(data: Data, result?: string): Prediction {
    return new Prediction(this, data, result);
  }
}

/** A training that the script declares whole. */
export const trained = (fields: TrainFields): Model => new Model([named("train", trainRecord(fields))]);

const trainRecord = ({ precision, ...fields }: TrainFields): Expression =>
  record({ ...fields, precision: precision === undefined ? undefined : word(precision) });

const sweepRecord = (fields: SweepFields): Expression =>
  record(
    Object.fromEntries(
      Object.entries(fields).map(([name, value]: [string, SweepValue]) => [
        name,
        isList(value) ? call("each", [value.map(operandOf)]) : value === undefined ? undefined : operandOf(value),
      ]),
    ),
  );

type SweepValue = string | Operand | readonly (string | Operand)[] | undefined;
const isList = (value: SweepValue): value is readonly (string | Operand)[] => Array.isArray(value);
/** A text is one of the language's words: `f64`. */
const operandOf = (value: string | Operand): Operand => (typeof value === "string" ? word(value) : value);

const word = (value: string | Expression): Expression => (typeof value === "string" ? new Expression([value]) : value);

const influenceOf = (
  model: Model,
  test: Expression,
  { method, measure, layers, accept, ...rest }: InfluenceFields,
  of?: Expression,
): Declaration =>
  named(
    "influence",
    record({
      model,
      test,
      of,
      method: methodOf(method),
      measure: measure === undefined ? undefined : word(measure),
      layers: layers?.map((layer) => written(layer)),
      accept: accept === undefined ? undefined : mtt`residual(${accept})`,
      ...rest,
    }),
  );

const methodOf = ({ kind, ...parameters }: MethodFields): Expression =>
  call(
    kind,
    [],
    Object.fromEntries(
      Object.entries(parameters).map(([name, value]: [string, string | number | undefined]) => [
        name,
        typeof value === "string" ? word(value) : value,
      ]),
    ),
  );

/** Scores of training examples: positive where removing the example would raise the measure. */
abstract class Ranking extends Expression {
  /** The training examples with the lowest scores, lowest first, summed over the test examples. */
  mostHarmful(n: number): Data {
    return dataOf(pipe(this, call("most_harmful", [n])));
  }
  /** The training examples with the highest scores, highest first, summed over the test examples. */
  mostHelpful(n: number): Data {
    return dataOf(pipe(this, call("most_helpful", [n])));
  }
  /** The predicted change of the measure when a whole set is removed: the sum of its scores, or with their interaction (`order: 2`). */
  group(set: Data, options: { readonly order?: 1 | 2 } = {}): GroupEffect {
    return new GroupEffect(pipe(this, call("group", [set], options)).parts);
  }
}

/** The effect of a group of training examples, in the measure's own unit. */
export class GroupEffect extends Expression implements Handle<number> {
  readonly asks: Asked = { kind: "figure", steps: [aside(this)] };
  readonly read = effectOf;
}

/**
 * The influence of pixels: how each number of a training example's first field changes its score, which is by how much the measure falls as the number
 * rises by 1. Axes: test, train, then the field's own.
 */
export class InputInfluence extends Expression implements Handle<Influences<string>> {
  readonly asks: Asked = { kind: "influence", steps: [this] };
  read(outcome: Outcome): ReturnType<Handle<Influences<string>>["read"]> {
    return influencesOf(outcome, (inner) => ["test", "train", ...axesOf(inner)]);
  }
}

/** An influence query: a score for every test and training example, or for each training example on itself. */
export class Influence<Axis extends ScoreAxis = ScoreAxis> extends Ranking implements Handle<Influences<Axis>> {
  readonly asks: Asked = { kind: "influence", steps: [this] };
  readonly axes: readonly Axis[];
  constructor(parts: Expression["parts"], axes: readonly Axis[]) {
    super(parts);
    this.axes = axes;
  }
  read(outcome: Outcome): ReturnType<Handle<Influences<Axis>>["read"]> {
    return influencesOf(outcome, () => this.axes);
  }
  /** How far the scores agree with retraining, or find what noise changed: `` validate(mtt`leave_one_out(count: 20)`) ``. */
  validate(by: Expression): Validation {
    return new Validation([named("validate", record({ influence: this, by }))]);
  }
  /** The scores for one test example, counted from 0. */
  ofTest(position: number): Scores {
    return new Scores(this, position);
  }
}

/** The scores for one test example of an influence query. */
export class Scores extends Ranking implements Handle<AxisArray<"train">> {
  readonly asks: Asked;
  readonly position: number;
  constructor(influence: Influence, position: number) {
    super(pipe(influence, call("of_test", [position])).parts);
    this.asks = influence.asks;
    this.position = position;
  }
  read(outcome: Outcome): ReturnType<Handle<AxisArray<"train">>["read"]> {
    return scoresOfTest(outcome, this.position);
  }
}

/** What a validation of scores comes to: `pearson`, `spearman`, `auc`, with their intervals. */
export class Validation extends Expression implements Handle<Figures> {
  readonly asks: Asked = { kind: "validate", steps: [this] };
  readonly read = figuresOf;
}

/** Metrics of a model on a data set. */
export class Evaluation extends Expression implements Handle<Figures> {
  readonly asks: Asked = { kind: "evaluate", steps: [this] };
  readonly read = figuresOf;
}

/** What a sweep's models are compared by. */
abstract class Family extends Expression implements Handle<readonly Member[]> {
  readonly asks: Asked = { kind: "family", steps: [this] };
  readonly read = membersOfFamily;

  /** The model that is best by a figure, the first of equal ones. Which end is the better one has to be said of a metric of your own. */
  best(by: "loss" | "accuracy" | Expression, options: { readonly order?: "highest" | "lowest" } = {}): Model {
    const order = options.order === undefined ? undefined : word(options.order);
    return new Model(aside(call("best", [this], { by: word(by), order }), "model").parts);
  }
}

/** A model for every combination of what a sweep changes; of each the figures of its training. */
export class Sweep extends Family {
  /** Metrics of each of its models on a data set: accuracy and loss unless given. */
  evaluate(data: Data, metrics?: readonly Expression[]): Comparison {
    return new Comparison([named("evaluate", record({ model: this, data, metrics }))]);
  }
}

/** Metrics of a sweep's models on a data set. */
export class Comparison extends Family {}

/** What a model says of the examples of a data set. */
export class Prediction implements Handle<AxisArray> {
  readonly asks: Asked;
  readonly read = predictionOf;
  constructor(model: Model, data: Data, result: string | undefined) {
    this.asks = { kind: "train", steps: [model, aside(data)], predicts: { result } };
  }
}
