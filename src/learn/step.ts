import { GraphBuilder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { innerProduct } from "../ir/operations.ts";
import type { Program } from "../plan/program.ts";
import type { Training } from "../plan/training.ts";
import { constructors, type Tensor, type TensorType } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import { gradient } from "../transform/vjp.ts";
import { classifierOf, correctness } from "./classify.ts";
import { batchMeasures, fedFields, inPrecision, isRandom, trainingObjective } from "./objective.ts";
import { descend, transformationOf } from "./optimizers.ts";
import { rateAt } from "./schedules.ts";

/** One step of mini-batch training as a program, and what it is fed. */
export interface TrainingStep {
  /**
   * Resident, all updated: weights, the optimizer's memory, states. Fed: fields [B, …], then `feeds`. Answers the mean loss of the batch before the
   * step [] and, where the loss has a label, how many examples are right after it [].
   */
  readonly program: Program;
  /** Names and types of the resident arrays: `parameters/layer0/W`, `optimizer/layer0/W/m`. The memory begins as zeros. */
  readonly resident: readonly { readonly name: string; readonly type: TensorType }[];
  /** Names of the fields to feed. */
  readonly fields: readonly string[];
  readonly hasAccuracy: boolean;
  /** The learning rate of a step, counted from 0. */
  readonly rate: (step: number) => number;
  readonly feeds: (batch: BatchOf) => readonly Tensor[];
}

/** Which examples a step sees, and when. */
export interface BatchOf {
  /** Counted from 0: epochs, and steps since the beginning of training. */
  readonly epoch: number;
  readonly step: number;
  /** Positions of the examples in the data, padded to the batch; those from `count` on are padding. */
  readonly at: Int32Array;
  readonly count: number;
  /** Of every example of the data, by position; 1 each where absent. */
  readonly rowWeights?: ArrayLike<number>;
}

/**
 * The training step for batches of `batch` examples. The accuracy after the step is a forward pass of inference with the new weights; `accuracy: false`
 * leaves it out. Nothing is exact by luck: a smaller last batch is padded with rows of weight 0, and gives what a smaller graph would.
 */
export const trainingStep = (
  training: Training,
  batch: number,
  { accuracy = true }: { readonly accuracy?: boolean } = {},
): TrainingStep => {
  const { network, loss, optimizer, precision, seed } = training;
  if (optimizer.kind === "lbfgs") throw new TypeError("L-BFGS takes no steps of mini-batches");
  const transformation = transformationOf(optimizer, training.clip);
  const weights = network.weights.length;
  const fields = fedFields(network, [loss], precision);
  const memory = network.weights.flatMap(({ path, type }) =>
    transformation.memory.map((name) => ({ name: `optimizer/${path}/${name}`, type: inPrecision(type, precision) })),
  );
  const parameter = ({ path, type }: { readonly path: string; readonly type: TensorType }) => ({
    name: `parameters/${path}`,
    type: inPrecision(type, precision),
  });
  const resident = [...network.weights.map(parameter), ...memory, ...network.states.map(parameter)];
  const classifier = accuracy ? classifierOf(network, loss) : undefined;
  const random = isRandom(training);
  const scalars = Object.entries(transformation.scalars);

  const b = new GraphBuilder();
  const values = resident.map(({ name, type }) => b.input(name, type));
  const w = values.slice(0, weights);
  const states = values.slice(weights + memory.length);
  const fed = fields.map(({ name, type }) => b.input(name, { ...type, shape: [batch, ...type.shape] }));
  const keyType: TensorType = { dtype: "i32", shape: [batch, 4] };
  const keys = random ? b.input("keys", keyType) : undefined;
  const rows = b.input("row_weights", { dtype: precision, shape: [batch] });
  const count = b.input("count", { dtype: precision, shape: [] });
  const numbers = new Map(scalars.map(([name]) => [name, b.input(name, { dtype: precision, shape: [] })]));

  // Without random numbers nothing reads the keys; any will do, and the passes drop them.
  const noKeys = () => b.constant({ dtype: "i32", shape: keyType.shape, data: new Int32Array(4 * batch) });
  const derivative = gradient(
    trainingObjective(training, batch),
    network.weights.map((_, i) => i),
  );
  const [, mean, ...rest] = b.inline(derivative, [...w, ...states, ...fed, keys ?? noKeys(), rows, count]);
  const nextStates = rest.slice(0, states.length);
  const { updates, memory: nextMemory } = transformation.update({
    b,
    weights: w,
    gradients: rest.slice(states.length),
    memory: w.map((_, i) =>
      values.slice(weights + i * transformation.memory.length).slice(0, transformation.memory.length),
    ),
    scalar: (name) => numbers.get(name)!,
  });
  const nextWeights = descend(b, w, updates);
  const outputs: Value[] = [...nextWeights, ...nextMemory.flat(), ...nextStates, mean!];
  if (classifier !== undefined) {
    const measures = [correctness(network, classifier, precision), loss];
    const [hits] = b.inline(batchMeasures(network, measures, batch, precision), [
      ...nextWeights,
      ...nextStates,
      ...fed,
    ]);
    outputs.push(innerProduct(b, hits!, rows));
  }

  return {
    program: { graph: simplify(b.build(outputs)), resident: resident.length, updated: resident.length },
    resident,
    fields: fields.map(({ name }) => name),
    hasAccuracy: classifier !== undefined,
    rate: (step) => rateAt(optimizer.rate, step),
    feeds: (of) => [
      ...(random ? [keysOf(seed, of)] : []),
      rowWeights(of, precision),
      scalar(of.count, precision),
      ...scalars.map(([, number]) => scalar(number(of.step), precision)),
    ],
  };
};

/** i32[B, 4]: (seed, epoch, step, position of the example). */
const keysOf = (seed: number, { epoch, step, at }: BatchOf): Tensor => {
  const data = new Int32Array(4 * at.length);
  for (let i = 0; i < at.length; i++) {
    data[4 * i] = seed;
    data[4 * i + 1] = epoch;
    data[4 * i + 2] = step;
    data[4 * i + 3] = at[i]!;
  }
  return { dtype: "i32", shape: [at.length, 4], data };
};

const rowWeights = ({ at, count, rowWeights: given }: BatchOf, dtype: "f32" | "f64"): Tensor => {
  const data = new constructors[dtype](at.length);
  for (let i = 0; i < count; i++) data[i] = given === undefined ? 1 : given[at[i]!]!;
  return { dtype, shape: [at.length], data };
};

export const scalar = (value: number, dtype: "f32" | "f64"): Tensor => ({
  dtype,
  shape: [],
  data: constructors[dtype].of(value),
});
