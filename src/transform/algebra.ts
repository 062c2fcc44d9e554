import type { Graph, Value } from "../ir/graph.ts";
import { add, divide, multiply, negate, scale, subtract } from "../ir/operations.ts";
import type { Prim } from "../ir/primitives.ts";
import { isFloat } from "../shape/dtype.ts";
import { sameShape } from "../shape/tensor.ts";
import { structureRewrites } from "./algebra-structure.ts";
import { splat } from "./axes.ts";
import { maskBeforePool } from "./pooled-masks.ts";
import { type Elementwise, type Pass, type Rewrite, type Rewriter, type Rewrites, rewriteWith } from "./rewrite.ts";

/** Identities of arithmetic and structure, each from more operations to fewer or to cheaper ones. Like all compilers of tensors it takes x * 0 for 0. */
export const algebra: Pass = { name: "algebra", run: (graph: Graph) => rewriteWith(rewrites, graph) };

const none = (): undefined => undefined;

const rules: { readonly [P in Elementwise]: Rewrite<P> } = {
  // -(-x) = x; -(x - y) = y - x; -(c x) = (-c) x
  negate: (s, _, [x]) => {
    const positive = negatedOf(s, x);
    if (positive !== undefined) return positive;
    const difference = s.as(x, "subtract");
    if (difference) return subtract(s, difference.inputs[1]!, difference.inputs[0]!);
    const scaled = scaledOf(s, x);
    return scaled && scale(s, scaled.of, -scaled.factor);
  },
  abs: (s, _, [x]) => (s.as(x, "abs") ? x : through(s, x, "negate", (a) => s.apply("abs", [a], {}))),
  sign: none,
  floor: (s, _, [x]) => (s.as(x, "floor") ? x : undefined),
  exponential: none,
  exponential_minus_one: none,
  log: (s, _, [x]) => through(s, x, "exponential", (a) => a),
  log_plus_one: none,
  sqrt: none,
  rsqrt: none,
  tanh: none,
  logistic: none,
  softplus: none,
  erf: none,
  sine: none,
  cosine: (s, _, [x]) => through(s, x, "negate", (a) => s.apply("cosine", [a], {})),
  not: (s, _, [x]) => through(s, x, "not", (a) => a),
  is_finite: none,
  // to what it is; there and back through a wider type
  convert: (s, { dtype }, [x]) => {
    const from = s.typeOf(x).dtype;
    if (from === dtype) return x;
    const inner = s.as(x, "convert");
    if (inner === undefined) return undefined;
    const origin = s.typeOf(inner.inputs[0]!).dtype;
    return holds(origin, from) ? s.apply("convert", [inner.inputs[0]!], { dtype }) : undefined;
  },
  stop_gradient: (s, _, [x]) => (s.as(x, "stop_gradient") ? x : undefined),

  add: (s, _, [x, y]) => sumOf(s, x, y) ?? sumOf(s, y, x) ?? (x === y ? scale(s, x, 2) : undefined),
  // x - 0 = x; 0 - x = -x; x - x = 0; x - (-y) = x + y; -x - y = -(x + y)
  subtract: (s, _, [x, y], type) => {
    if (s.splatOf(y) === 0) return x;
    if (s.splatOf(x) === 0) return negate(s, y);
    if (x === y) return splat(s, 0, type);
    const [a, b] = [negatedOf(s, x), negatedOf(s, y)];
    return b !== undefined ? add(s, x, b) : a !== undefined ? negate(s, add(s, a, y)) : undefined;
  },
  multiply: (s, _, [x, y], type) => productOf(s, x, y, type.dtype) ?? productOf(s, y, x, type.dtype),
  // x / 1 = x; x / 2^k = x 2^-k, exactly; 0 / x = 0; (-x) / y = -(x / y)
  divide: (s, _, [x, y], { dtype }) => {
    const by = s.splatOf(y);
    if (by === 1 || (s.splatOf(x) === 0 && isFloat(dtype))) return x;
    if (!isFloat(dtype)) return undefined;
    if (
      by !== undefined &&
      by !== 0 &&
      Number.isInteger(Math.log2(Math.abs(by))) &&
      Math.abs(Math.log2(Math.abs(by))) < 64
    )
      return scale(s, x, 1 / by);
    const [a, b] = [negatedOf(s, x), negatedOf(s, y)];
    if (a !== undefined) return negate(s, divide(s, a, y));
    return b === undefined ? undefined : negate(s, divide(s, x, b));
  },
  maximum: (_s, _p, [x, y]) => (x === y ? x : undefined),
  minimum: (_s, _p, [x, y]) => (x === y ? x : undefined),
  // x^0 = 1, x^1 = x, x^2 = x x, x^3 = x x x, x^-1 = 1 / x
  power: (s, _, [x, y], type) => {
    const by = s.splatOf(y);
    if (by === 0) return splat(s, 1, type);
    if (by === 1) return x;
    if (by === 2) return multiply(s, x, x);
    if (by === 3) return multiply(s, multiply(s, x, x), x);
    return by === -1 ? divide(s, splat(s, 1, type), x) : undefined;
  },
  remainder: none,
  and: (s, _, [x, y]) => {
    if (x === y) return x;
    const [left, right] = [s.splatOf(x), s.splatOf(y)];
    return left === 1 || right === 0 ? y : right === 1 || left === 0 ? x : undefined;
  },
  or: (s, _, [x, y]) => {
    if (x === y) return x;
    const [left, right] = [s.splatOf(x), s.splatOf(y)];
    return left === 0 || right === 1 ? y : right === 0 || left === 1 ? x : undefined;
  },
  compare: none,
  // a constant condition; equal branches; not p; a branch that asks p again; a relu's mask behind a pool
  select: (s, _, [pred, yes, no]) => {
    const known = s.splatOf(pred);
    if (known !== undefined) return known === 0 ? no : yes;
    if (yes === no) return yes;
    const again = (branch: Value, side: 1 | 2): Value | undefined => {
      const inner = s.as(branch, "select");
      return inner?.inputs[0] === pred ? inner.inputs[side] : undefined;
    };
    const [inYes, inNo] = [again(yes, 1), again(no, 2)];
    if (inYes !== undefined || inNo !== undefined) return s.apply("select", [pred, inYes ?? yes, inNo ?? no], {});
    return through(s, pred, "not", (p) => s.apply("select", [p, no, yes], {})) ?? maskBeforePool(s, pred, yes, no);
  },
};

/** x + 0 = x; x + (-y) = x - y; c + (d + x) = (c + d) + x; select(p, a, 0) + select(p, 0, b) = select(p, a, b) and its like. */
function sumOf(s: Rewriter, x: Value, y: Value): Value | undefined {
  const zero = s.splatOf(y);
  if (zero === 0) return x;
  const [first, second] = [s.nodeOf(x), s.nodeOf(y)];
  const positive = negatedOf(s, y);
  if (positive !== undefined) return subtract(s, x, positive);
  const constant = s.splatOf(x);
  if (constant !== undefined && second?.op === "add") {
    const [a, b] = second.inputs;
    const inner = s.splatOf(a!);
    if (inner !== undefined) return add(s, splat(s, constant + inner, s.typeOf(x)), b!);
  }
  if (first?.op !== "select" || second?.op !== "select" || first.inputs[0] !== second.inputs[0]) return undefined;
  const [, a, b] = first.inputs;
  const [, c, d] = second.inputs;
  const isZero = (v: Value | undefined) => v !== undefined && s.splatOf(v) === 0;
  const worth = (isZero(a) || isZero(c)) && (isZero(b) || isZero(d));
  return worth ? s.apply("select", [first.inputs[0]!, add(s, a!, c!), add(s, b!, d!)], {}) : undefined;
}

/** x * 1 = x; x * 0 = 0; c (d x) = (c d) x; (-x) y = -(x y); c select(p, a, 0) = select(p, c a, 0); (1 / x) y = y / x. */
function productOf(s: Rewriter, x: Value, y: Value, dtype: "f32" | "f64" | "i32" | "bool"): Value | undefined {
  const factor = s.splatOf(x);
  if (factor === 1) return y;
  if (factor === 0) return x;
  if (factor === -1) return negate(s, y);
  const first = s.nodeOf(x);
  if (factor !== undefined && isFloat(dtype)) {
    const scaled = scaledOf(s, y);
    if (scaled) return scale(s, scaled.of, factor * scaled.factor);
    const chosen = s.as(y, "select");
    if (chosen) {
      const [pred, a, b] = chosen.inputs;
      if (s.splatOf(a!) === 0) return s.apply("select", [pred!, a!, multiply(s, x, b!)], {});
      if (s.splatOf(b!) === 0) return s.apply("select", [pred!, multiply(s, x, a!), b!], {});
    }
    return through(s, y, "negate", (a) => scale(s, a, -factor));
  }
  const positive = negatedOf(s, x);
  if (positive !== undefined) return negate(s, multiply(s, positive, y));
  if (first?.op === "divide" && s.splatOf(first.inputs[0]!) === 1 && isFloat(dtype))
    return divide(s, y, first.inputs[1]!);
  return undefined;
}

/** c x, with c one number. */
function scaledOf(s: Rewriter, value: Value): { readonly factor: number; readonly of: Value } | undefined {
  const [x, y] = s.as(value, "multiply")?.inputs ?? [];
  if (x === undefined || y === undefined || !isFloat(s.typeOf(value).dtype)) return undefined;
  const [left, right] = [s.splatOf(x), s.splatOf(y)];
  return left !== undefined ? { factor: left, of: y } : right !== undefined ? { factor: right, of: x } : undefined;
}

/** x of -x, or of -x broadcast. */
function negatedOf(s: Rewriter, value: Value): Value | undefined {
  const negation = s.as(value, "negate");
  if (negation) return negation.inputs[0];
  const spread = s.as(value, "broadcast_in_dim");
  const inner = spread && s.as(spread.inputs[0]!, "negate");
  return inner && s.apply("broadcast_in_dim", [inner.inputs[0]!], spread.params);
}

/** What follows from the operand of `op`, where `value` is made by it. */
function through(
  s: Rewriter,
  value: Value,
  op: "negate" | "not" | "exponential",
  then: (operand: Value) => Value,
): Value | undefined {
  const node = s.as(value, op);
  return node && then(node.inputs[0]!);
}

/** Whether every value of `narrow` survives a conversion to `wide`. */
const holds = (narrow: string, wide: string): boolean =>
  narrow === wide || narrow === "bool" || (wide === "f64" && (narrow === "f32" || narrow === "i32"));

/**
 * Before its own rule: an elementwise operation on arrays that were all broadcast in the same way, or are one number each, is done before the
 * broadcast. What only looks like an array costs no arithmetic.
 */
const early =
  <P extends Elementwise>(op: P): Rewrite<P> =>
  (s, params, operands, type) => {
    const own = rules[op](s, params, operands, type);
    if (own !== undefined) return own;
    const inputs = operands.filter((v) => v >= 0);
    const spreads = inputs.map((v) => s.as(v, "broadcast_in_dim"));
    const [largest] = spreads
      .filter((node) => node !== undefined)
      .sort((p, q) => q.params.dimensions.length - p.params.dimensions.length);
    if (largest === undefined) return undefined;
    const { shape, dimensions } = largest.params;
    const small = s.typeOf(largest.inputs[0]!).shape;
    const parts = inputs.map((v, i) => {
      const node = spreads[i];
      const number = s.splatOf(v);
      if (number !== undefined) return splat(s, number, { dtype: s.typeOf(v).dtype, shape: small });
      const same =
        node && sameShape(node.params.dimensions, dimensions) && sameShape(s.typeOf(node.inputs[0]!).shape, small);
      return same ? node.inputs[0]! : undefined;
    });
    if (!parts.every((v) => v !== undefined)) return undefined;
    return s.apply("broadcast_in_dim", [s.apply(op, parts, params)], { shape, dimensions });
  };

const elementwise = {
  negate: early("negate"),
  abs: early("abs"),
  sign: early("sign"),
  floor: early("floor"),
  exponential: early("exponential"),
  exponential_minus_one: early("exponential_minus_one"),
  log: early("log"),
  log_plus_one: early("log_plus_one"),
  sqrt: early("sqrt"),
  rsqrt: early("rsqrt"),
  tanh: early("tanh"),
  logistic: early("logistic"),
  softplus: early("softplus"),
  erf: early("erf"),
  sine: early("sine"),
  cosine: early("cosine"),
  not: early("not"),
  is_finite: early("is_finite"),
  convert: early("convert"),
  stop_gradient: early("stop_gradient"),
  add: early("add"),
  subtract: early("subtract"),
  multiply: early("multiply"),
  divide: early("divide"),
  maximum: early("maximum"),
  minimum: early("minimum"),
  power: early("power"),
  remainder: early("remainder"),
  and: early("and"),
  or: early("or"),
  compare: early("compare"),
  select: early("select"),
} satisfies { readonly [P in Elementwise]: Rewrite<P> };

const rewrites: Rewrites = { ...elementwise, ...structureRewrites } satisfies { readonly [P in Prim]: Rewrite<P> };
