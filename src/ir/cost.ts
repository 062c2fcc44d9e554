import type { DType } from "../shape/dtype.ts";
import { sizeOf, type TensorType } from "../shape/tensor.ts";
import { assignBuffers } from "./buffers.ts";
import type { Graph, Node } from "./graph.ts";
import type { Prim, Prims } from "./primitives.ts";

/** An estimate: arithmetic operations (a fused multiply-add is 2), and bytes read and written if nothing is fused. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** The arithmetic of one operation from its types; a transcendental function counts as `TRANSCENDENTAL`. */
type CostRule<P extends Prim> = (params: Prims[P], inputs: readonly TensorType[], type: TensorType) => number;

/** About what e^x costs beside an addition on vector hardware. */
const TRANSCENDENTAL = 10;

const nothing = () => 0;
const each =
  (weight: number) =>
  (_params: object, _inputs: readonly TensorType[], type: TensorType): number =>
    weight * sizeOf(type.shape);
const eachRead = (_params: object, [x]: readonly TensorType[]): number => sizeOf(x!.shape);
const transcendental = each(TRANSCENDENTAL);

/** n log2 n comparisons a line. */
const sorting = ({ dimension }: { readonly dimension: number }, [x]: readonly TensorType[]): number =>
  sizeOf(x!.shape) * Math.max(1, Math.ceil(Math.log2(x!.shape[dimension]!)));

/** A multiply-add for each output, tap and channel of its group, padding counted. */
const products = (y: TensorType, kernel: readonly number[], channels: number): number =>
  2 * sizeOf(y.shape) * kernel[0]! * kernel[1]! * channels;

const flops = {
  constant: nothing,
  iota: nothing,
  /** Ten rounds of two multiplications and four other operations make four words. */
  random_bits: each(20),
  negate: each(1),
  abs: each(1),
  sign: each(1),
  floor: each(1),
  exponential: transcendental,
  exponential_minus_one: transcendental,
  log: transcendental,
  log_plus_one: transcendental,
  sqrt: each(4),
  rsqrt: each(4),
  tanh: transcendental,
  logistic: transcendental,
  softplus: each(2 * TRANSCENDENTAL),
  erf: transcendental,
  sine: transcendental,
  cosine: transcendental,
  not: each(1),
  is_finite: each(1),
  convert: each(1),
  stop_gradient: nothing,
  add: each(1),
  subtract: each(1),
  multiply: each(1),
  divide: each(1),
  maximum: each(1),
  minimum: each(1),
  power: each(2 * TRANSCENDENTAL),
  remainder: each(1),
  and: each(1),
  or: each(1),
  compare: each(1),
  select: each(1),
  broadcast_in_dim: nothing,
  reshape: nothing,
  transpose: nothing,
  reverse: nothing,
  slice: nothing,
  pad: nothing,
  concatenate: nothing,
  reduce_sum: eachRead,
  reduce_max: eachRead,
  argmax: eachRead,
  cumulative_sum: eachRead,
  sort: sorting,
  argsort: sorting,
  dot_general: ({ lhs_contracting }, [x], type) =>
    2 * sizeOf(type.shape) * sizeOf(lhs_contracting.map((axis) => x!.shape[axis]!)),
  gather: nothing,
  scatter_add: eachRead,
  conv2d: (_, [, w], y) => products(y, w!.shape, w!.shape[2]!),
  conv2d_input_gradient: (_, [dy, w]) => products(dy!, w!.shape, w!.shape[2]!),
  conv2d_filter_gradient: (_, [, dy], w) => products(dy!, w.shape, w.shape[2]!),
  unfold: nothing,
  fold: eachRead,
  batch_mean: each(1),
} as const satisfies { readonly [P in Prim]: CostRule<P> };

const BYTES: { readonly [D in DType]: number } = { f32: 4, f64: 8, i32: 4, bool: 1 };

/** The memory an array takes. */
export const bytesOf = ({ dtype, shape }: TensorType): number => BYTES[dtype] * sizeOf(shape);

/** Views that no engine copies. */
const free: ReadonlySet<Prim> = new Set(["reshape", "stop_gradient"]);

export function nodeCost(node: Node, inputs: readonly TensorType[]): Cost {
  const rule = flops[node.op] as CostRule<Prim>;
  const moved = free.has(node.op) ? 0 : inputs.reduce((sum, x) => sum + bytesOf(x), bytesOf(node.type));
  return { flops: rule(node.params as never, inputs, node.type), bytes: moved };
}

/** The sum over all nodes. */
export function cost(graph: Graph): Cost {
  const types = [...graph.inputs, ...graph.nodes].map(({ type }) => type);
  let [total, bytes] = [0, 0];
  for (const node of graph.nodes) {
    const one = nodeCost(
      node,
      node.inputs.map((v) => types[v]!),
    );
    total += one.flops;
    bytes += one.bytes;
  }
  return { flops: total, bytes };
}

/** The most bytes that a run takes: inputs, which stay as they are, and the block in which its values take turns. */
export const peakBytes = (graph: Graph): number =>
  graph.inputs.reduce((sum, { type }) => sum + bytesOf(type), assignBuffers(graph, { bytesOf, inputs: false }).bytes);

/** Batches at which memory is measured, this and twice this: in smaller ones what does not grow with the batch may be the peak, and hides what does. */
const LARGE = 256;

/** What a graph takes whatever the batch, parameters and sums of their size: where the line of its peak begins. */
export function fixedBytes(graph: (batch: number) => Graph): number {
  const [once, twice] = [peakBytes(graph(LARGE)), peakBytes(graph(2 * LARGE))];
  return Math.max(0, 2 * once - twice);
}

/** The batch at which the search begins, and twice it. */
const TRIAL = 4;

/**
 * How many examples, from 1 to `most`, a graph may be made for so that its peak stays within `bytes`, what does not grow with the batch counted too.
 * The peak grows by straight lines, ever steeper: two small graphs say where to look, and the answer is measured itself. 1 where nothing fits.
 */
export function batchWithin(graph: (batch: number) => Graph, bytes: number, most: number): number {
  const [once, twice] = [peakBytes(graph(TRIAL)), peakBytes(graph(2 * TRIAL))];
  const each = Math.max(1, (twice - once) / TRIAL);
  let size = Math.max(1, Math.min(most, Math.floor((bytes - once) / each) + TRIAL));
  while (size > 1) {
    const peak = peakBytes(graph(size));
    if (peak <= bytes) break;
    size = Math.max(1, Math.min(size - 1, Math.floor((size * bytes) / peak)));
  }
  return size;
}
