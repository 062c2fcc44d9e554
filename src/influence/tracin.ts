import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { contract, multiply, reduceSum, reshape } from "../ir/operations.ts";
import { type FedField, fedFields } from "../learn/objective.ts";
import { type Algorithm, AlgorithmFailure } from "../plan/algorithm.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import type { Asking } from "./asking.ts";
import { gradientGraph, gradientsOf } from "./gradients.ts";
import type { Scorer, Sink } from "./method.ts";
import { batches, closePass, nothing, openPass } from "./pass.ts";
import { atParameters, type Problem } from "./problem.ts";
import type { InfluenceContext } from "./result.ts";
import { scoringPass } from "./score.ts";
import { addTo, type Block, scaleBy } from "./vectors.ts";

/**
 * TracIn over checkpoints (Pruthi et al. 2020, "Estimating training data influence by tracing gradient descent", TracInCP): sum over checkpoints of
 * rate times ∇m(test) · ∇L(train). Over n, as all scores are: what the measure gains when, at each checkpoint, one step of gradient descent on the mean
 * loss is made without the example. Positive: removal raises the measure. Fails with MTT5607 without checkpoints.
 */
export const tracin = (checkpoints: NonNullable<InfluenceContext["checkpoints"]>): Scorer =>
  function* (problem, sink) {
    if (checkpoints.length === 0)
      throw new AlgorithmFailure(
        "MTT5607",
        "tracin sums over the training's checkpoints, and there are none",
        "train with `checkpoint: every(1, epoch)`, or use another method",
      );
    const { n } = problem;
    const models = checkpoints.map(({ parameters, rate }) => ({ rate, problem: atParameters(problem, parameters) }));
    const rates = checkpoints.map(({ rate }) => rate);
    if (problem.self) {
      const sum = new Float64Array(n);
      for (const model of models) addTo(sum, model.rate / n, yield* selfProducts(model.problem));
      yield* sink.put(0, n, sum);
    } else
      yield* byBlocks(problem, sink, function* (from, to) {
        const sum = new Float64Array((to - from) * n);
        for (const model of models) {
          const directions = yield* measureGradients(model.problem, from, to);
          addTo(sum, model.rate / n, yield* alongOnce(model.problem, directions));
        }
        return sum;
      });
    return { checkpoints: checkpoints.length, rates, passes: checkpoints.length };
  };

/** Share of the budget for directions and scores of a block of test examples. */
const BLOCK = 1 / 8;
const MOST = 256;

/** Test examples block by block: so many that their gradients and scores fit the budget. */
export function* byBlocks(
  { m, n, layout, budget }: Problem,
  sink: Sink,
  scores: (from: number, to: number) => Algorithm<Float64Array>,
): Algorithm<void> {
  const width = Math.max(1, Math.min(m, MOST, Math.floor((budget * BLOCK) / (8 * (2 * layout.size + 2 * n)))));
  for (let from = 0; from < m; from += width) {
    const to = Math.min(m, from + width);
    yield* sink.put(from, to - from, yield* scores(from, to));
    yield { do: "progress", fraction: to / m, figures: { tests: to } };
  }
}

/** Examples in a run of gradients. */
const GRADIENTS = 32;

/** ∇m of the test examples from … to. */
export function* measureGradients(problem: Problem, from: number, to: number): Asking<Block> {
  const { measure, testData, m } = problem;
  const gradients = gradientsOf(problem, { measure, data: testData, examples: m, width: Math.min(GRADIENTS, m) });
  const result = yield* gradients.of(from, to);
  yield* gradients.release();
  return result;
}

/** s · ∇L of every training example, [k, n]. */
export function* alongOnce(problem: Problem, directions: Block): Asking<Float64Array> {
  const pass = scoringPass(problem, false);
  const result = yield* pass.along(directions);
  yield* pass.release();
  return result;
}

/**
 * ∇m(z) · ∇L(z) of every training example; with `held` [p, k] the product of (heldᵀ ∇m) and (heldᵀ ∇L). One pass, no gradient leaves the engine.
 */
export function* selfProducts(problem: Problem, held?: Tensor): Asking<Float64Array> {
  const { network, loss, measure, precision, n } = problem;
  const fields = fedFields(network, [loss, measure], precision);
  const pass = yield* openPass(problem, {
    graph: (batch) => productsGraph(problem, fields, batch, held),
    ...(held === undefined ? {} : { held: [held] }),
    fields,
    data: 0,
    examples: n,
  });
  const products = new Float64Array(n);
  yield* pass.each(batches(pass), nothing, ([answer], batch) =>
    products.set(answer!.data.subarray(0, batch.count), batch.from),
  );
  yield* closePass(pass);
  return products;
}

/** (weights…, states…, held, fields [B, …]…) -> [B] */
const productsGraph = (
  problem: Problem,
  fields: readonly FedField[],
  batch: number,
  held: Tensor | undefined,
): Graph => {
  const { network, loss, measure, precision } = problem;
  const b = new GraphBuilder();
  const count = network.weights.length + network.states.length;
  const first = gradientGraph(problem, loss, batch);
  const parameters = first.inputs.slice(0, count).map(({ name, type }) => b.input(name, type));
  const projection = held === undefined ? undefined : b.input("held", { dtype: held.dtype, shape: held.shape });
  const values = new Map(
    fields.map(({ name, type }) => [name, b.input(name, { ...type, shape: [batch, ...type.shape] })]),
  );
  const of = (measured: typeof loss): Value =>
    flatGradients(b, problem, batch, (graph) =>
      b.inline(graph, [
        ...parameters,
        ...fedFields(network, [measured], precision).map(({ name }) => values.get(name)!),
      ]),
    )(gradientGraph(problem, measured, batch));
  const [left, right] = [of(measure), of(loss)].map((v) =>
    projection === undefined ? v : contract(b, v, projection, [1], [0]),
  );
  return simplify(b.build([reduceSum(b, multiply(b, left!, right!), [1])]));
};

/** Per-example gradients as one matrix [B, p], in the order of the layout. */
export const flatGradients =
  (b: GraphBuilder, { layout }: Problem, batch: number, inline: (graph: Graph) => readonly Value[]) =>
  (graph: Graph): Value => {
    const parts = inline(graph).map((v, i) => reshape(b, v, [batch, sizeOf(layout.parts[i]!.shape)]));
    return parts.length === 1 ? parts[0]! : b.apply("concatenate", parts, { dimension: 1 });
  };

export const scaled = (scores: Float64Array, by: number): Float64Array => {
  scaleBy(scores, by);
  return scores;
};
