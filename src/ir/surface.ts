import { type Axis, product, showDim, showShape } from "../shape/dim.ts";
import type { Ops } from "./graph.ts";
import { refuse } from "./mismatch.ts";
import * as o from "./operations.ts";
import type { Prims } from "./primitives.ts";
import { given, type Operand, type Primitive, primitive, single, tensors } from "./surface-parameters.ts";
import { windows } from "./surface-windows.ts";

export type { Argument, ArgumentTypes, Operand, ParameterKind, Primitive, Surroundings } from "./surface-parameters.ts";

const x = given("tensor", "The array.");
const other = given("tensor", "The other array, or a number.");
const indices = given("tensor", "Whole numbers, counted from 0.");
const shape = given("dims", "The sizes of the axes, or an array whose shape is meant.");
const lastAxis = { kind: "axis", default: -1, doc: "The axis, counted from 0; from the end where negative." } as const;
const firstAxis = { kind: "axis", default: 0, doc: "The axis, counted from 0." } as const;
const keep = { kind: "bool", default: false, doc: "Whether the axis stays, with one place." } as const;
const noBatch = { kind: "axis", default: 0, doc: "How many leading axes the arrays have in common." } as const;
const common = (of: string) =>
  ({ kind: "ints", default: [], doc: `The axes of ${of} that both have in common.` }) as const;

/** An elementwise operation of one operand. */
const elementwise = (name: o.UnaryPrim, doc: string): Primitive =>
  primitive(name, doc, { x }, (ops, args) => o.unary(ops, name, single(ops, name, args.x)));

/** An elementwise operation of two operands, with NumPy's broadcasting. */
const arithmetic = (name: o.BinaryPrim, doc: string): Primitive =>
  primitive(name, doc, { x, y: other }, (ops, args) => {
    const [left, right] = o.broadcastTogether(ops, tensors(ops, name, [args.x, args.y]));
    return ops.apply<o.BinaryPrim>(name, [left!, right!], {});
  });

const comparison = (name: string, direction: Prims["compare"]["direction"]): Primitive =>
  primitive(name, `${name}, element by element, with NumPy's broadcasting`, { x, y: other }, (ops, args) => {
    const [left, right] = tensors(ops, name, [args.x, args.y]);
    return o.compare(ops, direction, left!, right!);
  });

/** A reduction over some axes, all unless given. */
const reduction = (
  name: string,
  doc: string,
  reduce: <V, D, W>(ops: Ops<V, D, W>, x: V, dimensions: readonly number[] | undefined, keep: boolean) => V,
): Primitive =>
  primitive(
    name,
    doc,
    { x, dimensions: { kind: "axes", default: null, doc: "The axes, counted from 0; all unless given." }, keep },
    (ops, args) => {
      const v = single(ops, name, args.x);
      const axes = args.dimensions?.map((axis) => o.resolveAxis(ops.sizes, name, ops.typeOf(v).shape, axis));
      return reduce(ops, v, axes, args.keep);
    },
  );

/** An operation along one axis. */
const along = (name: "argmax" | "sort" | "argsort", doc: string): Primitive =>
  primitive(name, doc, { x, axis: lastAxis }, (ops, args) => {
    const v = single(ops, name, args.x);
    return ops.apply<typeof name>(name, [v], {
      dimension: o.resolveAxis(ops.sizes, name, ops.typeOf(v).shape, args.axis),
    });
  });

/** The k largest along one axis. */
const largest = (name: string, doc: string, take: typeof o.topK): Primitive =>
  primitive(name, doc, { x, k: given("int", "How many are taken."), axis: lastAxis }, (ops, { x, k, axis }) => {
    const v = single(ops, name, x);
    return take(ops, v, o.resolveAxis(ops.sizes, name, ops.typeOf(v).shape, axis), k);
  });

/** True division: whole numbers become f32, as in Python. */
const divide = primitive("divide", "x / y; whole numbers divide to f32", { x, y: other }, (ops, args) => {
  const operands = tensors(ops, "divide", [args.x, args.y]).map((v) =>
    ops.typeOf(v).dtype === "i32" ? o.convert(ops, v, "f32") : v,
  );
  return o.divide(ops, operands[0]!, operands[1]!);
});

const matmul = primitive(
  "@",
  "the last axis of x with the second last of y, or its only one",
  { x, y: other },
  (ops, args) => {
    const [left, right] = tensors(ops, "@", [args.x, args.y]);
    return o.matmul(ops, left!, right!);
  },
);

/** The operations of the IR that a program may call, each in the terms of the language: one example, broadcasting, defaults. */
export const surface: ReadonlyMap<string, Primitive> = new Map(
  Object.entries({
    negate: elementwise("negate", "-x"),
    abs: elementwise("abs", "|x|"),
    sign: elementwise("sign", "-1, 0 or 1"),
    floor: elementwise("floor", "the largest whole number not above x"),
    exponential: elementwise("exponential", "e^x"),
    exponential_minus_one: elementwise("exponential_minus_one", "e^x - 1, exact near 0"),
    log: elementwise("log", "the natural logarithm"),
    log_plus_one: elementwise("log_plus_one", "log(1 + x), exact near 0"),
    sqrt: elementwise("sqrt", "the square root"),
    rsqrt: elementwise("rsqrt", "1 / sqrt(x)"),
    tanh: elementwise("tanh", "the hyperbolic tangent"),
    logistic: elementwise("logistic", "1 / (1 + e^-x)"),
    softplus: elementwise("softplus", "log(1 + e^x)"),
    erf: elementwise("erf", "2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x"),
    sine: elementwise("sine", "sin x"),
    cosine: elementwise("cosine", "cos x"),
    not: elementwise("not", "true where x is false"),
    is_finite: elementwise("is_finite", "true where x is neither infinite nor NaN"),
    stop_gradient: elementwise("stop_gradient", "x, with derivative zero"),
    batch_mean: elementwise("batch_mean", "the mean over the examples of a training batch, seen by each of them"),
    convert: primitive(
      "convert",
      "x in another dtype",
      { x, dtype: given("dtype", 'The element type: `"f32"`, `"f64"`, `"i32"` or `"bool"`.') },
      (ops, { x, dtype }) => o.convert(ops, single(ops, "convert", x), dtype),
    ),

    add: arithmetic("add", "x + y"),
    subtract: arithmetic("subtract", "x - y"),
    multiply: arithmetic("multiply", "x y"),
    divide,
    maximum: arithmetic("maximum", "the larger, element by element"),
    minimum: arithmetic("minimum", "the smaller, element by element"),
    power: arithmetic("power", "x to the power y"),
    remainder: arithmetic("remainder", "the remainder of x / y, with the sign of x"),
    and: arithmetic("and", "both"),
    or: arithmetic("or", "one or both"),
    select: primitive(
      "select",
      "yes where pred holds, else no; a pred known beforehand chooses one of them whole",
      {
        pred: given("tensor", "True or false, element by element, or one for all."),
        yes: given("tensor", "What is taken where it is true."),
        no: given("tensor", "What is taken where it is false."),
      },
      (ops, { pred, yes, no }) => {
        const [onTrue, onFalse] = tensors(ops, "select", [yes, no]);
        if ("bool" in pred) return oneOf(ops, pred.bool, onTrue!, onFalse!);
        return o.select(ops, single(ops, "select", pred), onTrue!, onFalse!);
      },
    ),

    broadcast: primitive(
      "broadcast",
      "x repeated to a larger shape, as NumPy's broadcast_to",
      { x, shape },
      (ops, { x, shape }) => o.broadcastTo(ops, single(ops, "broadcast", x), shape),
    ),
    reshape: primitive(
      "reshape",
      "the same elements in another shape; one -1 stands for what remains",
      { x, dims: shape },
      (ops, { x, dims }) => {
        const v = single(ops, "reshape", x);
        return o.reshape(ops, v, inferred(ops, v, dims));
      },
    ),
    transpose: primitive(
      "transpose",
      "axes in another order; reversed unless given",
      { x, permutation: { kind: "axes", default: null, doc: "For each axis of the result the axis of x that it is." } },
      (ops, { x, permutation }) => {
        const v = single(ops, "transpose", x);
        const { shape } = ops.typeOf(v);
        const order = permutation ?? shape.map((_, i) => shape.length - 1 - i);
        const places = order.map((axis) => o.resolveAxis(ops.sizes, "transpose", shape, axis));
        return ops.apply("transpose", [v], { permutation: places });
      },
    ),
    reverse: primitive(
      "reverse",
      "x backwards along some axes",
      { x, dimensions: given("axes", "The axes that run backwards.") },
      (ops, args) => {
        const v = single(ops, "reverse", args.x);
        const { shape } = ops.typeOf(v);
        const dimensions = args.dimensions.map((axis) => o.resolveAxis(ops.sizes, "reverse", shape, axis));
        return ops.apply("reverse", [v], { dimensions });
      },
    ),
    slice: primitive(
      "slice",
      "the elements from start to before limit along each axis",
      {
        x,
        start: given("dims", "The first place that is taken, for each axis."),
        limit: given("dims", "The first place that is not, for each axis."),
        strides: {
          kind: "ints",
          default: null,
          doc: "Every so manyth place is taken, for each axis; every one unless given.",
        },
      },
      (ops, { x, start, limit, strides }) =>
        ops.apply("slice", [single(ops, "slice", x)], { start, limit, strides: strides ?? start.map(() => 1) }),
    ),
    pad: primitive(
      "pad",
      "x with `value` around it along each axis, and between its elements",
      {
        x,
        low: given("dims", "How many places are added before, for each axis."),
        high: given("dims", "How many places are added behind, for each axis."),
        interior: {
          kind: "ints",
          default: null,
          doc: "How many stand between two elements, for each axis; none unless given.",
        },
        value: { kind: "float", default: 0, doc: "What stands in the places that are added." },
      },
      (ops, { x, low, high, interior, value }) =>
        ops.apply("pad", [single(ops, "pad", x)], { low, high, interior: interior ?? low.map(() => 0), value }),
    ),
    concat: primitive(
      "concat",
      "x and y one after the other along an axis",
      { x, y: given("tensor", "The array behind it."), axis: lastAxis },
      (ops, args) => {
        const both = tensors(ops, "concat", [args.x, args.y]);
        const dimension = o.resolveAxis(ops.sizes, "concat", ops.typeOf(both[0]!).shape, args.axis);
        return ops.apply("concatenate", both, { dimension });
      },
    ),

    reduce_sum: reduction("reduce_sum", "the sum over some axes, all unless given", o.reduceSum),
    reduce_mean: reduction("reduce_mean", "the mean over some axes, all unless given", o.reduceMean),
    reduce_max: reduction("reduce_max", "the largest over some axes, all unless given", o.reduceMax),
    reduce_min: reduction("reduce_min", "the smallest over some axes, all unless given", o.reduceMin),
    logsumexp: primitive(
      "logsumexp",
      "log of the sum of e^x along an axis, exact where e^x itself would be 0 or infinite",
      { x, axis: lastAxis, keep },
      (ops, { x, axis, keep }) => {
        const v = single(ops, "logsumexp", x);
        return o.logSumExp(ops, v, o.resolveAxis(ops.sizes, "logsumexp", ops.typeOf(v).shape, axis), keep);
      },
    ),
    argmax: along("argmax", "the index of the first largest element along an axis"),
    cumulative_sum: primitive(
      "cumulative_sum",
      "running sums along an axis, from its end where reverse",
      {
        x,
        axis: lastAxis,
        reverse: { kind: "bool", default: false, doc: "Whether the sums begin at the axis's end." },
      },
      (ops, { x, axis, reverse }) => {
        const v = single(ops, "cumulative_sum", x);
        const dimension = o.resolveAxis(ops.sizes, "cumulative_sum", ops.typeOf(v).shape, axis);
        return ops.apply("cumulative_sum", [v], { dimension, reverse });
      },
    ),
    sort: along("sort", "ascending along an axis"),
    argsort: along("argsort", "the order that sorts along an axis"),
    top_k: largest("top_k", "the k largest along an axis, the largest first", o.topK),
    argtop_k: largest("argtop_k", "where the k largest stand along an axis, the first of equal ones first", o.argTopK),

    dot: primitive("dot", "the sum over the last axis of x and the first of y", { x, y: other }, (ops, args) => {
      const [left, right] = tensors(ops, "dot", [args.x, args.y]);
      return o.dot(ops, left!, right!);
    }),
    dot_general: primitive(
      "dot_general",
      "sums over the contracting axes, with batch axes in common: axes batch, rest of x, rest of y",
      {
        x,
        y: given("tensor", "The other array."),
        lhs_contracting: given("ints", "The axes of x that are summed over."),
        rhs_contracting: given("ints", "The axes of y that are summed over, in the same order."),
        lhs_batch: common("x"),
        rhs_batch: common("y"),
      },
      (ops, { x, y, ...axes }) => ops.apply("dot_general", tensors(ops, "dot_general", [x, y]), axes),
    ),
    gather: primitive(
      "gather",
      "the elements of x at these indices along an axis, line by line of the first `batch` axes; 0 where an index is outside",
      { x, indices, axis: firstAxis, batch: noBatch },
      (ops, { x, indices, axis, batch }) => {
        const v = single(ops, "gather", x);
        const at = o.resolveAxis(ops.sizes, "gather", ops.typeOf(v).shape, axis);
        return ops.apply("gather", [v, whole(ops, "gather", indices)], { axis: at, batch_dims: batch });
      },
    ),
    scatter_add: primitive(
      "scatter_add",
      "zeros of `size` along an axis with the updates added at these indices, line by line of the first `batch` axes",
      {
        updates: given("tensor", "What is added."),
        indices,
        size: given("int", "How many places the axis has in the result."),
        axis: firstAxis,
        batch: noBatch,
      },
      (ops, { updates, indices, size, axis, batch }) => {
        const v = single(ops, "scatter_add", updates);
        const at = whole(ops, "scatter_add", indices);
        return ops.apply("scatter_add", [v, at], { axis, batch_dims: batch, size });
      },
    ),
    one_hot: primitive(
      "one_hot",
      "1 at the index along a new last axis, else 0",
      {
        indices,
        size: given("int", "How many places the new axis has."),
        dtype: { kind: "dtype", default: "f32", doc: "The element type of the result." },
      },
      (ops, { indices, size, dtype }) => o.oneHot(ops, whole(ops, "one_hot", indices), size, dtype),
    ),
    iota: primitive(
      "iota",
      "0, 1, 2, … along an axis",
      { shape, axis: firstAxis, dtype: { kind: "dtype", default: "i32", doc: "The element type of the result." } },
      (ops, { shape, axis, dtype }) =>
        ops.apply("iota", [], { shape, axis: o.resolveAxis(ops.sizes, "iota", shape, axis), dtype }),
    ),
    random_bits: primitive(
      "random_bits",
      "whole numbers drawn uniformly from 0 to 2^24 - 1, anew for each example and step; i32",
      {
        shape,
        purpose: given(
          "string",
          "What is drawn, in a word: no two draws of a network are equal, and each is the same in every run.",
        ),
      },
      (_, { shape, purpose }, { randomBits }) => randomBits(shape, purpose),
    ),

    ...windows,
  }),
);

/** What the operators of the language stand for. */
export const binaryOperators = {
  "+": surface.get("add")!,
  "-": surface.get("subtract")!,
  "*": surface.get("multiply")!,
  "/": divide,
  "@": matmul,
  and: surface.get("and")!,
  or: surface.get("or")!,
  "==": comparison("==", "EQ"),
  "!=": comparison("!=", "NE"),
  "<": comparison("<", "LT"),
  "<=": comparison("<=", "LE"),
  ">": comparison(">", "GT"),
  ">=": comparison(">=", "GE"),
} as const satisfies Readonly<Record<string, Primitive>>;

export const unaryOperators = {
  "-": surface.get("negate")!,
  not: surface.get("not")!,
} as const satisfies Readonly<Record<string, Primitive>>;

/** Indices: whole numbers. */
function whole<V, D, W>(ops: Ops<V, D, W>, name: string, indices: Operand<V>): V {
  if ("number" in indices && Number.isInteger(indices.number)) return o.scalar(ops, "i32", indices.number);
  return single(ops, name, indices);
}

/** One of two values by a condition known beforehand, in their common shape. */
function oneOf<V, D, W>(ops: Ops<V, D, W>, condition: boolean, yes: V, no: V): V {
  const [onTrue, onFalse] = o.broadcastTogether(ops, [yes, no]);
  return condition ? onTrue! : onFalse!;
}

/** The shape with its -1 replaced by the elements that remain. */
function inferred<V, D, W>(ops: Ops<V, D, W>, v: V, dims: readonly D[]): readonly D[] {
  const open = dims.findIndex((d) => ops.sizes.known(d) === -1);
  if (open < 0) return dims;
  const { shape } = ops.typeOf(v);
  const others = dims.filter((_, i) => i !== open);
  const rest = ops.sizes.quotient(ops.sizes.product(shape), ops.sizes.product(others));
  if (rest === undefined) {
    const [from, to] = [shape, others].map((axes) => axes.map(ops.sizes.axis)) as [Axis[], Axis[]];
    const message = `no size fits: ${showShape(from)} has ${showDim(product(from))} elements, the others make ${showDim(product(to))}`;
    return refuse("reshape", { kind: "parameter", name: "-1", message });
  }
  return dims.map((d, i) => (i === open ? rest : d));
}
