import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Ops, Value } from "../ir/graph.ts";
import { scale, transpose } from "../ir/operations.ts";
import type { Prim, Prims } from "../ir/primitives.ts";
import { otherAxes, range } from "./axes.ts";
import { simplify } from "./simplify.ts";
import {
  convBatched,
  filterGradientBatched,
  foldBatched,
  inputGradientBatched,
  unfoldBatched,
} from "./vmap-windows.ts";

export interface VmapOptions {
  /** How many elements are mapped over. */
  readonly size: number;
  /** The axis' name. The one named `batch` binds `batch_mean`; any other passes it by. */
  readonly axis?: string;
  /** For each output 0, or null for one that must not vary and gets no axis. All 0 unless given. */
  readonly outputs?: readonly (0 | null)[];
}

/** An output that was said to be the same for all elements, and is not. */
export class VaryingOutput extends Error {
  readonly output: number;
  constructor(output: number) {
    super(`output ${output} must not vary over the mapped axis, and does`);
    this.output = output;
  }
}

/**
 * The graph over `size` elements at once. Inputs that `axes` marks 0 get a leading axis of that size; those marked null are shared. Outputs get
 * a leading axis, broadcast where they do not vary. What does not vary is computed once. Throws VaryingOutput.
 */
export function vmap(graph: Graph, axes: readonly (0 | null)[], options: VmapOptions): Graph {
  if (axes.length !== graph.inputs.length)
    throw new RangeError(`${axes.length} axes for the ${graph.inputs.length} inputs of a graph`);
  const b = new GraphBuilder();
  const m: Mapping = {
    ...opsOf(b),
    size: options.size,
    binds: options.axis === "batch",
    lift: (v) => lift(b, options.size, v),
  };
  const values: Mapped[] = graph.inputs.map(({ name, type }, i) => {
    const varies = axes[i] === 0;
    const shape = varies ? [options.size, ...type.shape] : type.shape;
    return { value: b.input(name, { dtype: type.dtype, shape }), varies };
  });
  for (const { op, params, inputs } of graph.nodes) {
    const operands = inputs.map((v) => values[v]!);
    if (operands.some((x) => x.varies)) values.push(map(m, op, params, operands));
    else if (op === "batch_mean" && m.binds) values.push(operands[0]!);
    else values.push(shared(b.apply(op, operands.map(plain), params)));
  }
  const outputs = graph.outputs.map((v, i) => {
    const { value, varies } = values[v]!;
    if (options.outputs?.[i] !== null) return varies ? value : m.lift(value);
    if (varies) throw new VaryingOutput(i);
    return value;
  });
  return simplify(b.build(outputs));
}

/** A value for all elements: with the mapped axis leading where it varies, without where it does not. */
interface Mapped {
  readonly value: Value;
  readonly varies: boolean;
}

export interface Mapping extends Ops<Value> {
  readonly size: number;
  /** Whether this is the axis that `batch_mean` averages over. */
  readonly binds: boolean;
  /** A value that does not vary, once for each element. */
  readonly lift: (value: Value) => Value;
}

/** The operation over all elements; called where an operand varies. Gives a value with the mapped axis leading, or `shared`. */
type VmapRule<P extends Prim> = (
  m: Mapping,
  params: Prims[P],
  x: readonly [Mapped, Mapped, ...Mapped[]],
) => Value | Mapped;

const shared = (value: Value): Mapped => ({ value, varies: false });
const plain = ({ value }: Mapped): Value => value;
const full = (m: Mapping, { value, varies }: Mapped): Value => (varies ? value : m.lift(value));
const opsOf = ({ apply, typeOf, sizes }: Ops<Value>): Ops<Value> => ({ apply, typeOf, sizes });

function lift(b: Ops<Value>, size: number, value: Value): Value {
  const { shape } = b.typeOf(value);
  return b.apply("broadcast_in_dim", [value], {
    shape: [size, ...shape],
    dimensions: shape.map((_, axis) => axis + 1),
  });
}

function map<P extends Prim>(m: Mapping, op: P, params: Prims[P], operands: readonly Mapped[]): Mapped {
  const absent = shared(-1);
  const [x = absent, y = absent, ...more] = operands;
  const result = rules[op](m, params, [x, y, ...more]);
  return typeof result === "number" ? { value: result, varies: true } : result;
}

/** An operation without operands never varies. */
const leaf = (): never => {
  throw new TypeError("a leaf has no operand that varies");
};

/** Elementwise over one more axis; what does not vary is broadcast. */
const elementwise =
  <P extends Prim>(op: P): VmapRule<P> =>
  (m, params, operands) =>
    m.apply(
      op,
      operands.filter((x) => x.value >= 0).map((x) => full(m, x)),
      params,
    );

/** The same operation on an axis further right. */
const along =
  <P extends "argmax" | "cumulative_sum" | "sort" | "argsort">(op: P): VmapRule<P> =>
  (m, params, [x]) =>
    m.apply(op, [x.value], { ...params, dimension: params.dimension + 1 });

/** The same operation on axes further right. */
const over =
  <P extends "reverse" | "reduce_sum" | "reduce_max">(op: P): VmapRule<P> =>
  (m, params, [x]) =>
    m.apply(op, [x.value], { ...params, dimensions: further(params.dimensions) });

const further = (axes: readonly number[]): readonly number[] => axes.map((axis) => axis + 1);

/** The axis at `from` moved to the front. */
export function toFront(b: Ops<Value>, value: Value, from: number): Value {
  const rank = b.typeOf(value).shape.length;
  return transpose(b, value, [from, ...otherAxes(rank, [from])]);
}

const rules: { readonly [P in Prim]: VmapRule<P> } = {
  constant: leaf,
  iota: leaf,
  // a key for each element: [size, …, 4]
  random_bits: (m, params, [key]) => m.apply("random_bits", [key.value], params),

  negate: elementwise("negate"),
  abs: elementwise("abs"),
  sign: elementwise("sign"),
  floor: elementwise("floor"),
  exponential: elementwise("exponential"),
  exponential_minus_one: elementwise("exponential_minus_one"),
  log: elementwise("log"),
  log_plus_one: elementwise("log_plus_one"),
  sqrt: elementwise("sqrt"),
  rsqrt: elementwise("rsqrt"),
  tanh: elementwise("tanh"),
  logistic: elementwise("logistic"),
  softplus: elementwise("softplus"),
  erf: elementwise("erf"),
  sine: elementwise("sine"),
  cosine: elementwise("cosine"),
  not: elementwise("not"),
  is_finite: elementwise("is_finite"),
  convert: elementwise("convert"),
  stop_gradient: elementwise("stop_gradient"),

  add: elementwise("add"),
  subtract: elementwise("subtract"),
  multiply: elementwise("multiply"),
  divide: elementwise("divide"),
  maximum: elementwise("maximum"),
  minimum: elementwise("minimum"),
  power: elementwise("power"),
  remainder: elementwise("remainder"),
  and: elementwise("and"),
  or: elementwise("or"),
  compare: elementwise("compare"),
  select: elementwise("select"),

  broadcast_in_dim: (m, { shape, dimensions }, [x]) =>
    m.apply("broadcast_in_dim", [x.value], { shape: [m.size, ...shape], dimensions: [0, ...further(dimensions)] }),
  reshape: (m, { shape }, [x]) => m.apply("reshape", [x.value], { shape: [m.size, ...shape] }),
  transpose: (m, { permutation }, [x]) =>
    m.apply("transpose", [x.value], { permutation: [0, ...further(permutation)] }),
  reverse: over("reverse"),
  slice: (m, { start, limit, strides }, [x]) =>
    m.apply("slice", [x.value], { start: [0, ...start], limit: [m.size, ...limit], strides: [1, ...strides] }),
  pad: (m, { low, high, interior, value }, [x]) =>
    m.apply("pad", [x.value], { low: [0, ...low], high: [0, ...high], interior: [0, ...interior], value }),
  concatenate: (m, { dimension }, operands) =>
    m.apply(
      "concatenate",
      operands.filter((x) => x.value >= 0).map((x) => full(m, x)),
      { dimension: dimension + 1 },
    ),

  reduce_sum: over("reduce_sum"),
  reduce_max: over("reduce_max"),
  argmax: along("argmax"),
  cumulative_sum: along("cumulative_sum"),
  sort: along("sort"),
  argsort: along("argsort"),

  // both: one more batch axis; one: one more free axis, which makes one larger product
  dot_general: (m, p, [x, y]) => {
    const batch = p.lhs_batch.length;
    const lhs = { lhs_batch: further(p.lhs_batch), lhs_contracting: further(p.lhs_contracting) };
    const rhs = { rhs_batch: further(p.rhs_batch), rhs_contracting: further(p.rhs_contracting) };
    if (x.varies && y.varies)
      return m.apply("dot_general", [x.value, y.value], {
        ...lhs,
        ...rhs,
        lhs_batch: [0, ...lhs.lhs_batch],
        rhs_batch: [0, ...rhs.rhs_batch],
      });
    if (x.varies) return toFront(m, m.apply("dot_general", [x.value, y.value], { ...p, ...lhs }), batch);
    const free = m.typeOf(x.value).shape.length - batch - p.lhs_contracting.length;
    return toFront(m, m.apply("dot_general", [x.value, y.value], { ...p, ...rhs }), batch + free);
  },
  // operand: the mapped axis is one before the rest; indices: one of the places; both, or under batch axes: one more batch axis
  gather: (m, { axis, batch_dims }, [x, at]) => {
    if (!at.varies && batch_dims === 0) return m.apply("gather", [x.value, at.value], { axis: axis + 1, batch_dims });
    if (x.varies) return m.apply("gather", [x.value, full(m, at)], { axis: axis + 1, batch_dims: batch_dims + 1 });
    const rank = m.typeOf(at.value).shape.length;
    const order = [
      ...range(batch_dims).map((i) => i + 1),
      0,
      ...range(rank - 1 - batch_dims).map((i) => batch_dims + 1 + i),
    ];
    return toFront(m, m.apply("gather", [x.value, transpose(m, at.value, order)], { axis, batch_dims }), axis);
  },
  scatter_add: (m, { axis, batch_dims, size }, [x, at]) =>
    !at.varies && batch_dims === 0
      ? m.apply("scatter_add", [x.value, at.value], { axis: axis + 1, batch_dims, size })
      : m.apply("scatter_add", [full(m, x), full(m, at)], { axis: axis + 1, batch_dims: batch_dims + 1, size }),

  conv2d: (m, p, [x, w]) => convBatched(m, p, x, w),
  conv2d_input_gradient: (m, p, [dy, w]) => inputGradientBatched(m, p, dy, w),
  conv2d_filter_gradient: (m, p, [x, dy]) => filterGradientBatched(m, p, x, dy),
  unfold: (m, p, [x]) => unfoldBatched(m, p, x.value),
  fold: (m, p, [x]) => foldBatched(m, p, x.value),

  // over the batch itself: one mean, the same for all
  batch_mean: (m, _, [x]) =>
    m.binds
      ? shared(scale(m, m.apply("reduce_sum", [x.value], { dimensions: [0] }), 1 / m.size))
      : m.apply("batch_mean", [x.value], {}),
};
