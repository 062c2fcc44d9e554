import type { Value } from "../ir/graph.ts";
import { multiply, negate, reshape, scale, transpose } from "../ir/operations.ts";
import type { Prims } from "../ir/primitives.ts";
import { isFloat } from "../shape/dtype.ts";
import { sameShape, sizeOf, type TensorType } from "../shape/tensor.ts";
import { otherAxes, range, splat } from "./axes.ts";
import type { Rewrite, Rewriter, Structural } from "./rewrite.ts";

const none = (): undefined => undefined;

const isIdentity = (permutation: readonly number[]): boolean => permutation.every((axis, i) => axis === i);

const zeroOfZero = (s: Rewriter, type: TensorType, operands: readonly Value[]): Value | undefined =>
  operands.some((v) => s.splatOf(v) === 0) ? splat(s, 0, type) : undefined;

/**
 * After its own rule, for an operation that is linear in its first operands (as many as `linearIn`): zero of zero, and the sign of an operand goes
 * out to the result where that is no larger. Signs that go outward meet and cancel.
 */
const linear =
  <P extends Structural>(op: P, linearIn: 1 | 2, own: Rewrite<P> = none): Rewrite<P> =>
  (s, params, operands, type) => {
    const better = own(s, params, operands, type) ?? zeroOfZero(s, type, operands.slice(0, linearIn));
    if (better !== undefined) return better;
    const inputs = operands.filter((v) => v >= 0);
    for (const [i, v] of inputs.slice(0, linearIn).entries()) {
      const negation = s.as(v, "negate");
      if (negation && sizeOf(type.shape) <= sizeOf(negation.type.shape))
        return negate(s, s.apply(op, inputs.with(i, negation.inputs[0]!), params));
    }
    return undefined;
  };

export const structureRewrites = {
  // one number everywhere: a scalar, broadcast
  constant: (s, { value }, _, type) => {
    const [first] = value.data;
    if (type.shape.length === 0 || first === undefined) return undefined;
    return value.data.every((x) => Object.is(x, first)) ? splat(s, first, type) : undefined;
  },
  iota: none,
  random_bits: none,

  // to the same shape; only new axes of size 1; broadcast twice
  broadcast_in_dim: (s, { shape, dimensions }, [x]) => {
    const from = s.typeOf(x).shape;
    if (sameShape(from, shape)) return x;
    const inner = s.as(x, "broadcast_in_dim");
    if (inner)
      return s.apply("broadcast_in_dim", [inner.inputs[0]!], {
        shape,
        dimensions: inner.params.dimensions.map((d) => dimensions[d]!),
      });
    return s.splatOf(x) === undefined && sizeOf(from) === sizeOf(shape) ? reshape(s, x, shape) : undefined;
  },
  reshape: linear("reshape", 1, (s, { shape }, [x], type) => {
    if (sameShape(s.typeOf(x).shape, shape)) return x;
    const inner = s.as(x, "reshape");
    if (inner) return s.apply("reshape", [inner.inputs[0]!], { shape });
    const number = s.splatOf(x);
    return number === undefined || shape.length === 0 ? undefined : splat(s, number, type);
  }),
  // twice; of a broadcast; of axes of size 1 only; of a product, whose operands change places
  transpose: linear("transpose", 1, (s, { permutation }, [x], { shape }) => {
    if (isIdentity(permutation)) return x;
    const from = s.typeOf(x).shape;
    const moved = permutation.filter((axis) => from[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshape(s, x, shape);
    const inner = s.nodeOf(x);
    if (inner?.op === "reshape" && moved.length < permutation.length) {
      const large = moved.toSorted((a, b) => a - b);
      const narrow = reshape(
        s,
        x,
        large.map((axis) => from[axis]!),
      );
      return reshape(
        s,
        transpose(
          s,
          narrow,
          moved.map((axis) => large.indexOf(axis)),
        ),
        shape,
      );
    }
    if (inner?.op === "transpose")
      return transpose(
        s,
        inner.inputs[0]!,
        permutation.map((axis) => inner.params.permutation[axis]!),
      );
    if (inner?.op === "broadcast_in_dim") {
      const places = inner.params.dimensions.map((d) => permutation.indexOf(d));
      const order = range(places.length).toSorted((a, b) => places[a]! - places[b]!);
      const operand = transpose(s, inner.inputs[0]!, order);
      return s.apply("broadcast_in_dim", [operand], { shape, dimensions: order.map((i) => places[i]!) });
    }
    if (inner?.op !== "dot_general") return undefined;
    const [lhs, rhs] = inner.inputs;
    const { lhs_batch, rhs_batch, lhs_contracting, rhs_contracting } = inner.params;
    const batch = lhs_batch.length;
    const left = s.typeOf(lhs!).shape.length - batch - lhs_contracting.length;
    const swapped = [...range(batch), ...range(shape.length - batch - left).map((i) => batch + left + i)];
    if (!sameShape(permutation, [...swapped, ...range(left).map((i) => batch + i)])) return undefined;
    return s.apply("dot_general", [rhs!, lhs!], {
      lhs_batch: rhs_batch,
      rhs_batch: lhs_batch,
      lhs_contracting: rhs_contracting,
      rhs_contracting: lhs_contracting,
    });
  }),
  reverse: linear("reverse", 1, (s, { dimensions }, [x]) => {
    const { shape } = s.typeOf(x);
    if (s.splatOf(x) !== undefined || dimensions.every((axis) => shape[axis]! <= 1)) return x;
    const inner = s.as(x, "reverse");
    return inner && sameShape(inner.params.dimensions, dimensions) ? inner.inputs[0] : undefined;
  }),
  // of everything; of a slice; what was padded; one operand of a concatenation
  slice: linear("slice", 1, (s, { start, limit, strides }, [x], type) => {
    const { shape } = s.typeOf(x);
    if (sameShape(shape, type.shape) && strides.every((n, i) => n === 1 || shape[i]! <= 1)) return x;
    const number = s.splatOf(x);
    if (number !== undefined) return splat(s, number, type);
    const inner = s.nodeOf(x);
    if (inner?.op === "slice") {
      const { start: from, strides: by } = inner.params;
      const first = start.map((at, i) => from[i]! + at * by[i]!);
      return s.apply("slice", [inner.inputs[0]!], {
        start: first,
        limit: type.shape.map((n, i) => first[i]! + (n === 0 ? 0 : (n - 1) * strides[i]! * by[i]! + 1)),
        strides: strides.map((n, i) => n * by[i]!),
      });
    }
    if (inner?.op === "pad") {
      const { low, interior } = inner.params;
      const exact = start.every((at, i) => at === low[i] && strides[i] === interior[i]! + 1);
      return exact && sameShape(s.typeOf(inner.inputs[0]!).shape, type.shape) ? inner.inputs[0] : undefined;
    }
    if (inner?.op !== "concatenate") return undefined;
    const { dimension } = inner.params;
    const whole = shape.every((n, i) => i === dimension || (start[i] === 0 && limit[i] === n && strides[i] === 1));
    if (!whole || strides[dimension] !== 1) return undefined;
    let from = 0;
    for (const part of inner.inputs) {
      const to = from + s.typeOf(part).shape[dimension]!;
      if (from === start[dimension] && to === limit[dimension]) return part;
      from = to;
    }
    return undefined;
  }),
  pad: (s, { low, high, interior, value }, [x], type) => {
    const { shape } = s.typeOf(x);
    const between = interior.every((n, i) => n === 0 || shape[i]! <= 1);
    if (between && low.every((n) => n === 0) && high.every((n) => n === 0)) return x;
    if (s.splatOf(x) === value) return splat(s, value, type);
    const inner = s.as(x, "pad");
    if (!inner || !between || inner.params.value !== value) return undefined;
    return s.apply("pad", [inner.inputs[0]!], {
      low: low.map((n, i) => n + inner.params.low[i]!),
      high: high.map((n, i) => n + inner.params.high[i]!),
      interior: inner.params.interior,
      value,
    });
  },
  concatenate: (s, { dimension }, operands) => {
    const inputs = operands.filter((v) => v >= 0);
    const full = inputs.filter((v) => s.typeOf(v).shape[dimension] !== 0);
    if (full.length <= 1) return full[0] ?? inputs[0];
    const flat = full.flatMap((v) => {
      const inner = s.as(v, "concatenate");
      return inner?.params.dimension === dimension ? inner.inputs : [v];
    });
    return flat.length === inputs.length ? undefined : s.apply("concatenate", flat, { dimension });
  },

  reduce_sum: (s, { dimensions }, [x], type) => sumOver(s, dimensions, x, type),
  reduce_max: (s, { dimensions }, [x], type) => {
    const { shape } = s.typeOf(x);
    if (dimensions.every((axis) => shape[axis] === 1)) return reshape(s, x, type.shape);
    const number = s.splatOf(x);
    return number !== undefined && sizeOf(shape) > 0 ? splat(s, number, type) : undefined;
  },
  argmax: none,
  cumulative_sum: linear("cumulative_sum", 1, (s, { dimension }, [x]) =>
    s.typeOf(x).shape[dimension]! <= 1 ? x : undefined,
  ),
  sort: (s, { dimension }, [x]) => {
    const inner = s.as(x, "sort");
    const sorted = inner?.params.dimension === dimension || s.splatOf(x) !== undefined;
    return sorted || s.typeOf(x).shape[dimension]! <= 1 ? x : undefined;
  },
  argsort: none,

  // of zeros; operands that were only transposed; axes of size 1 that do nothing
  dot_general: linear("dot_general", 2, (s, p, [x, y], type) => {
    const [left, right] = [
      untransposed(s, x, p.lhs_batch, p.lhs_contracting),
      untransposed(s, y, p.rhs_batch, p.rhs_contracting),
    ];
    if (!left && !right) return squeezed(s, p, x, y, type);
    return s.apply("dot_general", [left?.of ?? x, right?.of ?? y], {
      lhs_batch: left?.batch ?? p.lhs_batch,
      lhs_contracting: left?.contracting ?? p.lhs_contracting,
      rhs_batch: right?.batch ?? p.rhs_batch,
      rhs_contracting: right?.contracting ?? p.rhs_contracting,
    });
  }),
  gather: linear("gather", 1),
  scatter_add: linear("scatter_add", 1),
  conv2d: linear("conv2d", 2),
  conv2d_input_gradient: linear("conv2d_input_gradient", 2),
  conv2d_filter_gradient: linear("conv2d_filter_gradient", 2),
  unfold: (s, { fill }, [x], type) => (fill === 0 ? zeroOfZero(s, type, [x]) : undefined),
  fold: linear("fold", 1),
  batch_mean: (s, _, [x]) => (s.splatOf(x) !== undefined ? x : undefined),
} satisfies { readonly [P in Structural]: Rewrite<P> };

/**
 * Sums, done where less is summed: axes of size 1 dropped; of one number, n times it; sums of sums at once; signs, numbers and factors that do
 * not vary along the summed axes taken out; new axes of a broadcast counted, not summed; transposition first undone.
 */
function sumOver(s: Rewriter, dimensions: readonly number[], x: Value, type: TensorType): Value | undefined {
  const { shape } = s.typeOf(x);
  if (dimensions.every((axis) => shape[axis] === 1)) return reshape(s, x, type.shape);
  const number = s.splatOf(x);
  const count = dimensions.reduce((n, axis) => n * shape[axis]!, 1);
  if (number !== undefined && isFloat(type.dtype)) return splat(s, number * count, type);
  const inner = s.nodeOf(x);
  const kept = otherAxes(shape.length, dimensions);
  const sum = (of: Value, axes: readonly number[]): Value =>
    axes.length === 0 ? of : s.apply("reduce_sum", [of], { dimensions: axes });
  switch (inner?.op) {
    case "reduce_sum": {
      const left = otherAxes(shape.length + inner.params.dimensions.length, inner.params.dimensions);
      const all = [...inner.params.dimensions, ...dimensions.map((axis) => left[axis]!)];
      return sum(
        inner.inputs[0]!,
        all.toSorted((a, b) => a - b),
      );
    }
    case "negate":
      return negate(s, sum(inner.inputs[0]!, dimensions));
    case "reshape":
      return kept.length > 0 ? undefined : sum(inner.inputs[0]!, range(s.typeOf(inner.inputs[0]!).shape.length));
    case "transpose": {
      const { permutation } = inner.params;
      const axes = dimensions.map((axis) => permutation[axis]!).toSorted((a, b) => a - b);
      const left = otherAxes(shape.length, axes);
      return transpose(
        s,
        sum(inner.inputs[0]!, axes),
        kept.map((axis) => left.indexOf(permutation[axis]!)),
      );
    }
    case "broadcast_in_dim": {
      if (!isFloat(type.dtype)) return undefined;
      const [operand] = inner.inputs;
      const from = s.typeOf(operand!).shape;
      const places = inner.params.dimensions;
      const counted = dimensions.filter((axis) => !places.includes(axis) || from[places.indexOf(axis)] !== shape[axis]);
      if (counted.length === 0) return undefined;
      const times = counted.reduce((n, axis) => n * shape[axis]!, 1);
      const summed = places.flatMap((axis, i) => (dimensions.includes(axis) ? [i] : []));
      const small = sum(operand!, summed);
      const dimensionsLeft = places.filter((axis) => !dimensions.includes(axis)).map((axis) => kept.indexOf(axis));
      return s.apply("broadcast_in_dim", [scale(s, small, times)], { shape: type.shape, dimensions: dimensionsLeft });
    }
    case "multiply": {
      const [a, b] = inner.inputs;
      return outOfSum(s, dimensions, kept, a!, b!, type, sum) ?? outOfSum(s, dimensions, kept, b!, a!, type, sum);
    }
    default:
      return undefined;
  }
}

/** sum(a b) = a sum(b), where a is a broadcast over the summed axes. */
function outOfSum(
  s: Rewriter,
  dimensions: readonly number[],
  kept: readonly number[],
  a: Value,
  b: Value,
  { shape }: TensorType,
  sum: (of: Value, axes: readonly number[]) => Value,
): Value | undefined {
  const spread = s.as(a, "broadcast_in_dim");
  if (!spread || spread.params.dimensions.some((axis) => dimensions.includes(axis))) return undefined;
  const factor = s.apply("broadcast_in_dim", [spread.inputs[0]!], {
    shape,
    dimensions: spread.params.dimensions.map((axis) => kept.indexOf(axis)),
  });
  return multiply(s, factor, sum(b, dimensions));
}

/** Without batch and contracted axes of size 1. */
function squeezed(s: Rewriter, p: Prims["dot_general"], x: Value, y: Value, { shape }: TensorType): Value | undefined {
  const [left, right] = [s.typeOf(x).shape, s.typeOf(y).shape];
  const drop = (axes: readonly number[]): readonly number[] => axes.filter((axis) => left[axis] === 1);
  const leftDropped = [...drop(p.lhs_batch), ...drop(p.lhs_contracting)];
  if (leftDropped.length === 0) return undefined;
  const match = [...p.lhs_batch, ...p.lhs_contracting].map((axis, i) => ({
    axis,
    other: [...p.rhs_batch, ...p.rhs_contracting][i]!,
  }));
  const rightDropped = match.filter(({ axis }) => leftDropped.includes(axis)).map(({ other }) => other);
  const renumber = (axes: readonly number[], dropped: readonly number[]): readonly number[] =>
    axes.filter((axis) => !dropped.includes(axis)).map((axis) => axis - dropped.filter((d) => d < axis).length);
  const keep = (of: readonly number[], dropped: readonly number[]) => of.filter((_, axis) => !dropped.includes(axis));
  const operands = [reshape(s, x, keep(left, leftDropped)), reshape(s, y, keep(right, rightDropped))];
  const product = s.apply("dot_general", operands, {
    lhs_batch: renumber(p.lhs_batch, leftDropped),
    lhs_contracting: renumber(p.lhs_contracting, leftDropped),
    rhs_batch: renumber(p.rhs_batch, rightDropped),
    rhs_contracting: renumber(p.rhs_contracting, rightDropped),
  });
  return reshape(s, product, shape);
}

/** The operand of `dot_general` before a transposition that leaves its free axes in order. */
function untransposed(s: Rewriter, value: Value, batch: readonly number[], contracting: readonly number[]) {
  const inner = s.as(value, "transpose");
  if (!inner) return undefined;
  const { permutation } = inner.params;
  const free = otherAxes(permutation.length, [...batch, ...contracting]).map((axis) => permutation[axis]!);
  if (free.some((axis, i) => i > 0 && axis < free[i - 1]!)) return undefined;
  return {
    of: inner.inputs[0]!,
    batch: batch.map((axis) => permutation[axis]!),
    contracting: contracting.map((axis) => permutation[axis]!),
  };
}
