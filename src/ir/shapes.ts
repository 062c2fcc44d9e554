import {
  type Axis,
  add,
  ceilDivide,
  type Dim,
  dimEquals,
  isSpread,
  multiply,
  product,
  type SymbolicPadding,
  subtract,
} from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import {
  conflict,
  demandAxes,
  demandDim,
  demandDType,
  demandIndices,
  demandOneAxis,
  demandRankParameters,
  demandSame,
  demandShape,
  demandSizes,
  without,
} from "./demands.ts";
import { refuse, ShapeError, type ShapeMismatch, type SymbolicType } from "./mismatch.ts";
import type { Prim, Prims } from "./primitives.ts";
import { conv2dShape, filterGradientShape, foldShape, inputGradientShape, unfoldShape } from "./shapes-windows.ts";

/** The parameters as the checker has them; those of a graph are a special case. */
export type SymbolicParams<P extends Prim> = Prims<Axis, SymbolicPadding>[P];

/** The type of an operation's result. Sizes that are numbers give numbers; in a shape, a spread counts as one place. */
export type ShapeRule<P extends Prim> = (
  params: SymbolicParams<P>,
  inputs: readonly SymbolicType[],
) => SymbolicType | ShapeMismatch;

type Definition<P extends Prim> = (
  params: SymbolicParams<P>,
  inputs: readonly [SymbolicType, SymbolicType, SymbolicType],
  op: P,
) => SymbolicType;

const FLOATS = ["f32", "f64"] as const;
const NUMBERS = ["f32", "f64", "i32"] as const;
const ANY = ["f32", "f64", "i32", "bool"] as const;

/** How many operands an operation takes. */
export const arity = {
  constant: 0,
  iota: 0,
  random_bits: 1,
  negate: 1,
  abs: 1,
  sign: 1,
  floor: 1,
  exponential: 1,
  exponential_minus_one: 1,
  log: 1,
  log_plus_one: 1,
  sqrt: 1,
  rsqrt: 1,
  tanh: 1,
  logistic: 1,
  softplus: 1,
  erf: 1,
  sine: 1,
  cosine: 1,
  not: 1,
  is_finite: 1,
  convert: 1,
  stop_gradient: 1,
  add: 2,
  subtract: 2,
  multiply: 2,
  divide: 2,
  maximum: 2,
  minimum: 2,
  power: 2,
  remainder: 2,
  and: 2,
  or: 2,
  compare: 2,
  select: 3,
  broadcast_in_dim: 1,
  reshape: 1,
  transpose: 1,
  reverse: 1,
  slice: 1,
  pad: 1,
  concatenate: "many",
  reduce_sum: 1,
  reduce_max: 1,
  argmax: 1,
  cumulative_sum: 1,
  sort: 1,
  argsort: 1,
  dot_general: 2,
  gather: 2,
  scatter_add: 2,
  conv2d: 2,
  conv2d_input_gradient: 2,
  conv2d_filter_gradient: 2,
  unfold: 1,
  fold: 1,
  batch_mean: 1,
} as const satisfies { readonly [P in Prim]: number | "many" };

const unary = (dtypes: readonly DType[], result?: DType) =>
  ((_, [x], op) => {
    demandDType(op, 0, x, dtypes);
    return { dtype: result ?? x.dtype, shape: x.shape };
  }) satisfies Definition<Prim>;

const binary = (dtypes: readonly DType[], result?: DType) =>
  ((_, [x, y], op) => {
    demandDType(op, 0, x, dtypes);
    demandSame(op, 0, x, 1, y);
    return { dtype: result ?? x.dtype, shape: x.shape };
  }) satisfies Definition<Prim>;

const definitions: { readonly [P in Prim]: Definition<P> } = {
  constant: ({ value }) => ({ dtype: value.dtype, shape: value.shape }),
  iota: ({ shape, axis, dtype }, _, op) => {
    demandSizes(op, "shape", shape);
    demandDType(op, 0, { dtype, shape }, NUMBERS);
    demandAxes(op, 0, shape, [axis]);
    return { dtype, shape };
  },
  random_bits: ({ shape }, [key], op) => {
    demandSizes(op, "shape", shape);
    demandDType(op, 0, key, ["i32"]);
    const last = key.shape.at(-1);
    if (last === undefined || last !== 4) refuse(op, { kind: "rank", operand: 0, wanted: "[…, 4]", got: key.shape });
    return { dtype: "i32", shape: [...key.shape.slice(0, -1), ...shape] };
  },

  negate: unary(NUMBERS),
  abs: unary(NUMBERS),
  sign: unary(NUMBERS),
  floor: unary(FLOATS),
  exponential: unary(FLOATS),
  exponential_minus_one: unary(FLOATS),
  log: unary(FLOATS),
  log_plus_one: unary(FLOATS),
  sqrt: unary(FLOATS),
  rsqrt: unary(FLOATS),
  tanh: unary(FLOATS),
  logistic: unary(FLOATS),
  softplus: unary(FLOATS),
  erf: unary(FLOATS),
  sine: unary(FLOATS),
  cosine: unary(FLOATS),
  not: unary(["bool"]),
  is_finite: unary(FLOATS, "bool"),
  convert: ({ dtype }, [x]) => ({ dtype, shape: x.shape }),
  stop_gradient: unary(ANY),

  add: binary(NUMBERS),
  subtract: binary(NUMBERS),
  multiply: binary(NUMBERS),
  divide: binary(NUMBERS),
  maximum: binary(NUMBERS),
  minimum: binary(NUMBERS),
  power: binary(FLOATS),
  remainder: binary(NUMBERS),
  and: binary(["bool"]),
  or: binary(["bool"]),
  compare: binary(ANY, "bool"),
  select: (_, [pred, yes, no], op) => {
    demandDType(op, 0, pred, ["bool"]);
    demandSame(op, 1, yes, 2, no);
    demandShape(op, 0, pred.shape, yes.shape, 1);
    return yes;
  },

  broadcast_in_dim: ({ shape, dimensions }, [x], op) => {
    demandSizes(op, "shape", shape);
    if (
      dimensions.length !== x.shape.length ||
      dimensions.some((d, i) => d <= (dimensions[i - 1] ?? -1) || d >= shape.length)
    )
      refuse(op, {
        kind: "parameter",
        name: "dimensions",
        message: "one increasing place in shape for each operand axis",
      });
    const conflicts = dimensions
      .flatMap((d, i) => conflict(i, shape[d]!, x.shape[i]!))
      .filter((c) => c.got !== 1 || isSpread(c.expected));
    if (conflicts.length > 0) refuse(op, { kind: "axes", operand: 0, shape: x.shape, axes: conflicts });
    return { dtype: x.dtype, shape };
  },
  reshape: ({ shape }, [x], op) => {
    demandSizes(op, "shape", shape);
    const [fromCount, toCount] = [product(x.shape), product(shape)];
    if (!dimEquals(fromCount, toCount)) refuse(op, { kind: "elements", from: x.shape, to: shape, fromCount, toCount });
    return { dtype: x.dtype, shape };
  },
  transpose: ({ permutation }, [x], op) => {
    if (permutation.length !== x.shape.length || permutation.toSorted((a, b) => a - b).some((p, i) => p !== i))
      refuse(op, {
        kind: "parameter",
        name: "permutation",
        message: `[${permutation}] is no order of ${x.shape.length} axes`,
      });
    return { dtype: x.dtype, shape: permutation.map((p) => x.shape[p]!) };
  },
  reverse: ({ dimensions }, [x], op) => {
    demandAxes(op, 0, x.shape, dimensions);
    return x;
  },
  slice: ({ start, limit, strides }, [x], op) => {
    const sizes = demandRankParameters(op, x, { start, limit, strides });
    const shape = sizes.map((size, axis) => {
      const [from, to, stride] = [
        demandDim(op, "start", start[axis]!),
        demandDim(op, "limit", limit[axis]!),
        strides[axis]!,
      ];
      const beyond = subtract(size, to);
      const length = subtract(to, from);
      const bad = [from, beyond, length].some((d) => typeof d === "number" && d < 0);
      if (bad) refuse(op, { kind: "axes", operand: 0, shape: x.shape, axes: [{ axis, expected: to, got: size }] });
      if (!Number.isInteger(stride) || stride < 1)
        refuse(op, { kind: "parameter", name: "strides", message: `${stride} is not positive` });
      return ceilDivide(length, stride);
    });
    return { dtype: x.dtype, shape };
  },
  pad: ({ low, high, interior }, [x], op) => {
    const sizes = demandRankParameters(op, x, { low, high, interior });
    demandSizes(op, "low", low);
    demandSizes(op, "high", high);
    demandSizes(op, "interior", interior);
    const shape = sizes.map((size, i) => {
      const spread = interior[i] === 0 || size === 0 ? size : add(multiply(subtract(size, 1), interior[i]! + 1), 1);
      return add(add(demandDim(op, "low", low[i]!), spread), demandDim(op, "high", high[i]!));
    });
    return { dtype: x.dtype, shape };
  },
  concatenate: ({ dimension }, inputs, op) => concatenateShape(op, dimension, inputs),

  reduce_sum: ({ dimensions }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    return { dtype: x.dtype, shape: without(op, x.shape, dimensions) };
  },
  reduce_max: ({ dimensions }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    return { dtype: x.dtype, shape: without(op, x.shape, dimensions) };
  },
  argmax: ({ dimension }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    demandOneAxis(op, x, dimension);
    return { dtype: "i32", shape: without(op, x.shape, [dimension]) };
  },
  cumulative_sum: ({ dimension }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    demandOneAxis(op, x, dimension);
    return x;
  },
  sort: ({ dimension }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    demandOneAxis(op, x, dimension);
    return x;
  },
  argsort: ({ dimension }, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    demandOneAxis(op, x, dimension);
    return { dtype: "i32", shape: x.shape };
  },

  dot_general: (params, [x, y], op) => {
    demandDType(op, 0, x, NUMBERS);
    demandDType(op, 1, y, [x.dtype]);
    const { lhs_batch, rhs_batch, lhs_contracting, rhs_contracting } = params;
    const left = [...lhs_batch, ...lhs_contracting];
    const right = [...rhs_batch, ...rhs_contracting];
    demandAxes(op, 0, x.shape, left);
    demandAxes(op, 1, y.shape, right);
    if (lhs_batch.length !== rhs_batch.length || lhs_contracting.length !== rhs_contracting.length)
      refuse(op, { kind: "parameter", name: "dimensions", message: "as many on the left as on the right" });
    const conflicts = right.flatMap((r, i) => conflict(r, x.shape[left[i]!]!, y.shape[r]!));
    if (conflicts.length > 0) refuse(op, { kind: "axes", operand: 1, against: 0, shape: y.shape, axes: conflicts });
    const batch = lhs_batch.map((d) => x.shape[d]!);
    return { dtype: x.dtype, shape: [...batch, ...without(op, x.shape, left), ...without(op, y.shape, right)] };
  },

  gather: ({ axis, batch_dims }, [x, indices], op) => {
    demandIndices(op, x, axis, batch_dims, indices);
    return {
      dtype: x.dtype,
      shape: [...x.shape.slice(0, axis), ...indices.shape.slice(batch_dims), ...x.shape.slice(axis + 1)],
    };
  },
  scatter_add: ({ axis, batch_dims, size }, [updates, indices], op) => {
    demandDType(op, 0, updates, NUMBERS);
    demandSizes(op, "size", [size]);
    const at = indices.shape.slice(batch_dims);
    const pre = updates.shape.slice(0, axis);
    const shape = [...pre, size, ...updates.shape.slice(axis + at.length)];
    if (pre.length < axis || updates.shape.length < axis + at.length)
      refuse(op, {
        kind: "rank",
        operand: 0,
        wanted: `${axis} axes, those of the indices, the rest`,
        got: updates.shape,
      });
    demandIndices(op, { dtype: updates.dtype, shape }, axis, batch_dims, indices);
    const conflicts = at.flatMap((d, i) => conflict(axis + i, d, updates.shape[axis + i]!));
    if (conflicts.length > 0)
      refuse(op, { kind: "axes", operand: 0, against: 1, shape: updates.shape, axes: conflicts });
    return { dtype: updates.dtype, shape };
  },

  conv2d: (params, [x, w], op) => floatPair(op, x, w, conv2dShape(params, x.shape, w.shape)),
  conv2d_input_gradient: (params, [dy, w], op) => floatPair(op, dy, w, inputGradientShape(params, dy.shape, w.shape)),
  conv2d_filter_gradient: (params, [x, dy], op) => floatPair(op, x, dy, filterGradientShape(params, x.shape, dy.shape)),
  unfold: (params, [x], op) => {
    demandDType(op, 0, x, NUMBERS);
    return { dtype: x.dtype, shape: unfoldShape(params, x.shape) };
  },
  fold: (params, [patches], op) => {
    demandDType(op, 0, patches, NUMBERS);
    return { dtype: patches.dtype, shape: foldShape(params, patches.shape) };
  },
  batch_mean: unary(FLOATS),
};

/** The definition's refusals, as values. */
const rule =
  <P extends Prim>(op: P): ShapeRule<P> =>
  (params, inputs) => {
    try {
      const expected: number | "many" = arity[op];
      if (expected !== "many" && inputs.length !== expected)
        refuse(op, { kind: "operands", expected, got: inputs.length });
      return definitions[op](params, inputs as readonly [SymbolicType, SymbolicType, SymbolicType], op);
    } catch (error) {
      if (error instanceof ShapeError) return error.mismatch;
      throw error;
    }
  };

/** Every operation's name. */
export const prims = Object.keys(arity) as readonly Prim[];

export const shapeRules = Object.fromEntries(prims.map((op) => [op, rule(op)])) as {
  readonly [P in Prim]: ShapeRule<P>;
};

function concatenateShape(op: Prim, dimension: number, inputs: readonly SymbolicType[]): SymbolicType {
  const [first] = inputs;
  if (first === undefined) return refuse(op, { kind: "operands", expected: 1, got: 0 });
  demandOneAxis(op, first, dimension);
  let size: Dim = 0;
  for (const [operand, x] of inputs.entries()) {
    demandDType(op, operand, x, [first.dtype]);
    const axis = x.shape[dimension];
    if (axis === undefined || isSpread(axis) || x.shape.length !== first.shape.length)
      return refuse(op, { kind: "rank", operand, wanted: "the axes of operand 0", got: x.shape });
    const wanted = first.shape.map((d, i) => (i === dimension ? axis : d));
    demandShape(op, operand, x.shape, wanted, 0);
    size = add(size, axis);
  }
  return { dtype: first.dtype, shape: first.shape.map((d, i) => (i === dimension ? size : d)) };
}

function floatPair(op: Prim, x: SymbolicType, y: SymbolicType, shape: readonly Axis[]): SymbolicType {
  demandDType(op, 0, x, FLOATS);
  demandDType(op, 1, y, [x.dtype]);
  return { dtype: x.dtype, shape };
}
