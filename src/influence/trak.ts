import { GraphBuilder } from "../ir/builder.ts";
import type { Graph } from "../ir/graph.ts";
import { contract, exponential, fullLike, maximum, multiply, negate, scalarLike, subtract } from "../ir/operations.ts";
import { classifierOf } from "../learn/classify.ts";
import type { Parameters } from "../learn/metrics.ts";
import { batchMeasures, fedFields, parameterCount } from "../learn/objective.ts";
import { AlgorithmFailure } from "../plan/algorithm.ts";
import { Words } from "../random/philox.ts";
import { constructors, type Tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import type { Asking } from "./asking.ts";
import { cholesky, choleskySolve, dense, product, transposed } from "./dense.ts";
import { gradientGraph } from "./gradients.ts";
import type { Scorer } from "./method.ts";
import { batches, closePass, nothing, openPass } from "./pass.ts";
import { atParameters, type Problem } from "./problem.ts";
import { alongOnce, byBlocks, flatGradients, measureGradients, selfProducts } from "./tracin.ts";
import { type Block, type Dense, row, zeroBlock } from "./vectors.ts";

/**
 * TRAK (Park et al. 2023, "TRAK: attributing model behavior at scale"): with P random signs / sqrt(k), φ_i = Pᵀ ∇f(z_i) of the margin f = log(p / (1 - p)),
 * p = exp(-loss), and ψ = Pᵀ ∇m of the measure, the score is -ψᵀ (ΦᵀΦ)⁻¹ φ_i times (1 - p_i), the last two each averaged over models. (TRAK's own sign is
 * what the example's presence adds; here a positive score says that removal raises the measure. Each model has a projection of its own.) A loss without
 * label is its own f. `models`: parameters of further models. Two passes over the training data for each model. Fails with MTT5606 where P does not fit
 * the budget.
 */
export const trak = (projections: number, seed: number, models: readonly Parameters[] = []): Scorer =>
  function* (problem, sink) {
    const { n, m, self } = problem;
    const problems = [problem, ...models.map((parameters) => atParameters(problem, parameters))];
    const count = problems.length;
    const fitted: {
      readonly of: Problem;
      readonly way: Tensor;
      readonly inverse: Dense;
      readonly odds: Float64Array;
    }[] = [];
    // 1 - p_i, averaged over the models.
    const weight = new Float64Array(n);
    for (const [number, of] of problems.entries()) {
      const way = projection(of, projections, seed, number);
      const { kernel, odds } = yield* kernelOf(of, way);
      mustBeFinite(kernel, odds);
      for (let i = 0; i < n; i++) weight[i]! += odds[i]! / count;
      fitted.push({ of, way, inverse: inverseOf(kernel), odds });
    }
    // s · ∇L_i is -(1 - p_i) φ_i: divided by the model's own 1 - p_i, times the mean.
    const averaged = (sum: Float64Array, rows: Float64Array, odds: Float64Array): void => {
      for (let i = 0; i < sum.length; i++) sum[i]! += (rows[i]! * weight[i % n]!) / (count * odds[i % n]!);
    };
    if (self) {
      const sum = new Float64Array(n);
      for (const { of, way, inverse, odds } of fitted) {
        const root = rootOf(inverse);
        averaged(sum, yield* selfProducts(of, tensorOf(of, product(denseOf(way), root))), odds);
      }
      yield* sink.put(0, n, sum);
    } else
      yield* byBlocks({ ...problem, m }, sink, function* (from, to) {
        const sum = new Float64Array((to - from) * n);
        for (const { of, way, inverse, odds } of fitted) {
          const gradients = yield* measureGradients(of, from, to);
          averaged(sum, yield* alongOnce(of, yield* through(gradients, way, inverse)), odds);
        }
        return sum;
      });
    return { seed, projections, models: count, passes: 2 * count };
  };

const SHARE = 1 / 4;
/** Least 1 - p: below it the loss has no digits left. */
const LEAST = 1e-6;
/** Of the kernel's mean eigenvalue, so that fewer examples than projections leave it invertible. */
const RIDGE = 1e-6;

/** [p, k] of random signs / sqrt(k). */
const projection = ({ layout, precision, budget }: Problem, k: number, seed: number, model: number): Tensor => {
  const bytes = layout.size * k * constructors[precision].BYTES_PER_ELEMENT;
  if (bytes > budget * SHARE)
    throw new AlgorithmFailure(
      "MTT5606",
      `${k} projections of ${layout.size} weights take ${Math.ceil(bytes / 2 ** 20)} MiB, and ${Math.floor((budget * SHARE) / 2 ** 20)} are free for them`,
      "take fewer projections, or restrict the layers",
    );
  const words = new Words(seed, "influence/trak", [model, 0, 0]);
  const data = new constructors[precision](layout.size * k);
  const size = 1 / Math.sqrt(k);
  let word = 0;
  for (let i = 0; i < data.length; i++) {
    if (i % 32 === 0) word = words.next();
    data[i] = (word >>> (i % 32)) & 1 ? size : -size;
  }
  return { dtype: precision, shape: [layout.size, k], data };
};

/** ΦᵀΦ over the training examples, and 1 - p of each (1 where the loss is its own f). */
function* kernelOf(problem: Problem, way: Tensor): Asking<{ readonly kernel: Dense; readonly odds: Float64Array }> {
  const { network, loss, precision, n } = problem;
  const [, k = 0] = way.shape;
  const labeled = classifierOf(network, loss) !== undefined;
  const pass = yield* openPass(problem, {
    graph: (batch) => kernelGraph(problem, way, batch, labeled),
    held: [way],
    fields: fedFields(network, [loss], precision),
    weighted: true,
    data: 0,
    examples: n,
  });
  const kernel = dense(k, k);
  const odds = new Float64Array(n);
  yield* pass.each(batches(pass), nothing, ([sum, of], batch) => {
    for (let i = 0; i < kernel.data.length; i++) kernel.data[i]! += sum!.data[i]!;
    odds.set(of!.data.subarray(0, batch.count), batch.from);
  });
  yield* closePass(pass);
  return { kernel, odds };
}

/** (weights…, states…, P, fields [B, …]…, row weights [B]) -> (sum of φ φᵀ [k, k], 1 - p [B]) */
const kernelGraph = (problem: Problem, way: Tensor, batch: number, labeled: boolean): Graph => {
  const { network, loss, precision } = problem;
  const count = parameterCount(network);
  const gradients = gradientGraph(problem, loss, batch);
  const b = new GraphBuilder();
  const parameters = gradients.inputs.slice(0, count).map(({ name, type }) => b.input(name, type));
  const held = b.input("projection", { dtype: precision, shape: way.shape });
  const fields = gradients.inputs.slice(count).map(({ name, type }) => b.input(name, type));
  const rows = b.input("row_weights", { dtype: precision, shape: [batch] });
  const inputs = [...parameters, ...fields];
  const flat = flatGradients(b, problem, batch, (graph) => b.inline(graph, inputs))(gradients);
  const [losses] = b.inline(batchMeasures(network, [loss], batch, precision), inputs);
  const one = scalarLike(b, losses!, 1);
  const known = labeled
    ? maximum(b, subtract(b, one, exponential(b, negate(b, losses!))), scalarLike(b, losses!, LEAST))
    : fullLike(b, losses!, 1);
  const scaledRows = b.apply("divide", [rows, known], {});
  const features = multiply(
    b,
    contract(b, flat, held, [1], [0]),
    b.apply("broadcast_in_dim", [scaledRows], { shape: [batch, way.shape[1]!], dimensions: [0] }),
  );
  return simplify(b.build([contract(b, features, features, [0], [0]), known]));
};

const inverseOf = (kernel: Dense): Dense => {
  const k = kernel.rows;
  let trace = 0;
  for (let i = 0; i < k; i++) trace += kernel.data[i * k + i]!;
  const ridge = (RIDGE * trace) / k || 1;
  const regular = dense(k, k, kernel.data.slice());
  const identity = dense(k, k);
  for (let i = 0; i < k; i++) {
    regular.data[i * k + i]! += ridge;
    identity.data[i * k + i] = 1;
  }
  const factor = cholesky(regular);
  if (factor === undefined) throw notFinite("the projected gradients are");
  return choleskySolve(factor, identity);
};

const mustBeFinite = (kernel: Dense, odds: Float64Array): void => {
  const bad = odds.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw notFinite(`the loss of the training example at ${bad} is`);
  if (!kernel.data.every(Number.isFinite)) throw notFinite("the projected gradients are");
};

const notFinite = (what: string): AlgorithmFailure =>
  new AlgorithmFailure("MTT5602", `${what} not finite`, "see that the data and the model's parameters are finite");

/** L of L Lᵀ. */
const rootOf = (matrix: Dense): Dense => {
  const { rows: k } = matrix;
  const factor = cholesky(matrix)!.lowerTriangularMatrix;
  return dense(k, k, Float64Array.from(factor.to1DArray()));
};

/** P (ΦᵀΦ)⁻¹ Pᵀ v of every vector. */
function* through(block: Block, way: Tensor, inverse: Dense): Asking<Block> {
  const p = denseOf(way);
  const back = transposed(p);
  const turned = zeroBlock(block.count, block.size);
  for (let i = 0; i < block.count; i++) {
    const line = dense(1, block.size, row(block, i));
    row(turned, i).set(product(product(product(line, p), inverse), back).data);
    yield { do: "progress", figures: {} };
  }
  return turned;
}

const denseOf = ({ shape, data }: Tensor): Dense => dense(shape[0]!, shape[1]!, Float64Array.from(data));

const tensorOf = ({ precision }: Problem, { rows, columns, data }: Dense): Tensor =>
  precision === "f64"
    ? { dtype: "f64", shape: [rows, columns], data }
    : { dtype: "f32", shape: [rows, columns], data: Float32Array.from(data) };
