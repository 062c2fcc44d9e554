import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Ops, Value } from "../ir/graph.ts";
import { add, divide, fullLike, multiply, negate, scale, subtract, transpose } from "../ir/operations.ts";
import type { Empty, Prim, Prims } from "../ir/primitives.ts";
import { isFloat } from "../shape/dtype.ts";
import { range } from "./axes.ts";
import { freshNames } from "./names.ts";
import { simplify } from "./simplify.ts";
import type { LinearPrim } from "./transpose.ts";

/**
 * Forward mode: `graph` and its derivative in one direction. Inputs: the original ones, then a tangent for each of `wrt` (positions of float
 * inputs). Outputs: the original ones, then a tangent for each float output, zeros where it does not depend on `wrt`.
 *
 * At kinks: `maximum` and `minimum` give their second operand's derivative where both are equal, so that relu = maximum(x, 0) has derivative 0 at 0
 * and maximum(x, slope x) has slope, as PyTorch's and TensorFlow's; `abs` has 0 at 0; `reduce_max`, so max pooling, shares among equal maxima.
 */
export const jvp = (graph: Graph, wrt: readonly number[]): Graph => simplify(forward(graph, wrt));

/** `jvp`, not simplified: every operation that a tangent reaches is a `LinearPrim` and linear in it, so that it can be transposed. */
export function forward(graph: Graph, wrt: readonly number[]): Graph {
  const b = new GraphBuilder();
  const values: Value[] = graph.inputs.map(({ name, type }) => b.input(name, type));
  const tangents: (Tangent | undefined)[] = values.map(() => undefined);
  const fresh = freshNames(graph);
  for (const position of wrt) {
    const input = graph.inputs[position];
    if (input === undefined || !isFloat(input.type.dtype))
      throw new RangeError(`input ${position} cannot be differentiated: it is no float input`);
    tangents[position] = { tangent: b.input(fresh(`d_${input.name}`), input.type) };
  }
  const f = forwardOps(b);
  for (const { op, params, inputs, type } of graph.nodes) {
    const primals = inputs.map((v) => values[v]!);
    const directions = inputs.map((v) => tangents[v]);
    const result = b.apply(op, primals, params);
    values.push(result);
    const varies = isFloat(type.dtype) && directions.some((t) => t !== undefined);
    tangents.push(varies ? differentiate(f, op, params, primals, directions, result) : undefined);
  }
  const outputs = graph.outputs.map((v) => values[v]!);
  const derivatives = graph.outputs
    .filter((v) => isFloat(b.typeOf(values[v]!).dtype))
    .map((v) => tangents[v]?.tangent ?? fullLike(b, values[v]!, 0));
  return b.build([...outputs, ...derivatives]);
}

/** A derivative in the direction of the inputs' tangents. Only `Forward.linear` takes it, so that rules cannot but be linear operations on it. */
export interface Tangent {
  readonly tangent: Value;
}

interface Forward extends Ops<Value> {
  readonly linear: <P extends LinearPrim>(op: P, operands: readonly (Value | Tangent)[], params: Prims[P]) => Tangent;
}

/** The tangent of `y = op(x…)`; called where an operand has a tangent and the result is float. A tangent that is undefined is zero, and nothing is computed with it. */
type JvpRule<P extends Prim> = (
  f: Forward,
  params: Prims[P],
  x: Operands,
  t: readonly (Tangent | undefined)[],
  y: Value,
) => Tangent | undefined;

/** As many as the operation takes. */
type Operands = readonly [Value, Value, Value, ...Value[]];

function forwardOps(b: GraphBuilder): Forward {
  const value = (operand: Value | Tangent): Value => (typeof operand === "number" ? operand : operand.tangent);
  return {
    apply: b.apply,
    typeOf: b.typeOf,
    sizes: b.sizes,
    linear: (op, operands, params) => ({ tangent: b.apply(op, operands.map(value), params) }),
  };
}

const differentiate = <P extends Prim>(
  f: Forward,
  op: P,
  params: Prims[P],
  [x, y, z, ...more]: readonly Value[],
  t: readonly (Tangent | undefined)[],
  result: Value,
): Tangent | undefined => rules[op](f, params, [x ?? -1, y ?? -1, z ?? -1, ...more], t, result);

/** The derivative is zero everywhere, or is said to be. */
const zeroTangent = (): undefined => undefined;

/** Linear in its only operand: the operation itself. */
const linear =
  <P extends LinearPrim>(op: P): JvpRule<P> =>
  (f, params, _, [t]) =>
    f.linear(op, [t!], params);

/** dy = c dx, where the coefficient is written with x and y. */
const elementwise =
  (coefficient: (f: Forward, x: Value, y: Value) => Value) =>
  (f: Forward, _: Empty, [x]: Operands, [t]: readonly (Tangent | undefined)[], y: Value) =>
    f.linear("multiply", [t!, coefficient(f, x, y)], {});

/** d(x . y) = dx . y + x . dy */
const bilinear =
  <P extends "dot_general" | "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient">(op: P): JvpRule<P> =>
  (f, params, [x, y], [tx, ty]) =>
    sum(f, tx && f.linear(op, [tx, y], params), ty && f.linear(op, [x, ty], params));

/** Linear in the first operand; the second holds indices. */
const indexed =
  <P extends "gather" | "scatter_add">(op: P): JvpRule<P> =>
  (f, params, [, indices], [t]) =>
    t && f.linear(op, [t, indices], params);

const sum = (f: Forward, s: Tangent | undefined, t: Tangent | undefined): Tangent | undefined =>
  s && t ? f.linear("add", [s, t], {}) : (s ?? t);

/** The tangent of the operand that was chosen. */
const choice = (f: Forward, first: Value, s: Tangent | undefined, t: Tangent | undefined, y: Value): Tangent =>
  f.linear("select", [first, s ?? fullLike(f, y, 0), t ?? fullLike(f, y, 0)], {});

/** 1 - x */
const oneMinus = (f: Forward, x: Value): Value => subtract(f, fullLike(f, x, 1), x);

const equals = (f: Forward, x: Value, number: number): Value =>
  f.apply("compare", [x, fullLike(f, x, number)], { direction: "EQ" });

const rules: { readonly [P in Prim]: JvpRule<P> } = {
  constant: zeroTangent,
  iota: zeroTangent,
  random_bits: zeroTangent,

  negate: linear("negate"),
  // |x|' = sign x
  abs: elementwise((f, x) => f.apply("sign", [x], {})),
  sign: zeroTangent,
  floor: zeroTangent,
  // (e^x)' = y
  exponential: elementwise((_f, _x, y) => y),
  // (e^x - 1)' = y + 1
  exponential_minus_one: elementwise((f, _, y) => add(f, y, fullLike(f, y, 1))),
  // (log x)' = 1 / x
  log: (f, _, [x], [t]) => f.linear("divide", [t!, x], {}),
  // log(1 + x)' = 1 / (1 + x)
  log_plus_one: (f, _, [x], [t]) => f.linear("divide", [t!, add(f, x, fullLike(f, x, 1))], {}),
  // (sqrt x)' = 1 / (2 y)
  sqrt: (f, _p, _x, [t], y) => f.linear("divide", [t!, scale(f, y, 2)], {}),
  // (x^-1/2)' = -y / (2 x)
  rsqrt: elementwise((f, x, y) => divide(f, scale(f, y, -0.5), x)),
  // tanh' = 1 - y^2
  tanh: elementwise((f, _, y) => oneMinus(f, multiply(f, y, y))),
  // logistic' = y (1 - y)
  logistic: elementwise((f, _, y) => multiply(f, y, oneMinus(f, y))),
  // log(1 + e^x)' = logistic x
  softplus: elementwise((f, x) => f.apply("logistic", [x], {})),
  // erf' = 2 / sqrt(pi) e^(-x^2)
  erf: elementwise((f, x) =>
    scale(f, f.apply("exponential", [negate(f, multiply(f, x, x))], {}), 2 / Math.sqrt(Math.PI)),
  ),
  sine: elementwise((f, x) => f.apply("cosine", [x], {})),
  cosine: elementwise((f, x) => negate(f, f.apply("sine", [x], {}))),
  not: zeroTangent,
  is_finite: zeroTangent,
  convert: (f, params, [x], [t]) => (isFloat(f.typeOf(x).dtype) ? f.linear("convert", [t!], params) : undefined),
  stop_gradient: zeroTangent,

  add: (f, _p, _x, [s, t]) => sum(f, s, t),
  subtract: (f, _p, _x, [s, t]) =>
    s && t ? f.linear("subtract", [s, t], {}) : (s ?? (t && f.linear("negate", [t], {}))),
  // (x y)' = x' y + x y'; (x x)' = x' 2x
  multiply: (f, _, [x, y], [s, t]) =>
    x === y
      ? f.linear("multiply", [s!, scale(f, x, 2)], {})
      : sum(f, s && f.linear("multiply", [s, y], {}), t && f.linear("multiply", [t, x], {})),
  // (x / y)' = (x' - z y') / y, z the quotient
  divide: (f, _, [, y], [s, t], z) => {
    const down = t && f.linear("multiply", [t, negate(f, z)], {});
    return f.linear("divide", [sum(f, s, down)!, y], {});
  },
  // the second operand's where they are equal
  maximum: (f, _, [x, y], [s, t], z) => choice(f, f.apply("compare", [x, y], { direction: "GT" }), s, t, z),
  minimum: (f, _, [x, y], [s, t], z) => choice(f, f.apply("compare", [x, y], { direction: "LT" }), s, t, z),
  // (x^y)' = y x^(y-1) x' + log(x) x^y y'; where y = 0 the first term is 0, and where x = 0 the second, whatever the other factor
  power: (f, _, [x, y], [s, t], z) => {
    const one = fullLike(f, x, 1);
    const safe = (at: Value) => f.apply("select", [equals(f, at, 0), one, at], {});
    const inBase = () => multiply(f, y, f.apply("power", [x, subtract(f, safe(y), one)], {}));
    const inExponent = () => multiply(f, f.apply("log", [safe(x)], {}), z);
    return sum(f, s && f.linear("multiply", [s, inBase()], {}), t && f.linear("multiply", [t, inExponent()], {}));
  },
  // x - n y with n whole and locally constant: x' - n y'
  remainder: (f, _, [x, y], [s, t], z) => {
    const n = f.apply("floor", [add(f, divide(f, subtract(f, x, z), y), fullLike(f, x, 0.5))], {});
    return sum(f, s, t && f.linear("multiply", [t, negate(f, n)], {}));
  },
  and: zeroTangent,
  or: zeroTangent,
  compare: zeroTangent,
  select: (f, _, [pred], [, s, t], y) => choice(f, pred, s, t, y),

  broadcast_in_dim: linear("broadcast_in_dim"),
  reshape: linear("reshape"),
  transpose: linear("transpose"),
  reverse: linear("reverse"),
  slice: linear("slice"),
  pad: (f, params, _, [t]) => f.linear("pad", [t!], { ...params, value: 0 }),
  concatenate: (f, params, x, t) =>
    f.linear(
      "concatenate",
      t.map((direction, i) => direction ?? fullLike(f, x[i]!, 0)),
      params,
    ),

  reduce_sum: linear("reduce_sum"),
  // the mean of the tangents at the maxima: sum(e x') / sum(e), e = [x = y]
  reduce_max: (f, { dimensions }, [x], [t], y) => {
    const type = f.typeOf(x);
    const kept = range(type.shape.length).filter((axis) => !dimensions.includes(axis));
    const spread = f.apply("broadcast_in_dim", [y], { shape: type.shape, dimensions: kept });
    const at = f.apply("compare", [x, spread], { direction: "EQ" });
    const count = f.apply("reduce_sum", [f.apply("convert", [at], { dtype: type.dtype })], { dimensions });
    const chosen = f.linear("select", [at, t!, fullLike(f, x, 0)], {});
    return f.linear("divide", [f.linear("reduce_sum", [chosen], { dimensions }), count], {});
  },
  argmax: zeroTangent,
  cumulative_sum: linear("cumulative_sum"),
  // x' in the order of x
  sort: (f, { dimension }, [x], [t]) => {
    const rank = f.typeOf(x).shape.length;
    const last = [...range(rank).filter((axis) => axis !== dimension), dimension];
    const back = range(rank).map((axis) => last.indexOf(axis));
    const moved = dimension === rank - 1;
    const order = transpose(f, f.apply("argsort", [x], { dimension }), last);
    const along = moved ? t! : f.linear("transpose", [t!], { permutation: last });
    const sorted = f.linear("gather", [along, order], { axis: rank - 1, batch_dims: rank - 1 });
    return moved ? sorted : f.linear("transpose", [sorted], { permutation: back });
  },
  argsort: zeroTangent,

  dot_general: bilinear("dot_general"),
  gather: indexed("gather"),
  scatter_add: indexed("scatter_add"),
  conv2d: bilinear("conv2d"),
  conv2d_input_gradient: bilinear("conv2d_input_gradient"),
  conv2d_filter_gradient: bilinear("conv2d_filter_gradient"),
  unfold: (f, params, _, [t]) => f.linear("unfold", [t!], { ...params, fill: 0 }),
  fold: linear("fold"),
  batch_mean: linear("batch_mean"),
};
