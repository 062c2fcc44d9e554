import type { DType } from "../shape/dtype.ts";
import type { Tensor } from "../shape/tensor.ts";

/**
 * The closed set of operations and their static parameters. Names are StableHLO's where it has the operation.
 * `D` is what a size is and `W` what a padding is: `number` and `Padding` in a graph, symbolic ones in the checker; both go through the same shape rules.
 * Every operation has one result. Axes are non-negative.
 */
export interface Prims<D = number, W = Padding> {
  // Leaves.
  /** `exact` are the numbers that were meant where `value` is f32 and another decimal says it: 1/3. The same graph in f64 has them. */
  constant: { readonly value: Tensor; readonly exact?: Float64Array };
  iota: { readonly shape: readonly D[]; readonly axis: number; readonly dtype: DType };
  /**
   * key: i32[batch…, 4] -> i32[batch…, shape…], each uniform over [0, 2^24), what an f32 holds exactly. Counter-based: a function of (key, purpose,
   * position in shape). A key is (seed, epoch, step, example). Engines get the result as an input drawn by `random`, so the key is an input of the graph.
   */
  random_bits: { readonly shape: readonly D[]; readonly purpose: string };

  // Elementwise, one operand.
  negate: Empty;
  abs: Empty;
  sign: Empty;
  floor: Empty;
  exponential: Empty;
  exponential_minus_one: Empty;
  log: Empty;
  log_plus_one: Empty;
  sqrt: Empty;
  rsqrt: Empty;
  tanh: Empty;
  logistic: Empty;
  /** log(1 + e^x), stable. */
  softplus: Empty;
  erf: Empty;
  sine: Empty;
  cosine: Empty;
  not: Empty;
  is_finite: Empty;
  convert: { readonly dtype: DType };
  /** The value, with derivative zero. */
  stop_gradient: Empty;

  // Elementwise, operands of equal shape and dtype.
  add: Empty;
  subtract: Empty;
  multiply: Empty;
  divide: Empty;
  maximum: Empty;
  minimum: Empty;
  power: Empty;
  remainder: Empty;
  and: Empty;
  or: Empty;
  compare: { readonly direction: "EQ" | "NE" | "LT" | "LE" | "GT" | "GE" };
  /** (pred, on_true, on_false), three operands of equal shape. */
  select: Empty;

  // Structure.
  /** Operand axis i becomes result axis dimensions[i] (increasing); an operand axis of size 1 may grow. */
  broadcast_in_dim: { readonly shape: readonly D[]; readonly dimensions: readonly number[] };
  reshape: { readonly shape: readonly D[] };
  transpose: { readonly permutation: readonly number[] };
  reverse: { readonly dimensions: readonly number[] };
  slice: { readonly start: readonly D[]; readonly limit: readonly D[]; readonly strides: readonly number[] };
  /** `low` and `high` are not negative; `interior` puts that many between neighbours. */
  pad: {
    readonly low: readonly D[];
    readonly high: readonly D[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  concatenate: { readonly dimension: number };

  // Reductions drop their axes.
  reduce_sum: { readonly dimensions: readonly number[] };
  reduce_max: { readonly dimensions: readonly number[] };
  /** Index of the first largest element -> i32. */
  argmax: { readonly dimension: number };
  cumulative_sum: { readonly dimension: number; readonly reverse: boolean };
  /** Ascending and stable. */
  sort: { readonly dimension: number };
  /** The permutation that sorts, stable -> i32. */
  argsort: { readonly dimension: number };

  /** Result axes: batch, the rest of lhs, the rest of rhs. */
  dot_general: {
    readonly lhs_batch: readonly number[];
    readonly rhs_batch: readonly number[];
    readonly lhs_contracting: readonly number[];
    readonly rhs_contracting: readonly number[];
  };

  /** operand [batch…, pre…, n, post…], indices i32 [batch…, at…] -> [batch…, pre…, at…, post…]; `batch_dims` leading axes are shared; `axis` >= batch_dims. An index outside [0, n) gives 0. */
  gather: { readonly axis: number; readonly batch_dims: number };
  /** (updates, indices): the transpose of `gather` in its operand, with `size` = n. Repeated indices add up; one outside [0, n) adds nothing. */
  scatter_add: { readonly axis: number; readonly batch_dims: number; readonly size: D };

  // Convolution: x [n, h, w, c], w [kh, kw, c / groups, o], dy [n, h', w', o]; h' = window(h, kh, stride, padding) with the kernel's dilated extent.
  conv2d: Conv<D, W>;
  /** (dy, w) -> x */
  conv2d_input_gradient: Conv<D, W> & { readonly input_size: readonly [D, D] };
  /** (x, dy) -> w */
  conv2d_filter_gradient: Conv<D, W> & { readonly kernel_size: readonly [D, D] };
  /** x [n, h, w, c] -> patches [n, h', w', kh, kw, c]; places outside x read `fill`. Linear where fill is 0. */
  unfold: Patches<D, W> & { readonly fill: number };
  /** patches [n, h', w', kh, kw, c] -> x [n, h, w, c], overlaps added: the transpose of `unfold` with fill 0. */
  fold: Patches<D, W> & { readonly input_size: readonly [D, D] };

  /** The mean over the examples of a training batch, seen by each of them. `vmap` over the axis named `batch` turns it into reduce_sum and broadcast; a graph that runs has none. */
  batch_mean: Empty;
}

export type Empty = Readonly<Record<never, never>>;

/** As TensorFlow: `same` gives ceil(h / stride), padding (total / 2) low, the rest high; `valid` pads nothing. */
export type Padding = "same" | "valid";

export interface Conv<D = number, W = Padding> {
  readonly stride: readonly [D, D];
  readonly dilation: readonly [D, D];
  readonly padding: W;
  readonly groups: D;
}

export interface Patches<D = number, W = Padding> {
  readonly kernel: readonly [D, D];
  readonly stride: readonly [D, D];
  readonly dilation: readonly [D, D];
  readonly padding: W;
}

export type Prim = keyof Prims;
