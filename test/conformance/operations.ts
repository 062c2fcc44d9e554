import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Prim, Prims } from "../../src/ir/primitives.ts";
import type { DType } from "../../src/shape/dtype.ts";
import { sizeOf, type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";

/** Numbers in [0, 1), from a seed (Mulberry32). */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** An operand: how it is shaped and drawn. `float` is f32 or f64, as the suite asks. */
export interface OperandRow {
  readonly dtype: "float" | "i32" | "bool";
  readonly shape: readonly number[];
  readonly draw: (random: Random, size: number) => readonly number[];
}

/** One operation with parameters, on operands of these shapes and domains. */
export interface Row<P extends Prim = Prim> {
  readonly op: P;
  readonly title: string;
  readonly params: (float: "f32" | "f64") => Prims[P];
  readonly operands: readonly OperandRow[];
  /** Away from kinks and poles derivatives exist; false where the operation has none to compare (integers). */
  readonly differentiable: boolean;
}

const each = (n: number, f: (i: number) => number): readonly number[] => Array.from({ length: n }, (_, i) => f(i));

/** Uniform in [low, high). */
const real = (shape: readonly number[], low = -1.5, high = 1.5): OperandRow => ({
  dtype: "float",
  shape,
  draw: (random, n) => each(n, () => low + (high - low) * random()),
});

/** Different numbers 0.2 apart, in random order: away from ties. Offsets of 0.1 keep two operands apart, and 0.05 everything away from whole numbers. */
const apart = (shape: readonly number[], offset = 0.05): OperandRow => ({
  dtype: "float",
  shape,
  draw: (random, n) => {
    const values = [...each(n, (i) => (i - Math.floor(n / 2)) * 0.2 + offset)];
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    return values;
  },
});

/** Whole numbers in [low, high). */
const whole = (shape: readonly number[], low: number, high: number): OperandRow => ({
  dtype: "i32",
  shape,
  draw: (random, n) => each(n, () => low + Math.floor((high - low) * random())),
});

const truth = (shape: readonly number[]): OperandRow => ({
  dtype: "bool",
  shape,
  draw: (random, n) => each(n, () => (random() < 0.5 ? 0 : 1)),
});

interface Case<P extends Prim> {
  readonly title?: string;
  readonly params?: Prims[P] | ((float: "f32" | "f64") => Prims[P]);
  readonly operands: readonly OperandRow[];
}

const { same, valid } = { same: "same", valid: "valid" } as const;
const plain = { stride: [1, 1], dilation: [1, 1], padding: same, groups: 1 } as const;
const strided = { stride: [2, 2], dilation: [1, 1], padding: same, groups: 1 } as const;
const dilated = { stride: [1, 1], dilation: [2, 1], padding: valid, groups: 1 } as const;
const grouped = { stride: [2, 1], dilation: [1, 1], padding: valid, groups: 2 } as const;
const depthwise = { stride: [2, 1], dilation: [1, 1], padding: same, groups: 2 } as const;
const apartDepthwise = { stride: [1, 1], dilation: [2, 2], padding: same, groups: 3 } as const;
const everything = { stride: [2, 3], dilation: [2, 1], padding: same, groups: 2 } as const;
const everythingTight = { stride: [2, 2], dilation: [1, 2], padding: valid, groups: 3 } as const;
const patches = { kernel: [3, 2], stride: [2, 1], dilation: [1, 1], padding: same } as const;
const tight = { kernel: [2, 2], stride: [2, 2], dilation: [1, 2], padding: valid } as const;

const unary = [{ operands: [real([2, 3])] }];
const positive = [{ operands: [real([2, 3], 0.4, 2.5)] }];
const kinked = [{ operands: [apart([2, 3])] }];
const binary = [{ operands: [real([2, 3]), real([2, 3])] }];
const ordered = [{ operands: [apart([2, 3]), apart([2, 3], 0.15)] }];

/** At least one case for every operation. */
const cases: { readonly [P in Prim]: readonly Case<P>[] } = {
  constant: [{ params: (float) => ({ value: tensor(float, [2, 2], [1.5, -2, 0.25, 3]) }), operands: [] }],
  iota: [
    { title: "i32", params: { shape: [2, 3], axis: 1, dtype: "i32" }, operands: [] },
    { title: "float", params: (dtype) => ({ shape: [3, 2], axis: 0, dtype }), operands: [] },
  ],
  random_bits: [{ params: { shape: [5], purpose: "dropout" }, operands: [whole([4], 0, 1000)] }],

  negate: unary,
  abs: kinked,
  sign: kinked,
  floor: kinked,
  exponential: unary,
  exponential_minus_one: unary,
  log: positive,
  log_plus_one: positive,
  sqrt: positive,
  rsqrt: positive,
  tanh: unary,
  logistic: unary,
  softplus: unary,
  erf: unary,
  sine: unary,
  cosine: unary,
  not: [{ operands: [truth([2, 3])] }],
  is_finite: unary,
  convert: [
    {
      title: "float to float",
      params: (dtype) => ({ dtype: dtype === "f64" ? "f32" : "f64" }),
      operands: [real([2, 3])],
    },
    { title: "float to i32", params: { dtype: "i32" }, operands: [apart([2, 3])] },
    { title: "i32 to float", params: (dtype) => ({ dtype }), operands: [whole([2, 3], -4, 5)] },
    { title: "bool to float", params: (dtype) => ({ dtype }), operands: [truth([2, 3])] },
  ],
  stop_gradient: unary,

  add: [...binary, { title: "i32", operands: [whole([4], -5, 5), whole([4], -5, 5)] }],
  subtract: binary,
  multiply: [...binary, { title: "i32", operands: [whole([4], -5, 5), whole([4], -5, 5)] }],
  divide: [
    { operands: [real([2, 3]), real([2, 3], 0.5, 2)] },
    { title: "i32", operands: [whole([4], -9, 9), whole([4], 1, 4)] },
  ],
  maximum: ordered,
  minimum: ordered,
  power: [{ operands: [real([2, 3], 0.5, 2), real([2, 3], -2, 2)] }],
  remainder: [{ operands: [apart([2, 3]), real([2, 3], 0.35, 0.36)] }],
  and: [{ operands: [truth([2, 3]), truth([2, 3])] }],
  or: [{ operands: [truth([2, 3]), truth([2, 3])] }],
  compare: (["EQ", "NE", "LT", "LE", "GT", "GE"] as const).flatMap((direction) => [
    { title: direction, params: { direction }, operands: [apart([2, 3]), apart([2, 3], 0.15)] },
    { title: `${direction}, i32`, params: { direction }, operands: [whole([6], 0, 3), whole([6], 0, 3)] },
  ]),
  select: [{ operands: [truth([2, 3]), real([2, 3]), real([2, 3])] }],

  broadcast_in_dim: [
    { title: "new axes", params: { shape: [2, 3, 2], dimensions: [1] }, operands: [real([3])] },
    { title: "axes that grow", params: { shape: [2, 3, 4], dimensions: [0, 2] }, operands: [real([1, 4])] },
  ],
  reshape: [{ params: { shape: [3, 4] }, operands: [real([2, 3, 2])] }],
  transpose: [{ params: { permutation: [2, 0, 1] }, operands: [real([2, 3, 4])] }],
  reverse: [{ params: { dimensions: [0, 2] }, operands: [real([2, 3, 2])] }],
  slice: [{ params: { start: [1, 0], limit: [4, 5], strides: [1, 2] }, operands: [real([5, 6])] }],
  pad: [
    { params: { low: [1, 0], high: [0, 2], interior: [0, 1], value: 0.5 }, operands: [real([2, 3])] },
    {
      title: "-infinity",
      params: { low: [1], high: [1], interior: [0], value: Number.NEGATIVE_INFINITY },
      operands: [real([2])],
    },
  ],
  concatenate: [{ params: { dimension: 1 }, operands: [real([2, 1]), real([2, 3]), real([2, 2])] }],

  reduce_sum: [
    { params: { dimensions: [0, 2] }, operands: [real([2, 3, 2])] },
    { title: "i32", params: { dimensions: [1] }, operands: [whole([2, 3], -5, 5)] },
  ],
  reduce_max: [{ params: { dimensions: [0, 2] }, operands: [apart([2, 3, 2])] }],
  argmax: [{ params: { dimension: 1 }, operands: [apart([2, 4])] }],
  cumulative_sum: [
    { params: { dimension: 1, reverse: false }, operands: [real([2, 4])] },
    { title: "reverse", params: { dimension: 0, reverse: true }, operands: [real([3, 2])] },
  ],
  sort: [
    { title: "last axis", params: { dimension: 1 }, operands: [apart([2, 4])] },
    { title: "first axis", params: { dimension: 0 }, operands: [apart([4, 2])] },
  ],
  argsort: [{ params: { dimension: 0 }, operands: [apart([4, 2])] }],

  dot_general: [
    {
      title: "matrix product",
      params: { lhs_batch: [], rhs_batch: [], lhs_contracting: [1], rhs_contracting: [0] },
      operands: [real([2, 3]), real([3, 4])],
    },
    {
      title: "vector times matrix",
      params: { lhs_batch: [], rhs_batch: [], lhs_contracting: [0], rhs_contracting: [1] },
      operands: [real([3]), real([2, 3])],
    },
    {
      title: "batch, contracted in another order",
      params: { lhs_batch: [2], rhs_batch: [0], lhs_contracting: [0, 3], rhs_contracting: [3, 1] },
      operands: [real([3, 2, 2, 2]), real([2, 2, 4, 3])],
    },
    {
      title: "outer product",
      params: { lhs_batch: [], rhs_batch: [], lhs_contracting: [], rhs_contracting: [] },
      operands: [real([2]), real([3])],
    },
  ],
  gather: [
    { title: "rows", params: { axis: 0, batch_dims: 0 }, operands: [real([4, 2]), whole([3], -1, 5)] },
    { title: "inner axis", params: { axis: 1, batch_dims: 0 }, operands: [real([2, 4, 2]), whole([2, 2], -1, 5)] },
    { title: "batch", params: { axis: 2, batch_dims: 1 }, operands: [real([2, 2, 4, 2]), whole([2, 3], 0, 4)] },
    { title: "one of each", params: { axis: 1, batch_dims: 1 }, operands: [real([3, 4]), whole([3], 0, 4)] },
  ],
  scatter_add: [
    { title: "rows", params: { axis: 0, batch_dims: 0, size: 4 }, operands: [real([3, 2]), whole([3], -1, 5)] },
    {
      title: "inner axis",
      params: { axis: 1, batch_dims: 0, size: 4 },
      operands: [real([2, 2, 2, 2]), whole([2, 2], -1, 5)],
    },
    {
      title: "batch",
      params: { axis: 2, batch_dims: 1, size: 4 },
      operands: [real([2, 2, 3, 2]), whole([2, 3], 0, 4)],
    },
  ],

  conv2d: [
    { title: "same", params: plain, operands: [real([2, 4, 3, 2]), real([3, 3, 2, 3])] },
    { title: "stride 2", params: strided, operands: [real([1, 5, 4, 2]), real([3, 3, 2, 2])] },
    { title: "dilation, valid", params: dilated, operands: [real([1, 6, 4, 1]), real([3, 2, 1, 2])] },
    { title: "groups", params: grouped, operands: [real([2, 5, 3, 4]), real([2, 2, 2, 6])] },
    { title: "depthwise, same", params: depthwise, operands: [real([1, 4, 3, 2]), real([2, 3, 1, 4])] },
    { title: "depthwise, dilation", params: apartDepthwise, operands: [real([1, 5, 4, 3]), real([2, 2, 1, 3])] },
    {
      title: "stride, dilation and groups, same",
      params: everything,
      operands: [real([2, 6, 5, 4]), real([2, 3, 2, 2])],
    },
    {
      title: "stride, dilation and groups, valid",
      params: everythingTight,
      operands: [real([1, 5, 6, 3]), real([2, 2, 1, 6])],
    },
  ],
  conv2d_input_gradient: [
    {
      title: "stride, dilation and groups, same",
      params: { ...everything, input_size: [6, 5] },
      operands: [real([2, 3, 2, 2]), real([2, 3, 2, 2])],
    },
    {
      title: "stride, dilation and groups, valid",
      params: { ...everythingTight, input_size: [5, 6] },
      operands: [real([1, 2, 2, 6]), real([2, 2, 1, 6])],
    },
    {
      title: "depthwise, same",
      params: { ...depthwise, input_size: [4, 3] },
      operands: [real([1, 2, 3, 4]), real([2, 3, 1, 4])],
    },
    {
      title: "depthwise, dilation",
      params: { ...apartDepthwise, input_size: [5, 4] },
      operands: [real([1, 5, 4, 3]), real([2, 2, 1, 3])],
    },
    { title: "same", params: { ...plain, input_size: [4, 3] }, operands: [real([2, 4, 3, 3]), real([3, 3, 2, 3])] },
    {
      title: "stride 2",
      params: { ...strided, input_size: [5, 4] },
      operands: [real([1, 3, 2, 2]), real([3, 3, 2, 2])],
    },
    {
      title: "stride 2, whole cells",
      params: { ...strided, input_size: [6, 4] },
      operands: [real([2, 3, 2, 4]), real([3, 3, 2, 4])],
    },
    {
      title: "stride 2, whole cells, valid",
      params: { ...strided, padding: "valid", input_size: [8, 6] },
      operands: [real([2, 3, 2, 3]), real([3, 3, 2, 3])],
    },
    {
      title: "stride 3, whole cells",
      params: { ...strided, stride: [3, 3], padding: "valid", input_size: [6, 9] },
      operands: [real([1, 2, 3, 2]), real([1, 2, 3, 2])],
    },
    {
      title: "dilation, valid",
      params: { ...dilated, input_size: [6, 4] },
      operands: [real([1, 2, 3, 2]), real([3, 2, 1, 2])],
    },
    {
      title: "groups",
      params: { ...grouped, input_size: [5, 3] },
      operands: [real([2, 2, 2, 6]), real([2, 2, 2, 6])],
    },
  ],
  conv2d_filter_gradient: [
    {
      title: "stride, dilation and groups, same",
      params: { ...everything, kernel_size: [2, 3] },
      operands: [real([2, 6, 5, 4]), real([2, 3, 2, 2])],
    },
    {
      title: "stride, dilation and groups, valid",
      params: { ...everythingTight, kernel_size: [2, 2] },
      operands: [real([1, 5, 6, 3]), real([1, 2, 2, 6])],
    },
    {
      title: "depthwise, same",
      params: { ...depthwise, kernel_size: [2, 3] },
      operands: [real([1, 4, 3, 2]), real([1, 2, 3, 4])],
    },
    {
      title: "depthwise, dilation",
      params: { ...apartDepthwise, kernel_size: [2, 2] },
      operands: [real([1, 5, 4, 3]), real([1, 5, 4, 3])],
    },
    { title: "same", params: { ...plain, kernel_size: [3, 3] }, operands: [real([2, 4, 3, 2]), real([2, 4, 3, 3])] },
    {
      title: "stride 2",
      params: { ...strided, kernel_size: [3, 3] },
      operands: [real([1, 5, 4, 2]), real([1, 3, 2, 2])],
    },
    {
      title: "dilation, valid",
      params: { ...dilated, kernel_size: [3, 2] },
      operands: [real([1, 6, 4, 1]), real([1, 2, 3, 2])],
    },
    {
      title: "groups",
      params: { ...grouped, kernel_size: [2, 2] },
      operands: [real([2, 5, 3, 4]), real([2, 2, 2, 6])],
    },
  ],
  unfold: [
    { title: "same", params: { ...patches, fill: 0 }, operands: [real([2, 5, 3, 2])] },
    { title: "valid, fill", params: { ...tight, fill: 0.5 }, operands: [real([1, 5, 4, 2])] },
    { title: "same, fill", params: { ...patches, fill: 0.5 }, operands: [real([2, 5, 3, 2])] },
  ],
  fold: [
    { title: "same", params: { ...patches, input_size: [5, 3] }, operands: [real([2, 3, 3, 3, 2, 2])] },
    { title: "valid", params: { ...tight, input_size: [5, 4] }, operands: [real([1, 2, 1, 2, 2, 2])] },
  ],

  batch_mean: unary,
};

function rowsOf<P extends Prim>(op: P, list: readonly Case<P>[]): readonly Row<P>[] {
  return list.map(({ title, params, operands }) => {
    const paramsOf = (float: "f32" | "f64"): Prims[P] => {
      const given = params ?? ({} as Prims[P]);
      return typeof given === "function" ? given(float) : given;
    };
    const type = resultType({ op, params: paramsOf, operands }, "f64");
    const floats = operands.some((x) => x.dtype === "float");
    const differentiable = floats && (type.dtype === "f64" || type.dtype === "f32");
    return { op, title: title === undefined ? op : `${op}, ${title}`, params: paramsOf, operands, differentiable };
  });
}

const resultType = <P extends Prim>(row: Pick<Row<P>, "op" | "params" | "operands">, float: "f32" | "f64") => {
  const graph = graphOf(row, float);
  return (graph.nodes.at(-1) ?? graph.inputs[0]!).type;
};

/** The graph of one operation, named inputs x0, x1, … */
export function graphOf<P extends Prim>(
  { op, params, operands }: Pick<Row<P>, "op" | "params" | "operands">,
  float: "f32" | "f64",
): Graph {
  const b = new GraphBuilder();
  const inputs = operands.map((operand, i) => b.input(`x${i}`, typeOf(operand, float)));
  return b.build([b.apply(op, inputs, params(float))]);
}

export const typeOf = ({ dtype, shape }: OperandRow, float: "f32" | "f64"): TensorType => ({
  dtype: dtype === "float" ? float : dtype,
  shape,
});

/** Values for an operand, with leading axes of these sizes; each element of those axes is drawn by itself. */
export function drawOperand(
  operand: OperandRow,
  float: "f32" | "f64",
  random: Random,
  leading: readonly number[] = [],
): Tensor {
  const { dtype, shape } = typeOf(operand, float);
  const values = each(sizeOf(leading), () => 0).flatMap(() => operand.draw(random, sizeOf(shape)));
  return tensor(dtype, [...leading, ...shape], values);
}

/** Normal-like numbers in [-1, 1) for tangents and cotangents. */
export const drawDirection = ({ dtype, shape }: TensorType, random: Random): Tensor =>
  tensor(
    dtype,
    shape,
    each(sizeOf(shape), () => 2 * random() - 1),
  );

export const positionsOf = (types: readonly { readonly type: TensorType }[], dtypes: readonly DType[]) =>
  types.flatMap(({ type }, i) => (dtypes.includes(type.dtype) ? [i] : []));

/** The conformance table: every operation, in every form that its rules tell apart. */
export const rows: readonly Row[] = (Object.keys(cases) as Prim[]).flatMap((op) => rowsOf<Prim>(op, cases[op]));
