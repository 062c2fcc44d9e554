import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { add, divide, innerProduct, multiply, reduceSum, scale } from "../ir/operations.ts";
import type { Measure, Network } from "../plan/network.ts";
import type { Regularizer, Training } from "../plan/training.ts";
import type { TensorType } from "../shape/tensor.ts";
import { vmap } from "../transform/vmap.ts";
import { sumOfSquares } from "./optimizers.ts";
import { withPrecision } from "./precision.ts";

export type Precision = "f32" | "f64";

/** An array of every example that a graph is fed, by its name in the data set. */
export interface FedField {
  readonly name: string;
  readonly type: TensorType;
}

/** What one example feeds: the network's fields, then the measures' targets that are not among them. */
export const fedFields = (
  network: Network,
  measures: readonly Measure[],
  precision: Precision,
): readonly FedField[] => {
  const fields = new Map<string, TensorType>();
  for (const { name, type } of network.fields) fields.set(name, inPrecision(type, precision));
  for (const { graph, targets } of measures)
    targets.forEach((name, i) => {
      if (!fields.has(name)) fields.set(name, inPrecision(graph.inputs[network.results.length + i]!.type, precision));
    });
  return [...fields].map(([name, type]) => ({ name, type }));
};

/**
 * Measures of one example, dropout off, batch norm on its running statistics: (weights…, states…, fields…) -> one value for each measure.
 * Fields are those of `fedFields`, in its order.
 */
export const exampleMeasures = (network: Network, measures: readonly Measure[], precision: Precision): Graph => {
  const b = new GraphBuilder();
  const { parameters, fields } = exampleInputs(b, network, measures, precision);
  const results = b.inline(withPrecision(network.inference, precision), [
    ...parameters,
    ...networkFields(network, fields),
  ]);
  return b.build(measures.map((measure) => applyMeasure(b, measure, results, fields, precision)));
};

/** `exampleMeasures` of every example of a batch: fields [B, …] -> [B, …] each. */
export const batchMeasures = (
  network: Network,
  measures: readonly Measure[],
  batch: number,
  precision: Precision,
): Graph => batched(exampleMeasures(network, measures, precision), parameterCount(network), batch);

/**
 * The objective that influence differentiates: (weights…, states…, fields [B, …]…, row weights [B]) -> sum of w_i L_i, and the regularizer where
 * given. With w = 1 / n for all n examples it is R; the sum over chunks of the examples is the same without holding them at once.
 */
export const weightedLoss = (
  network: Network,
  loss: Measure,
  batch: number,
  precision: Precision,
  regularize?: Regularizer,
): Graph => {
  const losses = batchMeasures(network, [loss], batch, precision);
  const b = new GraphBuilder();
  const inputs = losses.inputs.map(({ name, type }) => b.input(name, type));
  const rows = b.input("row_weights", { dtype: precision, shape: [batch] });
  const sum = innerProduct(b, b.inline(losses, inputs)[0]!, rows);
  return b.build([regularize === undefined ? sum : add(b, sum, regularizer(b, network, inputs, regularize))]);
};

/** (a / 2) times the sum of squares of the weights it names. */
export const regularizer = (
  b: GraphBuilder,
  network: Network,
  weights: readonly Value[],
  { strength, only }: Regularizer,
): Value => {
  const squares = regularized(network, only).map((i) => sumOfSquares(b, weights[i]!));
  const dtype = b.typeOf(weights[0]!).dtype === "f64" ? "f64" : "f32";
  const zero = b.constant({ dtype, shape: [], data: dtype === "f64" ? new Float64Array(1) : new Float32Array(1) });
  return squares.length === 0
    ? zero
    : scale(
        b,
        squares.reduce((x, y) => add(b, x, y)),
        strength / 2,
      );
};

/** Positions of the weights that a regularizer names: all, or those whose last path part is `only`. */
export const regularized = (network: Network, only: string | undefined): readonly number[] =>
  network.weights.flatMap(({ path }, i) => (only === undefined || path.split("/").at(-1) === only ? [i] : []));

/**
 * The objective of a training batch: (weights…, states…, fields [B, …]…, keys i32[B, 4], row weights [B], count []) ->
 * (objective, mean loss, next states…). The mean loss is the sum of w_i L_i over `count`; a padded row has weight 0 and is seen by nothing,
 * `batch_mean` included. Fails where a next state varies with the example.
 */
export const trainingObjective = (training: Training, batch: number): Graph => {
  const { network, regularize, precision } = training;
  const each = trainingExample(training);
  const parameters = parameterCount(network);
  const perBatch = vmap(
    each,
    each.inputs.map((_, i) => (i < parameters ? null : 0)),
    { size: batch, axis: "batch", outputs: each.outputs.map((_, i) => (i === 0 ? 0 : null)) },
  );
  const b = new GraphBuilder();
  const inputs = perBatch.inputs.map(({ name, type }) => b.input(name, type));
  const count = b.input("count", { dtype: precision, shape: [] });
  const [losses, ...states] = b.inline(perBatch, inputs);
  const mean = divide(b, reduceSum(b, losses!), count);
  const objective = regularize === undefined ? mean : add(b, mean, regularizer(b, network, inputs, regularize));
  return b.build([objective, mean, ...states]);
};

/** One example of a training batch: (weights…, states…, fields…, key i32[4], row weight []) -> (w L, next states…). */
const trainingExample = ({ network, loss, augment, precision }: Training): Graph => {
  const b = new GraphBuilder();
  const { parameters, fields } = exampleInputs(b, network, [loss], precision);
  const key = b.input("key", { dtype: "i32", shape: [4] });
  const weight = b.input("row_weight", { dtype: precision, shape: [] });
  const seen = networkFields(network, fields);
  const changed = augment === undefined ? seen : b.inline(withPrecision(augment, precision), [...seen, key]);
  const graph = withPrecision(network.training, precision);
  const outputs = inlineWeighted(b, graph, [...parameters, ...changed, key], weight);
  const results = outputs.slice(0, network.results.length);
  const value = applyMeasure(b, loss, results, fields, precision);
  return b.build([multiply(b, value, weight), ...outputs.slice(network.results.length)]);
};

/** Calls a graph whose `batch_mean` is to be the mean by row weights: mean(w x) / mean(w), which is mean(x) to the bit where all are 1. */
const inlineWeighted = (b: GraphBuilder, graph: Graph, inputs: readonly Value[], weight: Value): readonly Value[] => {
  if (!graph.nodes.some(({ op }) => op === "batch_mean")) return b.inline(graph, inputs);
  const values = [...inputs];
  const mean = b.apply("batch_mean", [weight], {});
  for (const { op, params, inputs: operands } of graph.nodes) {
    const mapped = operands.map((v) => values[v]!);
    if (op !== "batch_mean") {
      values.push(b.apply(op, mapped, params));
      continue;
    }
    const weighted = b.apply("batch_mean", [multiply(b, weight, mapped[0]!)], {});
    values.push(divide(b, weighted, mean));
  }
  return graph.outputs.map((v) => values[v]!);
};

/** Whether training draws random numbers, so that its graphs need keys. */
export const isRandom = ({ network, augment }: Training): boolean =>
  [network.training, ...(augment === undefined ? [] : [augment])].some(({ nodes }) =>
    nodes.some(({ op }) => op === "random_bits"),
  );

export const parameterCount = (network: Network): number => network.weights.length + network.states.length;

/** A graph of one example, for a batch: the first `shared` inputs are the same for all. */
export const batched = (graph: Graph, shared: number, batch: number): Graph =>
  vmap(
    graph,
    graph.inputs.map((_, i) => (i < shared ? null : 0)),
    { size: batch, axis: "batch" },
  );

const exampleInputs = (b: GraphBuilder, network: Network, measures: readonly Measure[], precision: Precision) => ({
  parameters: [...network.weights, ...network.states].map(({ path, type }) =>
    b.input(path, inPrecision(type, precision)),
  ),
  fields: new Map(fedFields(network, measures, precision).map(({ name, type }) => [name, b.input(name, type)])),
});

const networkFields = (network: Network, fields: ReadonlyMap<string, Value>): readonly Value[] =>
  network.fields.map(({ name }) => fields.get(name)!);

const applyMeasure = (
  b: GraphBuilder,
  { graph, targets }: Measure,
  results: readonly Value[],
  fields: ReadonlyMap<string, Value>,
  precision: Precision,
): Value => b.inline(withPrecision(graph, precision), [...results, ...targets.map((name) => fields.get(name)!)])[0]!;

export const inPrecision = (type: TensorType, precision: Precision): TensorType =>
  type.dtype === "f32" || type.dtype === "f64" ? { ...type, dtype: precision } : type;
