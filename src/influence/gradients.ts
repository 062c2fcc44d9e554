import type { Graph } from "../ir/graph.ts";
import type { Parameters } from "../learn/metrics.ts";
import { batched, exampleMeasures, fedFields, parameterCount, weightedLoss } from "../learn/objective.ts";
import { type Algorithm, AlgorithmFailure } from "../plan/algorithm.ts";
import type { Measure } from "../plan/network.ts";
import type { Training } from "../plan/training.ts";
import { dropOutputs } from "../transform/outputs.ts";
import { gradient } from "../transform/vjp.ts";
import type { Asking } from "./asking.ts";
import { type Batch, batches, batchesOf, closePass, nothing, openPass, type Pass, rowWeights } from "./pass.ts";
import { addArrays, flatParameters, type Problem, problemOf, regularizerDiagonal, wrtOf } from "./problem.ts";
import { type Block, zeroBlock } from "./vectors.ts";

/** Gradients of a measure of single examples by the differentiated weights; the regularizer is in none of them. */
export interface Gradients {
  /** Of examples `from` to `to` (exclusive) of the data set: [to - from, p]. */
  readonly of: (from: number, to: number) => Asking<Block>;
  readonly release: () => Asking<void>;
}

/** Examples whose gradients are computed at once. */
const WIDTH = 16;

/** Always in batches of one size, so that an example's gradient has the same bits whichever others are asked for. */
export const gradientsOf = (
  problem: Problem,
  {
    measure,
    data,
    examples,
    width = WIDTH,
  }: { readonly measure: Measure; readonly data: 0 | 1; readonly examples: number; readonly width?: number },
): Gradients => {
  const { layout } = problem;
  let open: Pass | undefined;
  return {
    *of(from, to) {
      open ??= yield* openPass(problem, {
        graph: (batch) => gradientGraph(problem, measure, batch),
        fields: fedFields(problem.network, [measure], problem.precision),
        data,
        examples,
        exactly: width,
        alike: true,
      });
      const result = zeroBlock(to - from, layout.size);
      yield* open.each(batches(open, from, to), nothing, (gradients, batch) =>
        addArrays(layout, result, gradients, batch.from - from, batch.count),
      );
      return result;
    },
    *release() {
      if (open !== undefined) yield* closePass(open);
      open = undefined;
    },
  };
};

/** (weights…, states…, fields [B, …]…) -> gradients [B, …]… of the measure of every example. */
export const gradientGraph = (problem: Problem, measure: Measure, batch: number): Graph => {
  const each = dropOutputs(gradient(exampleMeasures(problem.network, [measure], problem.precision), wrtOf(problem)), 1);
  return batched(each, parameterCount(problem.network), batch);
};

/** ∇R over all training examples, regularizer included: where training ended. */
export function* totalGradient(problem: Problem): Asking<Float64Array> {
  const { network, loss, precision, layout, n } = problem;
  const pass = yield* openPass(problem, {
    graph: (batch) => dropOutputs(gradient(weightedLoss(network, loss, batch, precision), wrtOf(problem)), 1),
    fields: fedFields(network, [loss], precision),
    weighted: true,
    data: 0,
    examples: n,
  });
  const sum = zeroBlock(1, layout.size);
  addArrays(layout, sum, yield* pass.sum(batches(pass), nothing));
  yield* closePass(pass);
  const [diagonal, weights] = [regularizerDiagonal(problem), flatParameters(problem)];
  return sum.data.map((g, i) => g / n + diagonal[i]! * weights[i]!);
}

/** The gradient of a training's objective over its first n examples, outside of training, by the weights' paths. */
export function* objectiveGradient(
  { network, loss, regularize }: Pick<Training, "network" | "loss" | "regularize">,
  parameters: Parameters,
  n: number,
): Algorithm<ReadonlyMap<string, Float64Array>> {
  const problem = problemOf(
    { network, loss, measure: loss, test: "self", ...(regularize === undefined ? {} : { regularize }) },
    { parameters, n, m: n },
  );
  const flat = yield* totalGradient(problem);
  return new Map(problem.layout.parts.map(({ path, from, to }) => [path, flat.subarray(from, to)]));
}

/** Examples of a batch of some of the data. */
const SOME = 256;

/** Sum of w_i ∇L of these training examples (positions in the data), without the regularizer; every w_i 1 where none are given. */
export function* sumOfGradients(problem: Problem, which: Int32Array, weights?: Float64Array): Asking<Block> {
  const { network, loss, precision, layout, n } = problem;
  const sum = zeroBlock(1, layout.size);
  if (which.length === 0) return sum;
  const pass = yield* openPass(problem, {
    graph: (batch) => dropOutputs(gradient(weightedLoss(network, loss, batch, precision), wrtOf(problem)), 1),
    fields: fedFields(network, [loss], precision),
    data: 0,
    examples: n,
    most: Math.min(SOME, which.length),
  });
  const rows = (batch: Batch) => {
    const ones = rowWeights(problem, batch);
    for (let i = 0; i < batch.count; i++) ones.data[i]! *= weights?.[batch.from + i] ?? 1;
    return [ones];
  };
  addArrays(layout, sum, yield* pass.sum(batchesOf(pass, which), rows));
  yield* closePass(pass);
  return sum;
}

/** Every vector finite, or the failure that names the example. */
export const mustBeFinite = ({ count, size, data }: Block, what: string, first: number): void => {
  for (let i = 0; i < count; i++)
    for (let j = 0; j < size; j++)
      if (!Number.isFinite(data[i * size + j]!))
        throw new AlgorithmFailure(
          "MTT5602",
          `the gradient of ${what} at the example at ${first + i} is not finite`,
          "see that the data is finite, and that the measure has a derivative there",
        );
};
