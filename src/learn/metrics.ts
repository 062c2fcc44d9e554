import { batchWithin } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { type Algorithm, AlgorithmFailure, close, open, run } from "../plan/algorithm.ts";
import type { Measure, Network } from "../plan/network.ts";
import type { Metric } from "../plan/plan.ts";
import type { Program } from "../plan/program.ts";
import { type Tensor, type TensorType, zeros } from "../shape/tensor.ts";
import { type Classifier, classifierOf } from "./classify.ts";
import { batchMeasures, exampleMeasures, fedFields, type Precision, parameterCount } from "./objective.ts";

/** Weights and states by path. */
export type Parameters = Readonly<Record<string, Tensor>>;

export interface EvaluateOptions {
  /** Examples in one run; what fits a modest memory where absent. Results do not depend on it beyond rounding. */
  readonly batch?: number;
  /** Bytes that a run may hold, parameters among them, where `batch` is absent. */
  readonly memory?: number;
  /** Which of the step's data inputs; 0 where absent. */
  readonly data?: number;
  /** Without progress: inside another algorithm, which has its own. */
  readonly quiet?: boolean;
}

export interface Evaluation {
  readonly count: number;
  /** The metrics asked for, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The loss of every example, by position. */
  readonly losses: Float64Array;
  /** Where the loss has a label. */
  readonly classified?: Classified;
}

export interface Classified {
  readonly classes: number;
  readonly predicted: Int32Array;
  /** [label, predicted], row-major: how many examples. */
  readonly confusion: Int32Array;
}

/** The metrics of a network over n examples, in inference mode, streamed in batches: memory does not grow with n but for one number an example. */
export function* evaluate(
  network: Network,
  parameters: Parameters,
  loss: Measure,
  metrics: readonly Metric[],
  n: number,
  options: EvaluateOptions = {},
): Algorithm<Evaluation> {
  return yield* evaluator(network, loss, metrics, n, options)(parameters);
}

/** `evaluate` for one set of parameters after another: its program is made once. */
export const evaluator = (
  network: Network,
  loss: Measure,
  metrics: readonly Metric[],
  n: number,
  options: EvaluateOptions = {},
): ((parameters: Parameters) => Algorithm<Evaluation>) => {
  const classifier = classifierOf(network, loss);
  const columns = new Map<string, Measure>([["loss", loss]]);
  if (classifier !== undefined) columns.set("cell", classifier.cell);
  for (const metric of metrics)
    for (const [key, measure] of rule(metric.kind).reads(metric, classifier)) columns.set(key, measure);
  const measured = streamer(network, [...columns.values()], n, options);
  return function* (parameters) {
    if (n === 0)
      throw new AlgorithmFailure(
        "MTT5202",
        "there is no example to evaluate",
        "see what its query leaves of the data set",
      );
    const arrays = yield* measured(parameters);
    const values = new Map([...columns.keys()].map((key, i) => [key, arrays[i]!.data]));
    const losses = Float64Array.from(values.get("loss")!);
    const bad = losses.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) yield { do: "warn", message: `the loss of the example at ${bad} is ${losses[bad]}` };
    return {
      count: n,
      metrics: Object.fromEntries(
        metrics.map((metric) => [metric.name, rule(metric.kind).of(metric, values, classifier)]),
      ),
      losses,
      ...(classifier === undefined ? {} : { classified: classify(values.get("cell")!, classifier.classes) }),
    };
  };
};

/** The measure of every example, [n, …]: one pass in inference mode. */
export function* predict(
  network: Network,
  parameters: Parameters,
  measure: Measure,
  n: number,
  options: EvaluateOptions = {},
): Algorithm<Tensor> {
  const [values] = yield* streamer(network, [measure], n, options)(parameters);
  return values!;
}

/** Measures of every example, [n, …] each. */
const streamer = (
  network: Network,
  measures: readonly Measure[],
  n: number,
  { batch, memory, data = 0, quiet = false }: EvaluateOptions,
): ((parameters: Parameters) => Algorithm<readonly Tensor[]>) => {
  const prepared = new Map<Precision, Prepared>();
  return function* (parameters) {
    const resident = inOrder(network, parameters);
    const precision: Precision = resident.some(({ dtype }) => dtype === "f64") ? "f64" : "f32";
    const { program, size, types, fields } =
      prepared.get(precision) ?? prepare(network, measures, n, precision, batch, memory);
    prepared.set(precision, { program, size, types, fields });
    const results = types.map(({ dtype, shape }) => zeros(dtype, [n, ...shape]));
    if (n === 0) return results;

    const session = yield* open(program, resident);
    let outputs: readonly Tensor[] | undefined;
    for (let start = 0; start < n; start += size) {
      const count = Math.min(size, n - start);
      // The last batch is filled up with its last example; what it gives again is dropped.
      const at = Int32Array.from({ length: size }, (_, i) => start + Math.min(i, count - 1));
      outputs = yield* run(session, [], { data, fields, at }, outputs);
      outputs.forEach((output, i) => {
        const width = output.data.length / size;
        results[i]!.data.set(output.data.subarray(0, count * width), start * width);
      });
      if (!quiet) yield { do: "progress", fraction: (start + count) / n, figures: { examples: start + count } };
    }
    yield* close(session);
    return results;
  };
};

interface Prepared {
  readonly program: Program;
  /** Examples in one run. */
  readonly size: number;
  /** Of one example's measures. */
  readonly types: readonly TensorType[];
  readonly fields: readonly string[];
}

const prepare = (
  network: Network,
  measures: readonly Measure[],
  n: number,
  precision: Precision,
  batch: number | undefined,
  memory: number | undefined,
): Prepared => {
  const each = exampleMeasures(network, measures, precision);
  const graphOf = (size: number) => batchMeasures(network, measures, size, precision);
  const size = batch ?? batchWithin(graphOf, memory ?? DEFAULT_MEMORY, Math.min(n, MOST));
  const graph = graphOf(size);
  return {
    program: { graph, resident: parameterCount(network), updated: 0 },
    size,
    types: each.outputs.map((value) => typeAt(each, value)),
    fields: fedFields(network, measures, precision).map(({ name }) => name),
  };
};

/** The arrays of a model in the network's order: weights, then states. */
export const inOrder = (network: Network, parameters: Parameters): readonly Tensor[] =>
  [...network.weights, ...network.states].map(({ path, type }) => {
    const found = parameters[path];
    if (found === undefined || found.shape.join() !== type.shape.join())
      throw new AlgorithmFailure(
        "MTT5203",
        `the weights do not fit the network: \`${path}\` is [${type.shape.join(", ")}], and ${found === undefined ? "they have none" : `theirs is [${found.shape.join(", ")}]`}`,
        `they hold ${Object.keys(parameters).join(", ")}`,
      );
    return found;
  });

/** Examples in one run: more gain nothing. */
const MOST = 1024;
const DEFAULT_MEMORY = 64 * 1024 * 1024;

const typeAt = ({ inputs, nodes }: Graph, value: number): TensorType =>
  (value < inputs.length ? inputs[value] : nodes[value - inputs.length])!.type;

type Values = ReadonlyMap<string, ArrayLike<number>>;

interface Rule<M> {
  /** What the metric reads of every example, by a name of its own. */
  readonly reads: (metric: M, classifier: Classifier | undefined) => readonly (readonly [string, Measure])[];
  readonly of: (metric: M, values: Values, classifier: Classifier | undefined) => number;
}

const rules: { readonly [K in Metric["kind"]]: Rule<Extract<Metric, { kind: K }>> } = {
  loss: { reads: () => [], of: (_, values) => mean(values.get("loss")!) },
  accuracy: {
    reads: (metric, classifier) => {
      needs(metric, classifier);
      return [];
    },
    of: (metric, values, classifier) => {
      const { classes } = needs(metric, classifier);
      return mean(Array.from(values.get("cell")!, (cell) => (isRight(cell, classes) ? 1 : 0)));
    },
  },
  top: {
    reads: (metric, classifier) => [["rank", needs(metric, classifier).rank]],
    of: ({ k }, values) => mean(Array.from(values.get("rank")!, (rank) => (rank < k ? 1 : 0))),
  },
  auc: {
    reads: (metric, classifier) => {
      const found = needs(metric, classifier);
      if (found.classes !== 2) throw new TypeError(`auc of ${found.classes} classes`);
      return [["score", found.score]];
    },
    of: (metric, values, classifier) => {
      const { classes } = needs(metric, classifier);
      return auc(
        values.get("score")!,
        Array.from(values.get("cell")!, (cell) => Math.floor(cell / classes) === 1),
      );
    },
  },
  mean: {
    reads: ({ name, measure }) => [[`measure ${name}`, measure]],
    of: ({ name }, values) => mean(values.get(`measure ${name}`)!),
  },
};

/** The rule of the metric's own kind: TypeScript cannot tie the two together by itself. */
const rule = <K extends Metric["kind"]>(kind: K): Rule<Extract<Metric, { kind: K }>> => rules[kind];

/** Elaboration lets no metric of classes through where there are none. */
const needs = ({ name }: Metric, classifier: Classifier | undefined): Classifier => {
  if (classifier !== undefined) return classifier;
  throw new TypeError(`${name} of a network that tells no classes apart`);
};

const isRight = (cell: number, classes: number): boolean => Math.floor(cell / classes) === cell % classes;

const classify = (cells: ArrayLike<number>, classes: number): Classified => {
  const confusion = new Int32Array(classes * classes);
  const predicted = new Int32Array(cells.length);
  for (let i = 0; i < cells.length; i++) {
    confusion[cells[i]!]! += 1;
    predicted[i] = cells[i]! % classes;
  }
  return { classes, predicted, confusion };
};

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

/** The chance that an example of class 1 scores higher than one of class 0, ties counting half: the rank-sum statistic. NaN where a class is missing. */
export const auc = (scores: ArrayLike<number>, positive: readonly boolean[]): number => {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    if (end === start) return Number.NaN;
    for (let i = start; i < end; i++) if (positive[order[i]!]) ranks += (start + 1 + end) / 2;
    start = end;
  }
  const ones = positive.filter(Boolean).length;
  return (ranks - (ones * (ones + 1)) / 2) / (ones * (positive.length - ones));
};
