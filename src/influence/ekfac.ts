import { toPrecision } from "../learn/precision.ts";
import { type Algorithm, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Tensor } from "../shape/tensor.ts";
import { blocksOf, squaresInBasis } from "./factors.ts";
import { type Factored, factoredOf } from "./factors-spectral.ts";
import { factorsJson, figuresOf, kroneckerBasis, numbers, warnings } from "./kfac.ts";
import type { Problem } from "./problem.ts";

/**
 * EK-FAC (George et al. 2018, "Fast approximate natural gradient descent in a Kronecker-factored eigenbasis"; for influence Grosse et al. 2023, "Studying
 * large language model generalization with influence functions"): K-FAC's eigenvectors, with the second moment of the pseudo-gradients in that basis
 * as eigenvalues. A second pass over the training data, with the labels of the first; K-FAC's part serves both.
 */
export function* ekfac(problem: Problem, seed: number): Algorithm<Factored> {
  const blocks = blocksOf(problem);
  yield* warnings(blocks);
  const { n, precision } = problem;
  const of = { corrected: factorsJson(problem, seed) };
  const { layers, others } = yield* kroneckerBasis(problem, blocks, seed);
  const state = yield* part("eigenvalues", of, [0, 1], function* (): Algorithm<Checkpoint> {
    if (layers.length === 0) return { arrays: {}, figures: {} };
    const bases = layers.flatMap(({ qa, qg }) => [toPrecision(qa, precision), toPrecision(qg, precision)]);
    const squares = yield* squaresInBasis(problem, blocks, seed, bases);
    const arrays: Record<string, Tensor> = {};
    squares.forEach((sum, i) => {
      arrays[`layer${i}`] = { dtype: "f64", shape: [sum.length], data: sum.map((value) => value / n) };
    });
    return { arrays, figures: {} };
  });
  const corrected = layers.map((layer, i) => ({ ...layer, values: numbers(state, `layer${i}`) }));
  const basis = { layers: corrected, others };
  return factoredOf(problem, blocks, basis, { approximation: "ekfac", factors: of }, figuresOf(problem, blocks, 2));
}
