import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Node, Ops, Value } from "../ir/graph.ts";
import { add, fullLike, transpose as permute, reshape } from "../ir/operations.ts";
import type { Prims } from "../ir/primitives.ts";
import type { TensorType } from "../shape/tensor.ts";
import { otherAxes, range, splat } from "./axes.ts";
import { freshNames } from "./names.ts";

/** The operations that are linear in an operand; all that a tangent ever meets. */
export type LinearPrim =
  | "negate"
  | "convert"
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "select"
  | "broadcast_in_dim"
  | "reshape"
  | "transpose"
  | "reverse"
  | "slice"
  | "pad"
  | "concatenate"
  | "reduce_sum"
  | "cumulative_sum"
  | "dot_general"
  | "gather"
  | "scatter_add"
  | "conv2d"
  | "conv2d_input_gradient"
  | "conv2d_filter_gradient"
  | "unfold"
  | "fold"
  | "batch_mean";

/**
 * Reverse mode of the linear part of a graph. The `outputs` named are linear in the `inputs` named; the others do not depend on them.
 * Result inputs: the other inputs, then a cotangent for each of `outputs`. Result outputs: the other outputs, then for each of `inputs` the
 * cotangents pulled back to it (zeros where nothing arrives). What does not depend on `inputs` is computed as it was. Throws TypeError where
 * an output is not linear.
 */
export function transpose(
  graph: Graph,
  { inputs, outputs }: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
): Graph {
  const fresh = freshNames(graph);
  return transposeWith(graph, inputs, outputs, (b, type, i) => b.input(fresh(`ct_${i}`), type));
}

/** `transpose`, with the cotangents given by `seed` instead of inputs; undefined is zero. */
export function transposeWith(
  graph: Graph,
  inputs: readonly number[],
  outputs: readonly number[],
  seed: (b: GraphBuilder, type: TensorType, i: number) => Value | undefined,
): Graph {
  const b = new GraphBuilder();
  const { length: count } = graph.inputs;
  const typeOf = (v: Value): TensorType => (v < count ? graph.inputs[v]! : graph.nodes[v - count]!).type;

  // What does not depend on the linear inputs, as it was. `known[v]` is undefined for the linear rest.
  const known: (Value | undefined)[] = graph.inputs.map(({ name, type }, i) =>
    inputs.includes(i) ? undefined : b.input(name, type),
  );
  for (const { op, params, inputs: operands } of graph.nodes) {
    const values = operands.map((v) => known[v]);
    known.push(values.every((v) => v !== undefined) ? b.apply(op, values, params) : undefined);
  }

  const cotangents = new Map<Value, Value>();
  const pullBack = (v: Value, cotangent: Value | undefined): void => {
    if (cotangent === undefined || known[v] !== undefined) return;
    const before = cotangents.get(v);
    cotangents.set(v, before === undefined ? cotangent : add(b, before, cotangent));
  };
  outputs.forEach((position, i) => {
    const v = graph.outputs[position]!;
    pullBack(v, seed(b, typeOf(v), i));
  });
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const node = graph.nodes[at]!;
    const cotangent = cotangents.get(count + at);
    if (cotangent === undefined) continue;
    const operands = node.inputs.map((v): Operand => ({ type: typeOf(v), known: known[v] }));
    transposeNode(b, node, cotangent, operands).forEach((pulled, i) => {
      pullBack(node.inputs[i]!, pulled);
    });
  }

  const kept = graph.outputs.flatMap((v, i) => (outputs.includes(i) ? [] : [known[v]!]));
  const gradients = inputs.map((v) => cotangents.get(v) ?? splat(b, 0, typeOf(v)));
  return b.build([...kept, ...gradients]);
}

/** `known` is undefined where the operand is linear in the inputs that are transposed. */
interface Operand {
  readonly type: TensorType;
  readonly known: Value | undefined;
}

type Operands = readonly [Operand, Operand, Operand, ...Operand[]];

/** ct is the cotangent of the result; gives those of the operands, in order. What is given for an operand that is known is not used. */
type TransposeRule<P extends LinearPrim> = (
  b: Ops<Value>,
  params: Prims[P],
  ct: Value,
  operands: Operands,
) => readonly (Value | undefined)[];

function transposeNode(b: Ops<Value>, node: Node, ct: Value, operands: readonly Operand[]) {
  if (!isLinear(node)) throw new TypeError(`the outputs are not linear in the inputs to transpose: ${node.op}`);
  const absent: Operand = { type: { dtype: "bool", shape: [] }, known: undefined };
  const [x = absent, y = absent, z = absent, ...more] = operands;
  return applyRule(b, node.op, node.params, ct, [x, y, z, ...more]);
}

const applyRule = <P extends LinearPrim>(b: Ops<Value>, op: P, params: Prims[P], ct: Value, operands: Operands) =>
  rules[op](b, params, ct, operands);

const isLinear = (node: Node): node is Extract<Node, { op: LinearPrim }> => Object.hasOwn(rules, node.op);

/** Bilinear: the cotangent of each operand is bilinear in ct and the other. */
const bilinear =
  <P extends LinearPrim>(
    left: (b: Ops<Value>, params: Prims[P], ct: Value, y: Value, types: readonly [TensorType, TensorType]) => Value,
    right: (b: Ops<Value>, params: Prims[P], ct: Value, x: Value, types: readonly [TensorType, TensorType]) => Value,
  ): TransposeRule<P> =>
  (b, params, ct, [x, y]) =>
    x.known === undefined
      ? [left(b, params, ct, constant(y), [x.type, y.type]), undefined]
      : [undefined, right(b, params, ct, x.known, [x.type, y.type])];

/** An operand that must not vary with the transposed inputs: a product of two that do is not linear. */
function constant({ known }: Operand): Value {
  if (known === undefined) throw new TypeError("the outputs are not linear in the inputs to transpose");
  return known;
}

const rules: { readonly [P in LinearPrim]: TransposeRule<P> } = {
  negate: (b, _, ct) => [b.apply("negate", [ct], {})],
  convert: (b, _, ct, [x]) => [b.apply("convert", [ct], { dtype: x.type.dtype })],
  add: (_b, _p, ct) => [ct, ct],
  subtract: (b, _, ct, [, y]) => [ct, y.known === undefined ? b.apply("negate", [ct], {}) : undefined],
  multiply: bilinear(
    (b, _, ct, y) => b.apply("multiply", [ct, y], {}),
    (b, _, ct, x) => b.apply("multiply", [x, ct], {}),
  ),
  // linear in the numerator
  divide: (b, _, ct, [, y]) => [b.apply("divide", [ct, constant(y)], {})],
  // ct where the operand was chosen, 0 elsewhere
  select: (b, _, ct, [pred, yes, no]) => {
    const zero = fullLike(b, ct, 0);
    return [
      undefined,
      yes.known === undefined ? b.apply("select", [constant(pred), ct, zero], {}) : undefined,
      no.known === undefined ? b.apply("select", [constant(pred), zero, ct], {}) : undefined,
    ];
  },

  // the sum over the axes that were added or grew
  broadcast_in_dim: (b, { shape, dimensions }, ct, [x]) => {
    const kept = dimensions.filter((d, i) => shape[d] === x.type.shape[i]);
    const summed = otherAxes(shape.length, kept);
    const sum = summed.length === 0 ? ct : b.apply("reduce_sum", [ct], { dimensions: summed });
    return [reshape(b, sum, x.type.shape)];
  },
  reshape: (b, _, ct, [x]) => [reshape(b, ct, x.type.shape)],
  transpose: (b, { permutation }, ct) => [permute(b, ct, inverse(permutation))],
  reverse: (b, params, ct) => [b.apply("reverse", [ct], params)],
  // back to where it was cut out, zeros elsewhere
  slice: (b, { start, strides }, ct, [x]) => {
    const taken = b.typeOf(ct).shape;
    const high = taken.map((n, i) => x.type.shape[i]! - start[i]! - (n === 0 ? 0 : (n - 1) * strides[i]! + 1));
    return [b.apply("pad", [ct], { low: start, high, interior: strides.map((s) => s - 1), value: 0 })];
  },
  pad: (b, { low, interior }, ct, [x]) => {
    const strides = interior.map((n) => n + 1);
    const limit = x.type.shape.map((n, i) => low[i]! + (n === 0 ? 0 : (n - 1) * strides[i]! + 1));
    return [b.apply("slice", [ct], { start: low, limit, strides })];
  },
  concatenate: (b, { dimension }, ct, operands) => {
    const { shape } = b.typeOf(ct);
    let from = 0;
    return operands.map(({ type, known }) => {
      const size = type.shape[dimension] ?? 0;
      from += size;
      if (known !== undefined || size === 0) return undefined;
      const start = shape.map((_, axis) => (axis === dimension ? from - size : 0));
      const limit = shape.map((n, axis) => (axis === dimension ? from : n));
      return b.apply("slice", [ct], { start, limit, strides: shape.map(() => 1) });
    });
  },

  reduce_sum: (b, { dimensions }, ct, [x]) => {
    const kept = otherAxes(x.type.shape.length, dimensions);
    return [b.apply("broadcast_in_dim", [ct], { shape: x.type.shape, dimensions: kept })];
  },
  cumulative_sum: (b, { dimension, reverse }, ct) => [
    b.apply("cumulative_sum", [ct], { dimension, reverse: !reverse }),
  ],

  dot_general: bilinear(
    (b, p, ct, y, [x]) =>
      dotCotangent(b, ct, y, x.shape, p.lhs_batch, p.lhs_contracting, p.rhs_batch, p.rhs_contracting, "first"),
    (b, p, ct, x, [, y]) =>
      dotCotangent(b, ct, x, y.shape, p.rhs_batch, p.rhs_contracting, p.lhs_batch, p.lhs_contracting, "last"),
  ),
  gather: (b, { axis, batch_dims }, ct, [x, indices]) => [
    b.apply("scatter_add", [ct, constant(indices)], { axis, batch_dims, size: x.type.shape[axis]! }),
  ],
  scatter_add: (b, { axis, batch_dims }, ct, [, indices]) => [
    b.apply("gather", [ct, constant(indices)], { axis, batch_dims }),
  ],

  // y = x * w: dx = input_gradient(dy, w), dw = filter_gradient(x, dy)
  conv2d: bilinear(
    (b, p, dy, w, [x]) => b.apply("conv2d_input_gradient", [dy, w], { ...p, input_size: middle(x) }),
    (b, p, dy, x, [, w]) => b.apply("conv2d_filter_gradient", [x, dy], { ...p, kernel_size: leading(w) }),
  ),
  // x = input_gradient(dy, w), and dx its cotangent: that of dy is dx * w, that of w filter_gradient(dx, dy)
  conv2d_input_gradient: bilinear(
    (b, { input_size: _, ...p }, dx, w) => b.apply("conv2d", [dx, w], p),
    (b, { input_size: _, ...p }, dx, dy, [, w]) =>
      b.apply("conv2d_filter_gradient", [dx, dy], { ...p, kernel_size: leading(w) }),
  ),
  // w = filter_gradient(x, dy), and dw its cotangent: that of x is input_gradient(dy, dw), that of dy x * dw
  conv2d_filter_gradient: bilinear(
    (b, { kernel_size: _, ...p }, dw, dy, [x]) =>
      b.apply("conv2d_input_gradient", [dy, dw], { ...p, input_size: middle(x) }),
    (b, { kernel_size: _, ...p }, dw, x) => b.apply("conv2d", [x, dw], p),
  ),
  unfold: (b, { fill: _, ...p }, ct, [x]) => [b.apply("fold", [ct], { ...p, input_size: middle(x.type) })],
  fold: (b, { input_size: _, ...p }, ct) => [b.apply("unfold", [ct], { ...p, fill: 0 })],
  // The matrix of means is symmetric.
  batch_mean: (b, _, ct) => [b.apply("batch_mean", [ct], {})],
};

/** Height and width of x [n, h, w, c]. */
const middle = ({ shape }: TensorType): readonly [number, number] => [shape[1]!, shape[2]!];
/** Height and width of a kernel [kh, kw, c, o]. */
const leading = ({ shape }: TensorType): readonly [number, number] => [shape[0]!, shape[1]!];

const inverse = (permutation: readonly number[]): readonly number[] =>
  range(permutation.length).map((axis) => permutation.indexOf(axis));

/**
 * The cotangent of one operand of `dot_general`: ct contracted with the other operand over the other's free axes, in the order of operands that
 * needs no transposition afterwards, if there is one. `place` says whether this operand's free axes come first or last in ct.
 */
function dotCotangent(
  b: Ops<Value>,
  ct: Value,
  other: Value,
  shape: readonly number[],
  batch: readonly number[],
  contracting: readonly number[],
  otherBatch: readonly number[],
  otherContracting: readonly number[],
  place: "first" | "last",
): Value {
  const free = otherAxes(shape.length, [...batch, ...contracting]);
  const otherFree = otherAxes(b.typeOf(other).shape.length, [...otherBatch, ...otherContracting]);
  const batches = range(batch.length);
  const offset = batch.length + (place === "first" ? free.length : 0);
  const ctContracting = otherFree.map((_, i) => offset + i);
  // The free axes of `other` in the product are its contracted ones in ascending order; here, the axes of this operand that they match.
  const matched = otherContracting
    .map((axis, i) => ({ axis, match: contracting[i]! }))
    .sort((p, q) => p.axis - q.axis)
    .map(({ match }) => match);
  const ctFirst = inverse([...batch, ...free, ...matched]);
  const otherFirst = inverse([...batch, ...matched, ...free]);
  const identity = (permutation: readonly number[]): boolean => permutation.every((axis, i) => axis === i);
  return identity(otherFirst) && !identity(ctFirst)
    ? b.apply("dot_general", [other, ct], {
        lhs_batch: otherBatch,
        rhs_batch: batches,
        lhs_contracting: otherFree,
        rhs_contracting: ctContracting,
      })
    : permute(
        b,
        b.apply("dot_general", [ct, other], {
          lhs_batch: batches,
          rhs_batch: otherBatch,
          lhs_contracting: ctContracting,
          rhs_contracting: otherFree,
        }),
        ctFirst,
      );
}
