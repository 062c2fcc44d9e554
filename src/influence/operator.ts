import { GraphBuilder } from "../ir/builder.ts";
import { canonical } from "../ir/canonical.ts";
import type { Graph } from "../ir/graph.ts";
import { innerProduct, reshape } from "../ir/operations.ts";
import { batched, fedFields, parameterCount, weightedLoss } from "../learn/objective.ts";
import { withPrecision } from "../learn/precision.ts";
import type { HessianChoice } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import { isFloat } from "../shape/dtype.ts";
import { jvp } from "../transform/jvp.ts";
import { simplify } from "../transform/simplify.ts";
import { hvp, vjp } from "../transform/vjp.ts";
import { vmap } from "../transform/vmap.ts";
import type { Asking } from "./asking.ts";
import { type Batch, batches, batchesOf, closePass, openPass, type Pass } from "./pass.ts";
import { addArrays, type Problem, regularizerDiagonal, toArrays, wrtOf } from "./problem.ts";
import { addTo, type Block, row, rowsOf, zeroBlock } from "./vectors.ts";

/** The Hessian of R, or the Gauss-Newton approximation of it, as a function of vectors. */
export interface Operator {
  readonly problem: Problem;
  readonly hessian: HessianChoice;
  /** For keys: all that decides its products, besides the parameters and the training data. */
  readonly of: Json;
  /** H v for every vector of the block: one pass over the training data. */
  readonly apply: (block: Block) => Asking<Block>;
  /** The mean Hessian of the losses of these examples only (positions padded as a batch), regularizer included: what LiSSA samples. */
  readonly sampled: (block: Block, which: Int32Array) => Asking<Block>;
  /** Products with one vector over all the training data so far. */
  readonly products: () => number;
  /** Frees what the engine holds; the next product opens it again. */
  readonly release: () => Asking<void>;
}

/** Vectors in one run: enough to share the forward pass, few enough to fit. */
const WIDEST = 16;

/**
 * H = ∇²R at the parameters, streamed: forward mode over reverse mode (Pearlmutter 1994), vmapped over vectors; `gauss_newton` is Jᵀ H_L J with
 * H_L the loss's Hessian by the network's results (Schraudolph 2002). Sums over batches are float64 here. `most` bounds a batch, for samples of the data.
 */
export const operatorOf = (problem: Problem, hessian: HessianChoice, most?: number): Operator => {
  const { layout, n } = problem;
  const diagonal = regularizerDiagonal(problem);
  let open: { readonly width: number; readonly pass: Pass } | undefined;
  let products = 0;

  function* release(): Asking<void> {
    if (open !== undefined) yield* closePass(open.pass);
    open = undefined;
  }

  function* passFor(width: number): Asking<Pass> {
    if (open?.width === width) return open.pass;
    yield* release();
    const pass = yield* openPass(problem, {
      graph: (batch) => productGraph(problem, hessian, batch, width),
      fields: fedFields(problem.network, [problem.loss], problem.precision),
      weighted: true,
      data: 0,
      examples: n,
      again: most === undefined,
      ...(most === undefined ? {} : { most }),
    });
    open = { width, pass };
    return pass;
  }

  function* mean(block: Block, over: (pass: Pass) => Iterable<Batch>, count: number): Asking<Block> {
    let result = zeroBlock(0, block.size);
    for (let from = 0; from < block.count; from += WIDEST) {
      const some = rowsOf(block, from, Math.min(block.count, from + WIDEST));
      const tangents = toArrays(problem, some);
      const pass = yield* passFor(some.count);
      const sums = yield* pass.sum(over(pass), () => tangents);
      // After the pass: while it runs, its sums are as large.
      if (from === 0) result = zeroBlock(block.count, block.size);
      addArrays(layout, result, sums, from, some.count);
    }
    for (let i = 0; i < result.data.length; i++) result.data[i]! /= count;
    for (let i = 0; i < block.count; i++) {
      const [to, x] = [row(result, i), row(block, i)];
      for (let j = 0; j < x.length; j++) to[j]! += diagonal[j]! * x[j]!;
    }
    return result;
  }

  return {
    problem,
    hessian,
    of: curvatureJson(problem, hessian),
    *apply(block) {
      products += block.count;
      return yield* mean(block, batches, n);
    },
    *sampled(block, which) {
      products += (block.count * which.length) / n;
      return yield* mean(block, (pass) => batchesOf(pass, which), which.length);
    },
    products: () => products,
    release,
  };
};

/** H + damping I, of a block, in place of H v. */
export const addDamping = (product: Block, damping: number, block: Block): Block => {
  if (damping !== 0) addTo(product.data, damping, block.data);
  return product;
};

/** For keys: the objective, the weights and which curvature; not the parameters, which are the model's content. */
export const curvatureJson = (problem: Problem, hessian: HessianChoice): Json => ({
  inference: lines(problem.network.inference),
  loss: { graph: lines(problem.loss.graph), targets: problem.loss.targets },
  regularize: regularizeJson(problem),
  weights: problem.layout.parts.map(({ at }) => at),
  hessian,
  precision: problem.precision,
});

export const lines = (graph: Graph): Json => canonical(graph).trimEnd().split("\n");

/** By runs of equal strength over the flat vector: names do not enter. */
const regularizeJson = (problem: Problem): Json => {
  const { regularize, layout } = problem;
  if (regularize === undefined) return null;
  const diagonal = regularizerDiagonal(problem);
  return { kind: regularize.kind, strengths: layout.parts.map(({ from }) => diagonal[from] ?? 0) };
};

/** (weights…, states…, fields [B, …]…, row weights [B], tangents [k, …]…) -> products [k, …]…: sum over the batch of w_i H_i v. */
const productGraph = (problem: Problem, hessian: HessianChoice, batch: number, width: number): Graph => {
  const single = hessian === "exact" ? hessianProduct(problem, batch) : gaussNewtonProduct(problem, batch);
  const fixed = single.inputs.length - problem.layout.parts.length;
  if (width > 1)
    return vmap(
      single,
      single.inputs.map((_, i) => (i < fixed ? null : 0)),
      { size: width, axis: "vectors" },
    );
  const b = new GraphBuilder();
  const inputs = single.inputs.map(({ name, type }, i) =>
    b.input(name, i < fixed ? type : { ...type, shape: [1, ...type.shape] }),
  );
  const plain = inputs.map((v, i) => (i < fixed ? v : reshape(b, v, single.inputs[i]!.type.shape)));
  return simplify(b.build(b.inline(single, plain).map((v) => reshape(b, v, [1, ...b.typeOf(v).shape]))));
};

const hessianProduct = (problem: Problem, batch: number): Graph =>
  hvp(weightedLoss(problem.network, problem.loss, batch, problem.precision), wrtOf(problem));

/** Jᵀ H_L J v: forward mode through the network, the loss's own Hessian, reverse mode back. */
const gaussNewtonProduct = (problem: Problem, batch: number): Graph => {
  const { network, loss, precision } = problem;
  const wrt = wrtOf(problem);
  const count = parameterCount(network);
  const results = batched(withPrecision(network.inference, precision), count, batch);
  const floats = results.outputs.flatMap((v, i) => (isFloat(typeAt(results, v)) ? [i] : []));
  const losses = lossOfResults(problem, batch);
  const b = new GraphBuilder();
  const parameters = results.inputs.slice(0, count).map(({ name, type }) => b.input(name, type));
  const fields = new Map(
    fedFields(network, [loss], precision).map(({ name, type }) => [
      name,
      b.input(name, { ...type, shape: [batch, ...type.shape] }),
    ]),
  );
  const rows = b.input("row_weights", { dtype: precision, shape: [batch] });
  const tangents = wrt.map((at) => b.input(`d_${results.inputs[at]!.name}`, results.inputs[at]!.type));
  const fed = [...parameters, ...network.fields.map(({ name }) => fields.get(name)!)];
  const along = b.inline(jvp(results, wrt), [...fed, ...tangents]);
  const values = along.slice(0, results.outputs.length);
  const bent = b.inline(hvp(losses, floats), [
    ...values,
    ...loss.targets.map((name) => fields.get(name)!),
    rows,
    ...along.slice(results.outputs.length),
  ]);
  const back = b.inline(vjp(results, wrt), [...fed, ...bent]);
  return simplify(b.build(back.slice(results.outputs.length)));
};

/** (results [B, …]…, targets [B, …]…, row weights [B]) -> sum of w_i L_i */
const lossOfResults = ({ loss, precision }: Problem, batch: number): Graph => {
  const each = batched(withPrecision(loss.graph, precision), 0, batch);
  const b = new GraphBuilder();
  const inputs = each.inputs.map(({ name, type }) => b.input(name, type));
  const rows = b.input("row_weights", { dtype: precision, shape: [batch] });
  return b.build([innerProduct(b, b.inline(each, inputs)[0]!, rows)]);
};

const typeAt = ({ inputs, nodes }: Graph, value: number) =>
  (value < inputs.length ? inputs[value] : nodes[value - inputs.length])!.type.dtype;
