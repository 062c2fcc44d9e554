import { GraphBuilder } from "../ir/builder.ts";
import { cost } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { add, contract, reduceSum, reshape, square } from "../ir/operations.ts";
import { batchMeasures, fedFields } from "../learn/objective.ts";
import type { Measure } from "../plan/network.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import { jvp } from "../transform/jvp.ts";
import { dropOutputs } from "../transform/outputs.ts";
import { simplify } from "../transform/simplify.ts";
import { gradient } from "../transform/vjp.ts";
import { vmap } from "../transform/vmap.ts";
import type { Asking } from "./asking.ts";
import { gradientGraph } from "./gradients.ts";
import { batches, closePass, nothing, openPass, type Pass } from "./pass.ts";
import { type Problem, toArrays, wrtOf } from "./problem.ts";
import type { Block } from "./vectors.ts";

/** How s · ∇L of every training example is computed. */
export type Scoring = "forward" | "gradients";

export interface ScoringPass {
  readonly way: Scoring;
  /** For directions [k, p]: s_i · ∇L(z_j), [k, n] row-major, one pass over the training data. */
  readonly along: (directions: Block) => Asking<Float64Array>;
  readonly release: () => Asking<void>;
}

/** Arithmetic that costs as much time as moving a byte, on the machines there are. */
const FLOPS_PER_BYTE = 4;
const TRIAL = 16;

/**
 * s · ∇L(z) is the derivative of the losses along s: one forward-mode pass gives it for every example, with no gradient ever stored, vmapped over
 * directions. Where directions are many, per-example gradients times their matrix cost less: the cost table decides for this network and number.
 */
export const scoringPass = (problem: Problem, again: boolean, chosen?: Scoring): ScoringPass => {
  const { n, loss, network, precision } = problem;
  let open: { readonly width: number; readonly pass: Pass } | undefined;
  let way = chosen;
  function* release(): Asking<void> {
    if (open !== undefined) yield* closePass(open.pass);
    open = undefined;
  }
  return {
    get way() {
      return way ?? "forward";
    },
    *along(directions) {
      const { count } = directions;
      if (open?.width !== count) {
        yield* release();
        way = chosen ?? cheaper(problem, count);
        const graph = way === "forward" ? forwardGraph : gradientsGraph;
        const pass = yield* openPass(problem, {
          graph: (batch) => graph(problem, loss, batch, count),
          fields: fedFields(network, [loss], precision),
          data: 0,
          examples: n,
          again,
        });
        open = { width: count, pass };
      }
      const { pass } = open;
      const tangents = toArrays(problem, directions);
      const scores = new Float64Array(count * n);
      yield* pass.each(
        batches(pass),
        () => tangents,
        ([tile], batch) => {
          for (let i = 0; i < count; i++)
            for (let j = 0; j < batch.count; j++) scores[i * n + batch.from + j] = tile!.data[i * pass.size + j]!;
        },
      );
      return scores;
    },
    release,
  };
};

/** Which of the two takes less by the table of costs. One derivative takes less than a gradient, which has a product to come: that asks no table. */
export const cheaper = (problem: Problem, directions: number): Scoring =>
  directions === 1 ||
  time(forwardGraph(problem, problem.loss, TRIAL, directions)) <=
    time(gradientsGraph(problem, problem.loss, TRIAL, directions))
    ? "forward"
    : "gradients";

const time = (graph: Graph): number => {
  const { flops, bytes } = cost(graph);
  return flops + FLOPS_PER_BYTE * bytes;
};

/** (weights…, states…, fields [B, …]…, tangents [k, …]…) -> derivatives [k, B] of the losses along the tangents. */
const forwardGraph = (problem: Problem, loss: Measure, batch: number, directions: number): Graph => {
  const losses = batchMeasures(problem.network, [loss], batch, problem.precision);
  return overDirections(dropOutputs(jvp(losses, wrtOf(problem)), 1), problem, directions);
};

/** The same from gradients of single examples. */
const gradientsGraph = (problem: Problem, loss: Measure, batch: number, directions: number): Graph => {
  const gradients = gradientGraph(problem, loss, batch);
  const b = new GraphBuilder();
  const inputs = gradients.inputs.map(({ name, type }) => b.input(name, type));
  const tangents = problem.layout.parts.map(({ path, shape }) =>
    b.input(`d_${path}`, { dtype: problem.precision, shape: [directions, ...shape] }),
  );
  const parts = b.inline(gradients, inputs).map((of, i) => {
    const width = sizeOf(problem.layout.parts[i]!.shape);
    return contract(b, reshape(b, tangents[i]!, [directions, width]), reshape(b, of, [batch, width]), [1], [1]);
  });
  return simplify(b.build([parts.reduce((x, y) => add(b, x, y))]));
};

/** Vmapped over the last inputs, one for each differentiated weight; for a single direction only their leading axis is taken off. */
const overDirections = (graph: Graph, { layout }: Problem, directions: number): Graph => {
  const fixed = graph.inputs.length - layout.parts.length;
  if (directions > 1)
    return vmap(
      graph,
      graph.inputs.map((_, i) => (i < fixed ? null : 0)),
      { size: directions, axis: "vectors" },
    );
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ name, type }, i) =>
    b.input(name, i < fixed ? type : { ...type, shape: [1, ...type.shape] }),
  );
  const plain = inputs.map((v, i) => (i < fixed ? v : reshape(b, v, graph.inputs[i]!.type.shape)));
  return simplify(b.build(b.inline(graph, plain).map((v) => reshape(b, v, [1, ...b.typeOf(v).shape]))));
};

/** ∂/∂x of s_i · ∇L(z_j) by the first field of every training example, batch by batch: [k, B, …field], padding cut off. */
export function* scoresByInput(
  problem: Problem,
  directions: Block,
  take: (from: number, tile: Tensor) => Asking<void>,
): Asking<void> {
  const { network, loss, precision, n } = problem;
  const { count } = directions;
  const field = network.weights.length + network.states.length;
  const pass = yield* openPass(problem, {
    graph: (batch) => {
      const along = dropOutputs(jvp(batchMeasures(network, [loss], batch, precision), wrtOf(problem)), 1);
      const b = new GraphBuilder();
      const inputs = along.inputs.map(({ name, type }) => b.input(name, type));
      const sum = b.build([reduceSum(b, b.inline(along, inputs)[0]!)]);
      return overDirections(dropOutputs(gradient(sum, [field]), 1), problem, count);
    },
    fields: fedFields(network, [loss], precision),
    data: 0,
    examples: n,
  });
  const tangents = toArrays(problem, directions);
  yield* pass.each(
    batches(pass),
    () => tangents,
    ([tile], batch) => {
      const [, , ...shape] = tile!.shape;
      const width = sizeOf(shape);
      const data = tile!.data.slice(0, count * batch.count * width);
      for (let i = 0; i < count; i++)
        data.set(
          tile!.data.subarray(i * pass.size * width, (i * pass.size + batch.count) * width),
          i * batch.count * width,
        );
      return take(batch.from, { ...tile!, shape: [count, batch.count, ...shape], data } as Tensor);
    },
  );
  yield* closePass(pass);
}

/** ‖∇L‖ of every example of a data set: one pass, no gradient leaves the engine. */
export function* gradientNorms(problem: Problem, measure: Measure): Asking<Float64Array> {
  const pass = yield* openPass(problem, {
    graph: (batch) => {
      const gradients = gradientGraph(problem, measure, batch);
      const b = new GraphBuilder();
      const inputs = gradients.inputs.map(({ name, type }) => b.input(name, type));
      const squares = b.inline(gradients, inputs).map((of) =>
        reduceSum(
          b,
          square(b, of),
          b.typeOf(of).shape.flatMap((_, axis) => (axis === 0 ? [] : [axis])),
        ),
      );
      return simplify(b.build([squares.reduce((x, y) => add(b, x, y))]));
    },
    fields: fedFields(problem.network, [measure], problem.precision),
    data: 0,
    examples: problem.n,
  });
  const norms = new Float64Array(problem.n);
  yield* pass.each(batches(pass), nothing, ([squares], batch) => {
    for (let i = 0; i < batch.count; i++) norms[batch.from + i] = Math.sqrt(squares!.data[i]!);
  });
  yield* closePass(pass);
  return norms;
}
