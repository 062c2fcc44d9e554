import { GraphBuilder } from "../ir/builder.ts";
import { constantOf } from "../ir/constant.ts";
import { evaluate as run } from "../ir/evaluate.ts";
import type { Value as GraphValue } from "../ir/graph.ts";
import { ShapeError } from "../ir/mismatch.ts";
import type { Padding } from "../ir/primitives.ts";
import {
  type Argument,
  binaryOperators,
  type Operand,
  type Primitive,
  surface,
  unaryOperators,
} from "../ir/surface.ts";
import { withPrecision } from "../learn/precision.ts";
import { showDim } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { BinaryOperator, Expression } from "../syntax/ast.ts";
import { plainBuilding } from "./building.ts";
import { readNumber, wordOf } from "./read.ts";
import { refuse } from "./refusal.ts";
import { type Building, type Scope, spanFor } from "./scope.ts";
import { describe, type TensorValue, type Value } from "./value.ts";

type Given = Argument<GraphValue, number, Padding>;

/** A primitive of the language for these arguments: an operation of the graph, or of numbers where no graph is built. */
export const applyPrimitive = (name: string, values: ReadonlyMap<string, Value>, e: Expression, scope: Scope): Value =>
  operate(primitiveNamed(name), name, values, e, scope);

const primitiveNamed = (name: string): Primitive => {
  const primitive = surface.get(name);
  if (primitive === undefined) throw new TypeError(`there is no primitive ${name}`);
  return primitive;
};

export const primitiveParameters = (name: string): readonly string[] =>
  primitiveNamed(name).parameters.map((parameter) => parameter.name);

export const primitiveInputs = (name: string): readonly string[] =>
  primitiveNamed(name)
    .parameters.filter(({ kind }) => kind === "tensor")
    .map((parameter) => parameter.name);

export const arithmetic = (operator: BinaryOperator, left: Value, right: Value, e: Expression, scope: Scope): Value =>
  operate(
    binaryOperators[operator],
    operator,
    new Map([
      ["x", left],
      ["y", right],
    ]),
    e,
    scope,
  );

export const negated = (operator: "-" | "not", operand: Value, e: Expression, scope: Scope): Value =>
  operate(unaryOperators[operator], operator, new Map([["x", operand]]), e, scope);

/** x[i]: element i of the first axis; from the end where negative. */
export const element = (target: Value, at: Value, e: Expression, scope: Scope): Value => {
  if (scope.building === undefined || target.kind !== "tensor")
    throw refuse.value(spanFor(e.span, scope), `${describe(target)} has no elements`);
  const [size] = scope.building.ops.typeOf(target.value).shape;
  const place: Value =
    at.kind === "number" && at.value < 0 && size !== undefined ? { kind: "number", value: size + at.value } : at;
  if (place.kind === "number" && size !== undefined && !(place.value >= 0 && place.value < size))
    throw refuse.range(spanFor(e.span, scope), `the first axis has ${size} elements, and no element ${describe(at)}`);
  return applyPrimitive(
    "gather",
    new Map([
      ["x", target],
      ["indices", place],
    ]),
    e,
    scope,
  );
};

const operate = (
  primitive: Primitive,
  name: string,
  values: ReadonlyMap<string, Value>,
  e: Expression,
  scope: Scope,
): Value => {
  if (scope.building === undefined) return ofNumbers(primitive, name, values, e, scope);
  return { kind: "tensor", value: perform(primitive, name, values, scope.building, e, scope) };
};

/** Outside of graphs a primitive of numbers gives a number: `let scale = 1 / sqrt(2)`. */
const ofNumbers = (
  primitive: Primitive,
  name: string,
  values: ReadonlyMap<string, Value>,
  e: Expression,
  scope: Scope,
): Value => {
  const builder = new GraphBuilder();
  const value = perform(primitive, name, values, plainBuilding(builder, "a value of the file"), e, scope);
  // In f64: a number is rounded where it enters an f32 graph, and nowhere before.
  const [result] = run(withPrecision(builder.build([value]), "f64"), []);
  if (result === undefined || result.shape.length > 0)
    throw refuse.value(
      spanFor(e.span, scope),
      `\`${name}\` gives a tensor, and tensors exist only in networks and blocks`,
    );
  const number = result.data[0]!;
  return result.dtype === "bool" ? { kind: "bool", value: number !== 0 } : { kind: "number", value: number };
};

const perform = (
  primitive: Primitive,
  name: string,
  values: ReadonlyMap<string, Value>,
  building: Building,
  e: Expression,
  scope: Scope,
): GraphValue => {
  const given = new Map<string, Given>();
  for (const { name: parameter, kind } of primitive.parameters) {
    const value = values.get(parameter);
    if (value !== undefined) given.set(parameter, arguments_[kind](value, parameter, building, e, scope));
  }
  try {
    return primitive.apply(building.ops, given, {
      randomBits: (shape, wanted) => {
        const { key, purpose } = building.random(wanted, spanFor(e.span, scope));
        return building.ops.apply("random_bits", [key], { shape, purpose });
      },
    });
  } catch (error) {
    if (error instanceof ShapeError) throw shapeRefusal(name, error, e, scope);
    throw error;
  }
};

const shapeRefusal = (name: string, { mismatch, message }: ShapeError, e: Expression, scope: Scope) => {
  const { reason } = mismatch;
  const span = spanFor(e.span, scope);
  if (reason.kind !== "window") return refuse.shape(span, `\`${name}\` does not fit: ${message}`);
  const [size, kernel] = [showDim(reason.size), showDim(reason.kernel)];
  return refuse.shape(span, `a window of ${kernel} does not fit into the ${size} places of axis ${reason.axis}`, {
    help: "take a smaller kernel, or `pad: same`",
  });
};

type Reader<K extends Primitive["parameters"][number]["kind"]> = (
  value: Value,
  name: string,
  building: Building,
  e: Expression,
  scope: Scope,
) => Given & (K extends "tensor" ? Operand<GraphValue> : unknown);

/** How each kind of parameter takes its argument. */
const arguments_ = {
  tensor: (value, name, _building, e, scope) => operandOf(value, name, e, scope),
  int: (value, name, _building, e, scope) => readNumber(value, name, { whole: true }, { e, scope }),
  float: (value, name, _building, e, scope) => readNumber(value, name, {}, { e, scope }),
  size: (value, name, _building, e, scope) => {
    if (value.kind === "size") return [value.y, value.x];
    const both = readNumber(value, name, { whole: true }, { e, scope });
    return [both, both];
  },
  padding: (value, name, _building, e, scope) => {
    const word = wordOf(value);
    if (word === "same" || word === "valid") return word;
    throw refuse.value(spanFor(e.span, scope), `\`${name}\` is \`same\` or \`valid\`, and got ${describe(value)}`);
  },
  dims: (value, name, building, e, scope) =>
    value.kind === "tensor" ? building.ops.typeOf(value.value).shape : wholeNumbers(value, name, e, scope),
  axis: (value, name, _building, e, scope) => readNumber(value, name, { whole: true }, { e, scope }),
  axes: (value, name, _building, e, scope) => wholeNumbers(value, name, e, scope),
  ints: (value, name, _building, e, scope) => wholeNumbers(value, name, e, scope),
  string: (value, name, _building, e, scope) => textOf(value, name, e, scope),
  dtype: (value, name, _building, e, scope) => {
    const word = textOf(value, name, e, scope);
    const dtype = dtypes.find((known) => known === word);
    if (dtype !== undefined) return dtype;
    throw refuse.value(spanFor(e.span, scope), `there is no dtype \`${word}\``, {
      help: `one of ${dtypes.join(", ")}`,
    });
  },
  bool: (value, name, _building, e, scope) => {
    if (value.kind === "bool") return value.value;
    throw refuse.value(spanFor(e.span, scope), `\`${name}\` is true or false beforehand, and got ${describe(value)}`);
  },
} as const satisfies { [K in Primitive["parameters"][number]["kind"]]: Reader<K> };

const dtypes: readonly DType[] = ["f32", "f64", "i32", "bool"];

const textOf = (value: Value, name: string, e: Expression, scope: Scope): string => {
  const word = wordOf(value);
  if (word !== undefined) return word;
  throw refuse.value(spanFor(e.span, scope), `\`${name}\` takes a text, and got ${describe(value)}`);
};

const wholeNumbers = (value: Value, name: string, e: Expression, scope: Scope): readonly number[] => {
  const items = value.kind === "list" ? value.items : [value];
  return items.map((item) => readNumber(item, name, { whole: true }, { e, scope }));
};

const operandOf = (value: Value, name: string, e: Expression, scope: Scope): Operand<GraphValue> => {
  if (value.kind === "tensor") return { tensor: value.value };
  if (value.kind === "number") return { number: value.value };
  if (value.kind === "bool") return { bool: value.value };
  if (value.kind === "list") return { tensor: asTensor(value, e, scope).value };
  throw notTensor(value, name, e, scope);
};

const notTensor = (value: Value, name: string, e: Expression, scope: Scope) =>
  value.kind === "figure"
    ? refuse.notKnownYet(
        spanFor(e.span, scope),
        "a figure of a run cannot enter a graph: it is known only after steps ran",
      )
    : refuse.value(spanFor(e.span, scope), `\`${name}\` takes a tensor, and got ${describe(value)}`);

/** The value as one of the graph: numbers become f32 constants, lists of numbers arrays. */
export const asTensor = (value: Value, e: Expression, scope: Scope): TensorValue => {
  if (value.kind === "tensor") return value;
  if (scope.building === undefined) throw notTensor(value, "a graph", e, scope);
  const { shape, numbers, dtype } = numbersOf(value, e, scope);
  return { kind: "tensor", value: scope.building.ops.apply("constant", [], constantOf(dtype, shape, numbers)) };
};

interface Numbers {
  readonly dtype: "f32" | "bool";
  readonly shape: readonly number[];
  readonly numbers: readonly number[];
}

const numbersOf = (value: Value, e: Expression, scope: Scope): Numbers => {
  if (value.kind === "number") return { dtype: "f32", shape: [], numbers: [value.value] };
  if (value.kind === "bool") return { dtype: "bool", shape: [], numbers: [value.value ? 1 : 0] };
  if (value.kind !== "list") throw notTensor(value, "a tensor", e, scope);
  const items = value.items.map((item) => numbersOf(item, e, scope));
  const [first] = items;
  const even = items.every(({ shape, dtype }) => dtype === first?.dtype && `${shape}` === `${first.shape}`);
  if (!even) throw refuse.shape(spanFor(e.span, scope), "the items of the list have different shapes");
  return {
    dtype: first?.dtype ?? "f32",
    shape: [items.length, ...(first?.shape ?? [])],
    numbers: items.flatMap(({ numbers }) => numbers),
  };
};
