import { inOrder, type Parameters } from "../learn/metrics.ts";
import { type Precision, regularized } from "../learn/objective.ts";
import { toPrecision } from "../learn/precision.ts";
import { AlgorithmFailure } from "../plan/algorithm.ts";
import type { Influence } from "../plan/influence.ts";
import type { Measure, Network } from "../plan/network.ts";
import type { Regularizer } from "../plan/training.ts";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";
import { type Block, zeroBlock } from "./vectors.ts";

/** What influence is asked about: everything a method reads besides the examples themselves. */
export interface Problem {
  readonly network: Network;
  readonly loss: Measure;
  readonly measure: Measure;
  readonly regularize?: Regularizer;
  /** The engine's; sums over examples and all vectors between runs are float64. */
  readonly precision: Precision;
  /** In the network's order: weights, then states. */
  readonly parameters: readonly Tensor[];
  /** The weights that are differentiated, in order: all, or those of the layers asked for. */
  readonly layout: Layout;
  /** Training and test examples. For self-influence the test examples are the training examples. */
  readonly n: number;
  readonly m: number;
  readonly self: boolean;
  /** Which of the driver's data sets holds the test examples: 1, and 0 for self-influence. */
  readonly testData: 0 | 1;
  /** Bytes that the whole may take. */
  readonly budget: number;
}

/** Where the differentiated weights lie in a flat vector. */
export interface Layout {
  readonly size: number;
  readonly parts: readonly Part[];
}

export interface Part {
  readonly path: string;
  /** Number of the weight in the network. */
  readonly at: number;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Where nothing else is said. */
export const DEFAULT_BUDGET = 768 * 1024 * 1024;

export const problemOf = (
  spec: Pick<Influence, "network" | "loss" | "measure" | "test"> & Partial<Influence>,
  of: { readonly parameters: Parameters; readonly n: number; readonly m: number; readonly budget?: number },
): Problem => {
  const { network } = spec;
  const given = inOrder(network, of.parameters);
  const precision = given.some(({ dtype }) => dtype === "f64") ? "f64" : "f32";
  const self = spec.test === "self";
  return {
    network,
    loss: spec.loss,
    measure: spec.measure,
    ...(spec.regularize === undefined ? {} : { regularize: spec.regularize }),
    precision,
    parameters: given.map((tensor) => toPrecision(tensor, precision)),
    layout: layoutOf(network, spec.layers),
    n: of.n,
    m: self ? of.n : of.m,
    self,
    testData: self ? 0 : 1,
    budget: of.budget ?? DEFAULT_BUDGET,
  };
};

/** The same question at other parameters: a checkpoint, another model of an ensemble. */
export const atParameters = (problem: Problem, parameters: Parameters): Problem => ({
  ...problem,
  parameters: inOrder(problem.network, parameters).map((tensor) => toPrecision(tensor, problem.precision)),
});

const layoutOf = (network: Network, layers: readonly string[] | undefined): Layout => {
  const parts: Part[] = [];
  let from = 0;
  network.weights.forEach(({ path, type }, at) => {
    if (layers !== undefined && !layers.some((layer) => path === layer || path.startsWith(`${layer}/`))) return;
    const to = from + sizeOf(type.shape);
    parts.push({ path, at, shape: type.shape, from, to });
    from = to;
  });
  if (parts.length === 0)
    throw new AlgorithmFailure(
      "MTT5601",
      `no weight belongs to ${layers === undefined ? "the network" : `the layers ${layers.join(", ")}`}`,
      `the network has ${network.weights.map(({ path }) => path).join(", ")}`,
    );
  return { size: from, parts };
};

/** Positions of the differentiated weights among a graph's inputs (weights first). */
export const wrtOf = ({ layout }: Problem): readonly number[] => layout.parts.map(({ at }) => at);

/** A block of vectors as arrays [k, …shape], one for each differentiated weight. */
export const toArrays = ({ layout, precision }: Problem, { count, size, data }: Block): readonly Tensor[] =>
  layout.parts.map(({ shape, from, to }) => {
    const out = new constructors[precision](count * (to - from));
    for (let i = 0; i < count; i++) out.set(data.subarray(i * size + from, i * size + to), i * (to - from));
    return { dtype: precision, shape: [count, ...shape], data: out };
  });

/** Adds arrays [k, …shape] (the inverse of `toArrays`) to the vectors from row `at` on; only the first `count` where given. */
export const addArrays = (layout: Layout, to: Block, arrays: readonly Tensor[], at = 0, count = to.count): void => {
  layout.parts.forEach(({ from, to: end }, part) => {
    const width = end - from;
    const { data } = arrays[part]!;
    for (let i = 0; i < count; i++) addTo(to.data, (at + i) * to.size + from, data, i * width, width);
  });
};

/** A function of its own, so that its loop is compiled for the arrays that come: three times as fast. */
const addTo = (to: Float64Array, at: number, from: Tensor["data"], first: number, count: number): void => {
  for (let i = 0; i < count; i++) to[at + i]! += from[first + i]!;
};

/** The parameters as one vector. */
export const flatParameters = ({ layout, parameters }: Problem): Float64Array => {
  const flat = zeroBlock(1, layout.size);
  for (const { at, from } of layout.parts) flat.data.set(parameters[at]!.data, from);
  return flat.data;
};

/** Strength of the regularizer at each differentiated weight: its Hessian's diagonal. */
export const regularizerDiagonal = ({ layout, network, regularize }: Problem): Float64Array => {
  const diagonal = new Float64Array(layout.size);
  if (regularize === undefined) return diagonal;
  const named = new Set(regularized(network, regularize.only));
  for (const { at, from, to } of layout.parts) if (named.has(at)) diagonal.fill(regularize.strength, from, to);
  return diagonal;
};
