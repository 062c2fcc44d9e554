import { evaluate } from "../ir/evaluate.ts";
import type { Graph } from "../ir/graph.ts";
import { classifierOf } from "../learn/classify.ts";
import { withPrecision } from "../learn/precision.ts";
import type { Measure, Network } from "../plan/network.ts";
import { normal } from "../random/random.ts";
import { isFloat } from "../shape/dtype.ts";
import { sizeOf, type Tensor, tensor } from "../shape/tensor.ts";
import { jvp } from "../transform/jvp.ts";
import { dropOutputs } from "../transform/outputs.ts";
import { type Problem, wrtOf } from "./problem.ts";

/** Pairs of results between which a loss is tried. */
const PAIRS = 64;

/**
 * Whether the objective is convex in the differentiated weights: the network's results are affine in them, and the loss is convex in the results. The
 * first is a property of the graph. The second is tried between random results (Jensen's inequality); a solve that meets negative curvature all the same
 * fails.
 */
export const isConvex = (problem: Problem): boolean =>
  isAffine(problem.network.inference, wrtOf(problem)) && isConvexLoss(problem.network, problem.loss);

/** The derivative along a direction does not depend on where it is taken. */
const isAffine = (graph: Graph, wrt: readonly number[]): boolean => {
  const { inputs, nodes, outputs } = dropOutputs(jvp(graph, wrt), graph.outputs.length);
  const depends = inputs.map((_, i) => wrt.includes(i));
  for (const { inputs: operands } of nodes) depends.push(operands.some((v) => depends[v]!));
  return outputs.every((v) => !depends[v]!);
};

const isConvexLoss = (network: Network, loss: Measure): boolean => {
  const graph = withPrecision(loss.graph, "f64");
  const count = network.results.length;
  const classes = classifierOf(network, loss)?.classes ?? 2;
  const lossAt = (results: readonly Tensor[], targets: readonly Tensor[]) =>
    Number(evaluate(graph, [...results, ...targets])[0]!.data[0]);
  return Array.from({ length: PAIRS }, (_, pair) => {
    // Sizes from 0.1 to 10: near the origin, and where a loss saturates.
    const scale = 10 ** ((2 * pair) / PAIRS - 1);
    const drawn = (which: number) =>
      graph.inputs.map(({ type: { dtype, shape } }, i) =>
        isFloat(dtype)
          ? tensor(
              dtype,
              shape,
              normal(pair, `influence/convex/${which}`, i, sizeOf(shape)).map((x) => x * scale),
            )
          : tensor(dtype, shape, new Float64Array(sizeOf(shape)).fill(pair % classes)),
      );
    const [a, b] = [drawn(0), drawn(1)];
    const middle = a.slice(0, count).map((x, i) => {
      const y = b[i]!;
      return tensor(
        x.dtype,
        x.shape,
        x.data.map((value, j) => (value + y.data[j]!) / 2),
      );
    });
    const targets = a.slice(count);
    const ends = lossAt(a.slice(0, count), targets) / 2 + lossAt(b.slice(0, count), targets) / 2;
    return lossAt(middle, targets) <= ends + 1e-9 * (1 + Math.abs(ends));
  }).every(Boolean);
};
