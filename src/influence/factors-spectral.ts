import { GraphBuilder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { contract, multiply, reshape, transpose } from "../ir/operations.ts";
import { type Algorithm, close, open, run } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Program } from "../plan/program.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import { type Blocks, rowsOfLayer } from "./factors.ts";
import type { Layer } from "./factors-layers.ts";
import type { Spectral } from "./method.ts";
import type { Problem } from "./problem.ts";
import { regularizerDiagonal } from "./problem.ts";
import { type Block, zeroBlock } from "./vectors.ts";

/** The eigenbasis of a layer's block Qa ⊗ Qg (eigenvectors as columns), and the Fisher's eigenvalues [in, out] in it. */
export interface LayerBasis {
  readonly qa: Tensor;
  readonly qg: Tensor;
  readonly values: Float64Array;
}

export interface Basis {
  readonly layers: readonly LayerBasis[];
  /** The diagonal of the other weights, in their order. */
  readonly others: readonly Float64Array[];
}

/** A block-diagonal approximation whose blocks may be damped each on its own. */
export interface Factored extends Spectral {
  /** D of each weight: a tenth of the mean eigenvalue of its block's Fisher matrix (Grosse et al. 2023, section 2.2). */
  readonly ownDamping: Float64Array;
  /** (C + D)^exponent, each damping on its block. */
  readonly damped: (block: Block, exponent: number) => Algorithm<Block>;
}

/** Share of the mean eigenvalue. */
const AUTO = 0.1;

/**
 * C = the Fisher's blocks + the regularizer, as eigenvalues in the blocks' bases. Where the regularizer differs within a block (a bias without it),
 * its diagonal in that basis is taken.
 */
export const factoredOf = (
  problem: Problem,
  blocks: Blocks,
  basis: Basis,
  of: Json,
  figures: Readonly<Record<string, Json>>,
): Factored => {
  const { layout, network } = problem;
  const strengths = regularizerDiagonal(problem);
  const placeOf = new Map(layout.parts.map(({ at, from, to }) => [at, { from, to }]));
  const strengthOf = (at: number): number => strengths[placeOf.get(at)!.from]!;
  const spectra = [
    ...blocks.layers.map((layer, i) => ({
      path: network.weights[layer.weight]!.path,
      fisher: basis.layers[i]!.values,
      added: addedInBasis(layer, basis.layers[i]!, strengthOf),
    })),
    ...blocks.others.map(({ at, path }, i) => {
      const fisher = basis.others[i]!;
      return { path, fisher, added: new Float64Array(fisher.length).fill(strengthOf(at)) };
    }),
  ];
  const values = spectra.map(({ fisher, added }) => fisher.map((value, i) => Math.max(0, value) + added[i]!));
  const ends = endsOf(values);
  const automatic = spectra.map(({ fisher }) => AUTO * meanOf(fisher));
  const engine = engineOf(problem, blocks, basis);
  const power = (block: Block, exponent: number, dampings: readonly number[]) =>
    engine.apply(
      block,
      // A direction without curvature or damping is dropped.
      values.map((list, i) => list.map((value) => (value + dampings[i]! > 0 ? (value + dampings[i]!) ** exponent : 0))),
    );
  const dampings = Object.fromEntries(spectra.map(({ path }, i) => [path, automatic[i]!]));
  const ownDamping = new Float64Array(layout.size);
  const held = [
    ...blocks.layers.map(({ weight, bias }) => [weight, ...(bias === undefined ? [] : [bias])]),
    ...blocks.others.map(({ at }) => [at]),
  ];
  held.forEach((numbers, i) => {
    for (const at of numbers) ownDamping.fill(automatic[i]!, placeOf.get(at)!.from, placeOf.get(at)!.to);
  });
  return {
    of,
    ...ends,
    mean: values.reduce((sum, list) => sum + list.reduce((x, y) => x + y, 0), 0) / layout.size,
    hvps: 0,
    figures: { ...figures, dampings },
    power: (block, exponent, damping) =>
      power(
        block,
        exponent,
        values.map(() => damping),
      ),
    ownDamping,
    damped: (block, exponent) => power(block, exponent, automatic),
    close: engine.close,
  };
};

/** The regularizer's diagonal [in, out] in the basis: sum_k Qa[k, i]² r_k with r constant over outputs. */
const addedInBasis = (layer: Layer, { qa, values }: LayerBasis, strengthOf: (at: number) => number): Float64Array => {
  const { weight, bias, inputs, outputs } = layer;
  const rows = rowsOfLayer(layer);
  const ofWeight = strengthOf(weight);
  const difference = bias === undefined ? 0 : strengthOf(bias) - ofWeight;
  return values.map((_, i) => {
    const column = Math.floor(i / outputs);
    return ofWeight + (difference === 0 ? 0 : difference * qa.data[inputs * rows + column]! ** 2);
  });
};

const endsOf = (values: readonly Float64Array[]): { readonly smallest: number; readonly largest: number } => {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of values)
    for (const value of list) {
      smallest = Math.min(smallest, value);
      largest = Math.max(largest, value);
    }
  return { smallest, largest };
};

const meanOf = (values: Float64Array): number => values.reduce((x, y) => x + y, 0) / Math.max(1, values.length);

/** Q diag(f) Qᵀ of every block, with the bases resident in the engine, float64. */
const engineOf = (problem: Problem, blocks: Blocks, basis: Basis) => {
  let now: { readonly width: number; readonly session: number } | undefined;
  const resident = basis.layers.flatMap(({ qa, qg }) => [qa, qg]);
  const shapes = [
    ...blocks.layers.map((layer) => [rowsOfLayer(layer), layer.outputs]),
    ...blocks.others.map(({ from, to }) => [to - from]),
  ];
  return {
    *apply(block: Block, factors: readonly Float64Array[]): Algorithm<Block> {
      if (now?.width !== block.count) {
        if (now !== undefined) yield* close(now.session);
        now = { width: block.count, session: yield* open(program(problem, blocks, shapes, block.count), resident) };
      }
      const [answer] = yield* run(now.session, [
        ...factors.map((data, i): Tensor => ({ dtype: "f64", shape: shapes[i]!, data })),
        { dtype: "f64", shape: [block.count, block.size], data: block.data },
      ]);
      const result = zeroBlock(block.count, block.size);
      result.data.set(answer!.data);
      return result;
    },
    *close(): Algorithm<void> {
      if (now !== undefined) yield* close(now.session);
      now = undefined;
    },
  };
};

/** (Qa, Qg of each layer…, factors of each block…, block [k, p]) -> [k, p]: each layer's part V as Qa (f ∘ (Qaᵀ V Qg)) Qgᵀ. */
const program = (
  { layout }: Problem,
  { layers, others }: Blocks,
  shapes: readonly (readonly number[])[],
  count: number,
): Program => {
  const b = new GraphBuilder();
  const bases = layers.map((layer, i) => [
    b.input(`qa_${i}`, { dtype: "f64", shape: [rowsOfLayer(layer), rowsOfLayer(layer)] }),
    b.input(`qg_${i}`, { dtype: "f64", shape: [layer.outputs, layer.outputs] }),
  ]);
  const factors = shapes.map((shape, i) => b.input(`factors_${i}`, { dtype: "f64", shape }));
  const block = b.input("block", { dtype: "f64", shape: [count, layout.size] });
  const parts = new Map(layout.parts.map((part) => [part.at, part]));
  const piece = (at: number): Value => {
    const { from, to } = parts.get(at)!;
    return b.apply("slice", [block], { start: [0, from], limit: [count, to], strides: [1, 1] });
  };
  const results = new Map<number, Value>();
  layers.forEach(({ weight, bias, inputs, outputs, order }, i) => {
    const { shape } = parts.get(weight)!;
    const axes = [0, ...order.map((axis) => axis + 1)];
    const matrix = reshape(b, transpose(b, reshape(b, piece(weight), [count, ...shape]), axes), [
      count,
      inputs,
      outputs,
    ]);
    const whole =
      bias === undefined
        ? matrix
        : b.apply("concatenate", [matrix, reshape(b, piece(bias), [count, 1, outputs])], { dimension: 1 });
    const [qa, qg] = bases[i]!;
    // [k, in, out] -> [k, out, in'] -> [k, in', out'] and back
    const turned = contract(b, contract(b, whole, qa!, [1], [0]), qg!, [1], [0]);
    const scaled = multiply(b, turned, factors[i]!);
    const back = contract(b, contract(b, scaled, qa!, [1], [1]), qg!, [1], [1]);
    const cut = (from: number, to: number) =>
      b.apply("slice", [back], { start: [0, from, 0], limit: [count, to, outputs], strides: [1, 1, 1] });
    const permuted = order.map((axis) => shape[axis]!);
    const inverse = [0, ...shape.map((_, axis) => order.indexOf(axis) + 1)];
    const own = transpose(b, reshape(b, cut(0, inputs), [count, ...permuted]), inverse);
    results.set(weight, reshape(b, own, [count, sizeOf(shape)]));
    if (bias !== undefined) results.set(bias, reshape(b, cut(inputs, inputs + 1), [count, outputs]));
  });
  others.forEach(({ at }, i) => {
    results.set(at, multiply(b, piece(at), factors[layers.length + i]!));
  });
  const pieces = layout.parts.map(({ at }) => results.get(at)!);
  const graph = b.build([pieces.length === 1 ? pieces[0]! : b.apply("concatenate", pieces, { dimension: 1 })]);
  return { graph, resident: 2 * layers.length, updated: 0 };
};
