import { type Algorithm, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Damping } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import type { Tensor } from "../shape/tensor.ts";
import { type Asking, lacking, telling } from "./asking.ts";
import { dense } from "./dense.ts";
import { type Blocks, blocksOf, moments, rowsOfLayer } from "./factors.ts";
import { type Basis, type Factored, factoredOf, type LayerBasis } from "./factors-spectral.ts";
import { FAR, howFar } from "./far.ts";
import { curvatureJson, operatorOf } from "./operator.ts";
import type { Problem } from "./problem.ts";
import type { Solver } from "./solver.ts";
import { eigenWork } from "./symmetric-eigen.ts";
import type { Block } from "./vectors.ts";

/**
 * K-FAC (Martens and Grosse 2015, "Optimizing neural networks with Kronecker-factored approximate curvature"; convolutions: Grosse and Martens 2016, "A
 * Kronecker-factored approximate Fisher matrix for convolution layers"): the Fisher matrix of each layer as A ⊗ G, A = E[sum_t a_t a_tᵀ] of its inputs
 * (1 last, for the bias), G = E[mean_t g_t g_tᵀ] of pseudo-gradients whose labels are drawn from the model's own distribution. One pass over the
 * training data, kept as a part. Weights that no dense or conv2d layer holds get the diagonal of their Fisher matrix, with a warning.
 */
export function* kfac(problem: Problem, seed: number): Algorithm<Factored> {
  const blocks = blocksOf(problem);
  yield* warnings(blocks);
  const of = factorsJson(problem, seed);
  const basis = yield* kroneckerBasis(problem, blocks, seed);
  return factoredOf(problem, blocks, basis, { approximation: "kfac", factors: of }, figuresOf(problem, blocks, 1));
}

/** For keys: all that decides the factors besides the parameters and the training data. */
export const factorsJson = (problem: Problem, seed: number): Json => ({
  factors: "kronecker",
  curvature: curvatureJson(problem, "gauss_newton"),
  seed,
});

/** The factors' eigenvectors and the products of their eigenvalues. */
export function* kroneckerBasis(problem: Problem, blocks: Blocks, seed: number): Algorithm<Basis> {
  const state = yield* part("factors", factorsJson(problem, seed), [0, 1], function* (): Algorithm<Checkpoint> {
    const { layers, others } = yield* moments(problem, blocks, seed);
    const factors = layers.flatMap(({ a, g }, i): readonly Factor[] => {
      const layer = blocks.layers[i]!;
      const { n } = problem;
      return [
        { name: `layer${i}/a`, size: rowsOfLayer(layer), sum: a, by: 1 / n },
        { name: `layer${i}/g`, size: layer.outputs, sum: g, by: 1 / (n * layer.positions) },
      ];
    });
    const arrays = yield* decomposed(factors);
    others.forEach((squares, i) => {
      const data = squares.map((sum) => sum / problem.n);
      arrays[`diagonal${i}`] = { dtype: "f64", shape: [data.length], data };
    });
    return { arrays, figures: {} };
  });
  return {
    layers: blocks.layers.map((_, i): LayerBasis => {
      const [alpha, beta] = [numbers(state, `layer${i}/a/values`), numbers(state, `layer${i}/g/values`)];
      const values = new Float64Array(alpha.length * beta.length);
      alpha.forEach((x, k) => {
        beta.forEach((y, l) => {
          values[k * beta.length + l] = Math.max(0, x) * Math.max(0, y);
        });
      });
      return { qa: found(state, `layer${i}/a/vectors`), qg: found(state, `layer${i}/g/vectors`), values };
    }),
    others: blocks.others.map((_, i) => numbers(state, `diagonal${i}`)),
  };
}

interface Factor {
  readonly name: string;
  readonly size: number;
  readonly sum: Float64Array;
  /** What makes the sum a mean. */
  readonly by: number;
}

/** Eigenvalues and eigenvectors of every factor; a factor takes the cube of its size. */
function* decomposed(factors: readonly Factor[]): Asking<Record<string, Tensor>> {
  const whole = factors.reduce((sum, { size }) => sum + size ** 3, 0);
  const arrays: Record<string, Tensor> = {};
  let done = 0;
  for (const [i, { name, size, sum, by }] of factors.entries()) {
    const matrix = dense(
      size,
      size,
      sum.map((value) => value * by),
    );
    const share = [done / whole, (done + size ** 3) / whole] as const;
    const { values, vectors } = yield* telling(eigenWork(matrix), { factor: i + 1, factors: factors.length }, share);
    done += size ** 3;
    arrays[`${name}/values`] = { dtype: "f64", shape: [size], data: values };
    arrays[`${name}/vectors`] = { dtype: "f64", shape: [size, size], data: vectors.data };
  }
  return arrays;
}

export const found = ({ arrays }: Checkpoint, name: string): Tensor => {
  const array = arrays[name];
  if (array?.data instanceof Float64Array) return array;
  throw lacking(`a stored factor lacks ${name}`);
};

export const numbers = (state: Checkpoint, name: string): Float64Array => Float64Array.from(found(state, name).data);

/** What is approximated by less than Kronecker factors of the Fisher matrix is said, also where the factors come from the store. */
export function* warnings({ pseudo, layers, others }: Blocks): Algorithm<void> {
  const left = others.map(({ path }) => path).join(", ");
  if (others.length > 0)
    yield {
      do: "warn",
      message:
        layers.length === 0
          ? `no dense or conv2d layer was found: the curvature of ${left} is a diagonal`
          : `${left}: not the weight or bias of one dense or conv2d layer; the curvature there is a diagonal`,
    };
  if (pseudo.kind === "data")
    yield {
      do: "warn",
      message:
        "the loss has no label, and its second derivative by the results is not diagonal: factors are of the data's own gradients (the empirical Fisher matrix)",
    };
}

export const figuresOf = (
  { network }: Problem,
  { pseudo, layers, others }: Blocks,
  passes: number,
): Record<string, Json> => ({
  factored: layers.map(({ weight }) => network.weights[weight]!.path),
  diagonal: others.map(({ path }) => path),
  gradients: { labels: "of labels drawn from the model", signs: "of signs drawn", data: "of the data" }[pseudo.kind],
  passes,
});

/**
 * The approximation's own inverse; damping `auto` is each block's own, a tenth of its mean eigenvalue (Grosse et al. 2023). What it promises is how far
 * from the Gauss-Newton matrix it is.
 */
export function* factoredSolver(problem: Problem, factored: Factored, asked: Damping): Asking<Solver> {
  const solve = (block: Block) => (asked === "auto" ? factored.damped(block, -1) : factored.power(block, -1, asked));
  const damping = asked === "auto" ? factored.ownDamping : asked;
  const operator = operatorOf(problem, "gauss_newton");
  const { residual, products } = yield* howFar(operator, { of: [factored.of, asked], solve, damping });
  return {
    tolerance: undefined,
    *solve(rhs) {
      return { s: yield* solve(rhs) };
    },
    certificate: () => ({
      residual,
      ...(asked === "auto"
        ? { why: "auto: a tenth of the mean eigenvalue of each layer's Fisher matrix" }
        : { damping: asked, why: "as the program says" }),
      eigenvalues: { smallest: factored.smallest, largest: factored.largest },
      hvps: factored.hvps + products,
      details: { ...factored.figures, residual_of: FAR },
    }),
    close: factored.close,
  };
}
