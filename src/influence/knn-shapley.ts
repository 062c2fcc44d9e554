import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { add, contract, reduceSum, reshape, scale, square, subtract } from "../ir/operations.ts";
import { classifierOf } from "../learn/classify.ts";
import { batched, fedFields, inPrecision, parameterCount } from "../learn/objective.ts";
import { withPrecision } from "../learn/precision.ts";
import { AlgorithmFailure } from "../plan/algorithm.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import type { Asking } from "./asking.ts";
import type { Scorer } from "./method.ts";
import { batches, closePass, nothing, openPass } from "./pass.ts";
import type { Problem } from "./problem.ts";
import { lastLayerOf } from "./representer.ts";

/** Test examples whose distances are computed at once. */
const TESTS = 64;

/**
 * Exact Shapley values of a k-nearest-neighbour classifier (Jia et al. 2019, "Efficient task-specific data valuation for nearest neighbor algorithms",
 * theorem 1), by distance of what enters the network's last layer, or of the first field where no layer is found. The value of a set of examples for a
 * test example is the share of its k nearest that have the test example's label; a score is an example's part in it, so a positive one is helpful: its
 * removal lowers that share, and raises the error. The measure is not read. Fails with MTT5609 where the loss has no label.
 */
export const knnShapley = (k: number): Scorer =>
  function* (problem, sink) {
    const { m, n, self, testData } = problem;
    const { features, describe } = featuresOf(problem);
    const train = yield* featureRows(problem, features, 0, n);
    const test = self ? train : yield* featureRows(problem, features, testData, m);
    const own = new Float64Array(self ? n : 0);
    const nearest = yield* distancesOf(problem, features);
    for (let from = 0; from < m; from += TESTS) {
      const to = Math.min(m, from + TESTS);
      const distances = yield* nearest.to(test.rows, from, to);
      const bad = distances.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new AlgorithmFailure(
          "MTT5602",
          `the distance of the training example at ${bad % n} to the test example at ${from + Math.floor(bad / n)} is ${distances[bad]}`,
          "see that the data of both and the model's parameters are finite",
        );
      const scores = new Float64Array(self ? 0 : (to - from) * n);
      for (let i = from; i < to; i++) {
        const row = distances.subarray((i - from) * n, (i - from + 1) * n);
        const values = shapleyOfNeighbours(row, train.labels, test.labels[i]!, k);
        if (self) own[i] = values[i]!;
        else scores.set(values, (i - from) * n);
      }
      if (!self) yield* sink.put(from, to - from, scores);
      yield { do: "progress", fraction: to / m, figures: { tests: to } };
    }
    yield* nearest.close();
    if (self) yield* sink.put(0, n, own);
    return { k, features: describe, of: "the share of the k nearest with the right label" };
  };

/**
 * The Shapley values of all examples in one test example's vote: from the farthest, s = [right] min(k, n) / (k n), to the nearest by
 * s_i = s_{i+1} + ([i right] - [i + 1 right]) / k * min(k, i) / i, i counted from 1. Equal distances in the order of the examples.
 */
export const shapleyOfNeighbours = (
  distances: Float64Array,
  labels: Int32Array,
  label: number,
  k: number,
): Float64Array => {
  const n = distances.length;
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((i, j) => distances[i]! - distances[j]! || i - j);
  const right = (at: number): number => (labels[order[at]!] === label ? 1 : 0);
  const values = new Float64Array(n);
  let value = n === 0 ? 0 : (right(n - 1) * Math.min(k, n)) / (k * n);
  for (let at = n - 1; at >= 0; at--) {
    if (at < n - 1) value += ((right(at) - right(at + 1)) / k) * (Math.min(k, at + 1) / (at + 1));
    values[order[at]!] = value;
  }
  return values;
};

/** Of one example: (weights…, states…, fields…) -> (features [d], label i32[]). */
const featuresOf = (problem: Problem): { readonly features: Graph; readonly describe: string } => {
  const { network, loss, precision } = problem;
  const classifier = classifierOf(network, loss);
  if (classifier === undefined)
    throw new AlgorithmFailure(
      "MTT5609",
      "knn_shapley votes with labels, and the loss compares with none",
      "use another method: cg, ekfac, trak",
    );
  const graph = withPrecision(network.inference, precision);
  const last = lastLayerOf(network);
  const b = new GraphBuilder();
  const parameters = [...network.weights, ...network.states].map(({ path, type }) =>
    b.input(path, inPrecision(type, precision)),
  );
  const fields = new Map(fedFields(network, [loss], precision).map(({ name, type }) => [name, b.input(name, type)]));
  const inputs = [...parameters, ...network.fields.map(({ name }) => fields.get(name)!)];
  const at = last?.x ?? parameters.length;
  const [value] = b.inline({ ...graph, outputs: [at] }, inputs);
  const flat = reshape(b, value!, [sizeOf(b.typeOf(value!).shape)]);
  return {
    features: b.build([flat, fields.get(classifier.label)!]),
    describe: last === undefined ? network.fields[0]!.name : `what enters ${network.weights[last.weight]!.path}`,
  };
};

/** Features [n, d] and labels of a data set. Only test examples' features are kept. */
function* featureRows(
  problem: Problem,
  features: Graph,
  data: 0 | 1,
  examples: number,
): Asking<{ readonly rows: Float64Array; readonly labels: Int32Array }> {
  const { network, loss, precision, self } = problem;
  const keep = data === 1 || self;
  const width = widthOf(features);
  const pass = yield* openPass(problem, {
    graph: (batch) => batched(features, parameterCount(network), batch),
    fields: fedFields(network, [loss], precision),
    data,
    examples,
  });
  const rows = new Float64Array(keep ? examples * width : 0);
  const labels = new Int32Array(examples);
  yield* pass.each(batches(pass), nothing, ([values, of], batch) => {
    if (keep) rows.set(values!.data.subarray(0, batch.count * width), batch.from * width);
    labels.set(of!.data.subarray(0, batch.count), batch.from);
  });
  yield* closePass(pass);
  return { rows, labels };
}

const widthOf = ({ inputs, nodes, outputs }: Graph): number => {
  const at = outputs[0]!;
  return (at < inputs.length ? inputs[at]! : nodes[at - inputs.length]!).type.shape[0]!;
};

/** Squared distances of the training examples' features to some test examples'. */
function* distancesOf(problem: Problem, features: Graph) {
  const { network, loss, precision, n } = problem;
  const width = widthOf(features);
  const pass = yield* openPass(problem, {
    graph: (batch) => distanceGraph(problem, features, batch, width),
    fields: fedFields(network, [loss], precision),
    data: 0,
    examples: n,
    again: true,
  });
  return {
    *to(rows: Float64Array, from: number, end: number): Asking<Float64Array> {
      const padded = new Float64Array(TESTS * width);
      padded.set(rows.subarray(from * width, end * width));
      const fed: Tensor =
        precision === "f64"
          ? { dtype: "f64", shape: [TESTS, width], data: padded }
          : { dtype: "f32", shape: [TESTS, width], data: Float32Array.from(padded) };
      const result = new Float64Array((end - from) * n);
      yield* pass.each(
        batches(pass),
        () => [fed],
        ([tile], batch) => {
          for (let i = 0; i < end - from; i++)
            for (let j = 0; j < batch.count; j++) result[i * n + batch.from + j] = tile!.data[i * pass.size + j]!;
        },
      );
      return result;
    },
    close: () => closePass(pass),
  };
}

/** (weights…, states…, fields [B, …]…, tests [k, d]) -> ‖x − t‖², [k, B] */
const distanceGraph = ({ network, precision }: Problem, features: Graph, batch: number, width: number): Graph => {
  const each = batched(features, parameterCount(network), batch);
  const b = new GraphBuilder();
  const inputs = each.inputs.map(({ name, type }) => b.input(name, type));
  const tests = b.input("tests", { dtype: precision, shape: [TESTS, width] });
  const [x] = b.inline(each, inputs);
  const lengths = (v: Value): Value => reduceSum(b, square(b, v), [1]);
  const inner = contract(b, tests, x!, [1], [1]);
  const together = add(b, reshape(b, lengths(tests), [TESTS, 1]), reshape(b, lengths(x!), [1, batch]));
  return simplify(b.build([subtract(b, together, scale(b, inner, 2))]));
};
