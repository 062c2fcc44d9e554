import { describe, expect, test } from "vitest";
import { isMismatch, type Reason, type SymbolicType, showMismatch } from "../../src/ir/mismatch.ts";
import type { Prim } from "../../src/ir/primitives.ts";
import { prims, type SymbolicParams, shapeRules } from "../../src/ir/shapes.ts";
import { type Axis, add, type Bindings, multiply, showShape, substituteAxes, variable } from "../../src/shape/dim.ts";
import type { DType } from "../../src/shape/dtype.ts";
import { tensor } from "../../src/shape/tensor.ts";

const [h, w, c, n, k] = [variable("h"), variable("w"), variable("c"), variable("n"), variable("k")];
const s = { spread: "s" };

const of =
  (dtype: DType) =>
  (...shape: readonly Axis[]): SymbolicType => ({ dtype, shape });
const [f32, f64, i32, bool] = [of("f32"), of("f64"), of("i32"), of("bool")];

type Case = {
  [P in Prim]: { readonly op: P; readonly params: SymbolicParams<P>; readonly inputs: readonly SymbolicType[] };
}[Prim];

const apply = ({ op, params, inputs }: Case) => {
  const rule: (params: never, inputs: readonly SymbolicType[]) => ReturnType<(typeof shapeRules)[Prim]> =
    shapeRules[op];
  return rule(params as never, inputs);
};

const show = (result: ReturnType<typeof apply>): string =>
  isMismatch(result) ? showMismatch(result) : `${result.dtype}${showShape(result.shape)}`;

const conv = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 } as const;
const matrix = { lhs_batch: [], rhs_batch: [], lhs_contracting: [1], rhs_contracting: [0] } as const;

/** One right case for each operation, in numbers and in variables where both are of interest. */
const right = {
  constant: [[{ op: "constant", params: { value: tensor("f64", [2], [1, 2]) }, inputs: [] }, "f64[2]"]],
  iota: [[{ op: "iota", params: { shape: [n, 3], axis: 1, dtype: "i32" }, inputs: [] }, "i32[n, 3]"]],
  random_bits: [
    [{ op: "random_bits", params: { shape: [s, 3], purpose: "keep" }, inputs: [i32(n, 4)] }, "i32[n, ...s, 3]"],
  ],
  negate: [[{ op: "negate", params: {}, inputs: [i32(2)] }, "i32[2]"]],
  abs: [[{ op: "abs", params: {}, inputs: [f32(s)] }, "f32[...s]"]],
  sign: [[{ op: "sign", params: {}, inputs: [f64()] }, "f64[]"]],
  floor: [[{ op: "floor", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  exponential: [[{ op: "exponential", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  exponential_minus_one: [[{ op: "exponential_minus_one", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  log: [[{ op: "log", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  log_plus_one: [[{ op: "log_plus_one", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  sqrt: [[{ op: "sqrt", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  rsqrt: [[{ op: "rsqrt", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  tanh: [[{ op: "tanh", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  logistic: [[{ op: "logistic", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  softplus: [[{ op: "softplus", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  erf: [[{ op: "erf", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  sine: [[{ op: "sine", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  cosine: [[{ op: "cosine", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  not: [[{ op: "not", params: {}, inputs: [bool(h)] }, "bool[h]"]],
  is_finite: [[{ op: "is_finite", params: {}, inputs: [f32(h)] }, "bool[h]"]],
  convert: [[{ op: "convert", params: { dtype: "f64" }, inputs: [bool(h)] }, "f64[h]"]],
  stop_gradient: [[{ op: "stop_gradient", params: {}, inputs: [f32(h)] }, "f32[h]"]],
  add: [[{ op: "add", params: {}, inputs: [f32(s, add(h, 1)), f32(s, add(1, h))] }, "f32[...s, h + 1]"]],
  subtract: [[{ op: "subtract", params: {}, inputs: [i32(2), i32(2)] }, "i32[2]"]],
  multiply: [[{ op: "multiply", params: {}, inputs: [f32(2), f32(2)] }, "f32[2]"]],
  divide: [[{ op: "divide", params: {}, inputs: [f32(2), f32(2)] }, "f32[2]"]],
  maximum: [[{ op: "maximum", params: {}, inputs: [f32(2), f32(2)] }, "f32[2]"]],
  minimum: [[{ op: "minimum", params: {}, inputs: [f32(2), f32(2)] }, "f32[2]"]],
  power: [[{ op: "power", params: {}, inputs: [f32(2), f32(2)] }, "f32[2]"]],
  remainder: [[{ op: "remainder", params: {}, inputs: [i32(2), i32(2)] }, "i32[2]"]],
  and: [[{ op: "and", params: {}, inputs: [bool(2), bool(2)] }, "bool[2]"]],
  or: [[{ op: "or", params: {}, inputs: [bool(2), bool(2)] }, "bool[2]"]],
  compare: [[{ op: "compare", params: { direction: "LT" }, inputs: [f32(h), f32(h)] }, "bool[h]"]],
  select: [[{ op: "select", params: {}, inputs: [bool(h), f32(h), f32(h)] }, "f32[h]"]],
  broadcast_in_dim: [
    [
      { op: "broadcast_in_dim", params: { shape: [s, h, c], dimensions: [0, 2] }, inputs: [f32(s, 1)] },
      "f32[...s, h, c]",
    ],
  ],
  reshape: [
    [{ op: "reshape", params: { shape: [6] }, inputs: [f32(2, 3)] }, "f32[6]"],
    [{ op: "reshape", params: { shape: [multiply(h, multiply(2, w))] }, inputs: [f32(h, w, 2)] }, "f32[2 * h * w]"],
  ],
  transpose: [[{ op: "transpose", params: { permutation: [2, 0, 1] }, inputs: [f32(h, w, c)] }, "f32[c, h, w]"]],
  reverse: [[{ op: "reverse", params: { dimensions: [1] }, inputs: [f32(h, w)] }, "f32[h, w]"]],
  slice: [
    [{ op: "slice", params: { start: [1, 0], limit: [7, h], strides: [2, 1] }, inputs: [f32(8, h)] }, "f32[3, h]"],
    [{ op: "slice", params: { start: [2], limit: [h], strides: [1] }, inputs: [f32(h)] }, "f32[h - 2]"],
  ],
  pad: [
    [{ op: "pad", params: { low: [1], high: [2], interior: [1], value: 0 }, inputs: [f32(h)] }, "f32[2 * h + 2]"],
    [{ op: "pad", params: { low: [1], high: [0], interior: [3], value: 0 }, inputs: [f32(0)] }, "f32[1]"],
  ],
  concatenate: [[{ op: "concatenate", params: { dimension: 1 }, inputs: [f32(h, 2), f32(h, w)] }, "f32[h, w + 2]"]],
  reduce_sum: [
    [{ op: "reduce_sum", params: { dimensions: [0, 2] }, inputs: [f32(h, w, c)] }, "f32[w]"],
    [{ op: "reduce_sum", params: { dimensions: [0] }, inputs: [f32(s, c)] }, "f32[c]"],
  ],
  reduce_max: [[{ op: "reduce_max", params: { dimensions: [1] }, inputs: [i32(h, w)] }, "i32[h]"]],
  argmax: [[{ op: "argmax", params: { dimension: 1 }, inputs: [f32(s, c)] }, "i32[...s]"]],
  cumulative_sum: [[{ op: "cumulative_sum", params: { dimension: 0, reverse: true }, inputs: [f32(h)] }, "f32[h]"]],
  sort: [[{ op: "sort", params: { dimension: 0 }, inputs: [f32(h)] }, "f32[h]"]],
  argsort: [[{ op: "argsort", params: { dimension: 0 }, inputs: [f32(h)] }, "i32[h]"]],
  dot_general: [
    [{ op: "dot_general", params: matrix, inputs: [f32(h, 3), f32(3, w)] }, "f32[h, w]"],
    [
      {
        op: "dot_general",
        params: { lhs_batch: [0], rhs_batch: [2], lhs_contracting: [2, 1], rhs_contracting: [0, 3] },
        inputs: [f32(n, 4, k), f32(k, w, n, 4)],
      },
      "f32[n, w]",
    ],
  ],
  gather: [
    [{ op: "gather", params: { axis: 2, batch_dims: 1 }, inputs: [f32(n, h, 5, w), i32(n, k)] }, "f32[n, h, k, w]"],
    [{ op: "gather", params: { axis: 0, batch_dims: 0 }, inputs: [f32(c), i32()] }, "f32[]"],
  ],
  scatter_add: [
    [
      { op: "scatter_add", params: { axis: 2, batch_dims: 1, size: 5 }, inputs: [f32(n, h, k, w), i32(n, k)] },
      "f32[n, h, 5, w]",
    ],
  ],
  conv2d: [
    [{ op: "conv2d", params: conv, inputs: [f32(1, 28, 7, 3), f32(3, 3, 3, 8)] }, "f32[1, 14, 4, 8]"],
    [{ op: "conv2d", params: conv, inputs: [f32(n, h, w, c), f32(3, 3, c, k)] }, "f32[n, ceil(h / 2), ceil(w / 2), k]"],
    [
      {
        op: "conv2d",
        params: { ...conv, stride: [1, 1], dilation: [2, 1], padding: "valid", groups: c },
        inputs: [f32(1, h, 9, c), f32(3, 3, 1, multiply(2, c))],
      },
      "f32[1, h - 4, 7, 2 * c]",
    ],
  ],
  conv2d_input_gradient: [
    [
      {
        op: "conv2d_input_gradient",
        params: { ...conv, input_size: [28, 7] },
        inputs: [f32(n, 14, 4, 8), f32(3, 3, c, 8)],
      },
      "f32[n, 28, 7, c]",
    ],
  ],
  conv2d_filter_gradient: [
    [
      {
        op: "conv2d_filter_gradient",
        params: { ...conv, kernel_size: [3, 3], groups: 2 },
        inputs: [f32(n, 28, 7, 6), f32(n, 14, 4, 8)],
      },
      "f32[3, 3, 3, 8]",
    ],
  ],
  unfold: [
    [
      {
        op: "unfold",
        params: { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "valid", fill: 0 },
        inputs: [f32(n, h, 7, c)],
      },
      "f32[n, floor(h / 2), 3, 2, 2, c]",
    ],
  ],
  fold: [
    [
      {
        op: "fold",
        params: { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "valid", input_size: [9, 7] },
        inputs: [f32(n, 4, 3, 2, 2, c)],
      },
      "f32[n, 9, 7, c]",
    ],
  ],
  batch_mean: [[{ op: "batch_mean", params: {}, inputs: [f32(h)] }, "f32[h]"]],
} as const satisfies { readonly [P in Prim]: readonly (readonly [Case & { readonly op: P }, string])[] };

describe("right", () => {
  const rows = prims.flatMap((op) => right[op] as readonly (readonly [Case, string])[]);
  test.each(rows)("%# $op", (row, expected) => {
    expect(show(apply(row))).toBe(expected);
  });

  // A spread stands for one axis here, so that places in shapes stay what they are.
  const sizes = Object.entries({ h: 9, w: 8, c: 4, n: 5, k: 6 });
  const bindings: Bindings = { dims: new Map(sizes), spreads: new Map([["s", [7]]]), paddings: new Map() };
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    if ("terms" in value || "spread" in value) return substituteAxes([value as Axis], bindings)[0];
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, close(entry)]));
  };

  test.each(rows)("%# $op says in variables what it says in numbers", (row) => {
    const result = apply(close(row) as Case);
    expect(result).toEqual(close(apply(row)));
    expect(isMismatch(result) ? [] : result.shape.filter((axis) => typeof axis !== "number")).toEqual([]);
  });
});

describe("wrong", () => {
  const rows: readonly (readonly [Case, Reason])[] = [
    [
      { op: "add", params: {}, inputs: [f32(2)] },
      { kind: "operands", expected: 2, got: 1 },
    ],
    [
      { op: "add", params: {}, inputs: [f32(2), f64(2)] },
      { kind: "dtype", operand: 1, expected: ["f32"], got: "f64" },
    ],
    [
      { op: "add", params: {}, inputs: [f32(2, h, 4), f32(3, h, 5)] },
      {
        kind: "axes",
        operand: 1,
        against: 0,
        shape: [3, h, 5],
        axes: [
          { axis: 0, expected: 2, got: 3 },
          { axis: 2, expected: 4, got: 5 },
        ],
      },
    ],
    [
      { op: "add", params: {}, inputs: [f32(2), f32()] },
      { kind: "rank", operand: 1, wanted: "the axes of operand 0", got: [] },
    ],
    [
      { op: "not", params: {}, inputs: [f32(2)] },
      { kind: "dtype", operand: 0, expected: ["bool"], got: "f32" },
    ],
    [
      { op: "tanh", params: {}, inputs: [i32(2)] },
      { kind: "dtype", operand: 0, expected: ["f32", "f64"], got: "i32" },
    ],
    [
      { op: "broadcast_in_dim", params: { shape: [2, 3], dimensions: [1] }, inputs: [f32(2)] },
      { kind: "axes", operand: 0, shape: [2], axes: [{ axis: 0, expected: 3, got: 2 }] },
    ],
    [
      { op: "broadcast_in_dim", params: { shape: [2, 3], dimensions: [1, 0] }, inputs: [f32(3, 2)] },
      { kind: "parameter", name: "dimensions", message: "one increasing place in shape for each operand axis" },
    ],
    [
      { op: "broadcast_in_dim", params: { shape: [s], dimensions: [0] }, inputs: [f32(1)] },
      { kind: "axes", operand: 0, shape: [1], axes: [{ axis: 0, expected: s, got: 1 }] },
    ],
    [
      { op: "reshape", params: { shape: [4, 2] }, inputs: [f32(2, 3)] },
      { kind: "elements", from: [2, 3], to: [4, 2], fromCount: 6, toCount: 8 },
    ],
    [
      { op: "reshape", params: { shape: [-6, -1] }, inputs: [f32(6)] },
      { kind: "parameter", name: "shape", message: "-6 is no size" },
    ],
    [
      { op: "transpose", params: { permutation: [0, 0] }, inputs: [f32(2, 3)] },
      { kind: "parameter", name: "permutation", message: "[0,0] is no order of 2 axes" },
    ],
    [
      { op: "reduce_sum", params: { dimensions: [2] }, inputs: [f32(2, 3)] },
      { kind: "no_axis", operand: 0, axis: 2, shape: [2, 3] },
    ],
    [
      { op: "argmax", params: { dimension: 0 }, inputs: [f32(s)] },
      { kind: "no_axis", operand: 0, axis: 0, shape: [s] },
    ],
    [
      { op: "slice", params: { start: [0], limit: [9], strides: [1] }, inputs: [f32(8)] },
      { kind: "axes", operand: 0, shape: [8], axes: [{ axis: 0, expected: 9, got: 8 }] },
    ],
    [
      { op: "concatenate", params: { dimension: 0 }, inputs: [f32(2, 3), f32(2, 4)] },
      { kind: "axes", operand: 1, against: 0, shape: [2, 4], axes: [{ axis: 1, expected: 3, got: 4 }] },
    ],
    [
      { op: "concatenate", params: { dimension: 0 }, inputs: [] },
      { kind: "operands", expected: 1, got: 0 },
    ],
    [
      { op: "dot_general", params: matrix, inputs: [f32(2, 3), f32(4, 5)] },
      { kind: "axes", operand: 1, against: 0, shape: [4, 5], axes: [{ axis: 0, expected: 3, got: 4 }] },
    ],
    [
      { op: "gather", params: { axis: 1, batch_dims: 1 }, inputs: [f32(2, 3), i32(4)] },
      { kind: "axes", operand: 1, against: 0, shape: [4], axes: [{ axis: 0, expected: 2, got: 4 }] },
    ],
    [
      { op: "gather", params: { axis: 0, batch_dims: 0 }, inputs: [f32(2), f32(1)] },
      { kind: "dtype", operand: 1, expected: ["i32"], got: "f32" },
    ],
    [
      { op: "scatter_add", params: { axis: 0, batch_dims: 0, size: 5 }, inputs: [f32(3, 2), i32(4)] },
      { kind: "axes", operand: 0, against: 1, shape: [3, 2], axes: [{ axis: 0, expected: 4, got: 3 }] },
    ],
    [
      { op: "random_bits", params: { shape: [2], purpose: "keep" }, inputs: [i32(3)] },
      { kind: "rank", operand: 0, wanted: "[…, 4]", got: [3] },
    ],
    [
      { op: "conv2d", params: conv, inputs: [f32(1, 8, 8, 3), f32(3, 3, 4, 8)] },
      { kind: "axes", operand: 1, against: 0, shape: [3, 3, 4, 8], axes: [{ axis: 2, expected: 3, got: 4 }] },
    ],
    [
      { op: "conv2d", params: conv, inputs: [f32(8, 8, 3), f32(3, 3, 3, 8)] },
      { kind: "rank", operand: 0, wanted: "[n, h, w, channels]", got: [8, 8, 3] },
    ],
    [
      {
        op: "conv2d",
        params: { ...conv, padding: "valid", dilation: [1, 3] },
        inputs: [f32(1, 8, 6, 3), f32(3, 3, 3, 8)],
      },
      { kind: "window", operand: 0, axis: 2, size: 6, kernel: 7 },
    ],
    [
      { op: "conv2d", params: { ...conv, groups: 2 }, inputs: [f32(1, 8, 6, 3), f32(3, 3, 3, 8)] },
      { kind: "parameter", name: "groups", message: "2 does not divide 3 channels" },
    ],
    [
      { op: "conv2d", params: { ...conv, stride: [0, 1] }, inputs: [f32(1, 8, 6, 3), f32(3, 3, 3, 8)] },
      { kind: "parameter", name: "stride", message: "0 is not positive" },
    ],
    [
      {
        op: "conv2d_input_gradient",
        params: { ...conv, input_size: [9, 8] },
        inputs: [f32(1, 4, 4, 8), f32(3, 3, 3, 8)],
      },
      { kind: "axes", operand: 0, shape: [1, 4, 4, 8], axes: [{ axis: 1, expected: 5, got: 4 }] },
    ],
    [
      {
        op: "conv2d_filter_gradient",
        params: { ...conv, kernel_size: [3, 3] },
        inputs: [f32(2, 8, 8, 3), f32(1, 4, 4, 8)],
      },
      { kind: "axes", operand: 1, shape: [1, 4, 4, 8], axes: [{ axis: 0, expected: 2, got: 1 }] },
    ],
    [
      {
        op: "fold",
        params: { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "valid", input_size: [8, 7] },
        inputs: [f32(1, 3, 3, 2, 3, 1)],
      },
      {
        kind: "axes",
        operand: 0,
        shape: [1, 3, 3, 2, 3, 1],
        axes: [
          { axis: 1, expected: 4, got: 3 },
          { axis: 4, expected: 2, got: 3 },
        ],
      },
    ],
  ];
  test.each(rows)("%# $op", (row, reason) => {
    const result = apply(row);
    expect(isMismatch(result) ? result : undefined).toEqual({ op: row.op, reason });
    expect(show(result).length).toBeGreaterThan(row.op.length + 2);
  });
});
