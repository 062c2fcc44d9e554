import { AlgorithmFailure } from "../plan/algorithm.ts";
import type { Network } from "../plan/network.ts";
import { sizeOf } from "../shape/tensor.ts";
import { type Layer, layersOf } from "./factors-layers.ts";
import type { Scorer } from "./method.ts";
import { type Problem, regularizerDiagonal } from "./problem.ts";
import { alongOnce, byBlocks, measureGradients, scaled, selfProducts } from "./tracin.ts";

/**
 * Representer points of the last layer (Yeh et al. 2018, "Representer point selection for explaining deep neural networks"). At a stationary point of a
 * loss with (a / 2)‖W‖², W = -(1 / (a n)) sum_i f_i ∂L_i/∂y, so that the last layer's result is a sum over training examples of their feature products
 * f_i · f_t. The score is what the measure gains, to first order, when example i's term is gone: ∇m · ∇L_i / (a n) over the last layer's weights.
 * Without a regularizer there is no such sum: a is 1, with a warning, and only the order of the scores has a meaning.
 */
export const representer: Scorer = function* (problem, sink) {
  const { problem: of, strength, path } = lastLayer(problem);
  if (strength === 0)
    yield {
      do: "warn",
      message: `representer points are exact for a regularized last layer, and ${path} has no regularizer: scores have no scale`,
    };
  const by = 1 / ((strength === 0 ? 1 : strength) * of.n);
  if (of.self) yield* sink.put(0, of.n, scaled(yield* selfProducts(of), by));
  else
    yield* byBlocks(of, sink, function* (from, to) {
      return scaled(yield* alongOnce(of, yield* measureGradients(of, from, to)), by);
    });
  return { layer: path, regularizer: strength };
};

/** The last of the network's dense and conv2d layers in the order of computation. */
export const lastLayerOf = (network: Network): Layer | undefined =>
  layersOf(network.inference, network.weights.length).at(-1);

/** The problem by the last layer's weights that the regularizer holds, or all of them where it holds none. */
const lastLayer = (
  problem: Problem,
): { readonly problem: Problem; readonly strength: number; readonly path: string } => {
  const { network } = problem;
  const layer = lastLayerOf(network);
  if (layer === undefined)
    throw new AlgorithmFailure(
      "MTT5608",
      "representer points are of a last dense or conv2d layer, and the network has none",
      "use another method: cg, ekfac, trak",
    );
  const numbers = layer.bias === undefined ? [layer.weight] : [layer.weight, layer.bias];
  const of = restricted(problem, numbers);
  const diagonal = regularizerDiagonal(of);
  const held = numbers.filter((_, i) => diagonal[of.layout.parts[i]!.from]! > 0);
  const path = network.weights[layer.weight]!.path;
  if (held.length === 0) return { problem: of, strength: 0, path };
  return { problem: restricted(problem, held), strength: Math.max(...diagonal), path };
};

const restricted = (problem: Problem, numbers: readonly number[]): Problem => {
  let from = 0;
  const parts = numbers.map((at) => {
    const { path, type } = problem.network.weights[at]!;
    const part = { path, at, shape: type.shape, from, to: from + sizeOf(type.shape) };
    from = part.to;
    return part;
  });
  return { ...problem, layout: { size: from, parts } };
};
