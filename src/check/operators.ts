import { broadcastAxes } from "../shape/broadcast.ts";
import { add, axisEquals, type Dim, divideExactly, isSpread, multiply, showAxis, subtract } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { Expression } from "../syntax/ast.ts";
import { tailSpan } from "./blocks.ts";
import type { TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { infer } from "./expressions.ts";
import { problems } from "./problems.ts";
import { stageNotes } from "./stages.ts";
import { describeType, errorType, showTensor, showType } from "./types.ts";

type Binary = Extract<Expression, { readonly kind: "binary" }>;
type Unary = Extract<Expression, { readonly kind: "unary" }>;

const bool: Type = { kind: "bool" };

export function inferUnary(c: Context, env: Env, e: Unary): Type {
  const operand = infer(c, env, e.operand);
  if (operand.kind === "error") return errorType;
  if (e.operator === "not") {
    if (operand.kind === "bool") return operand.value === undefined ? bool : { kind: "bool", value: !operand.value };
    if (operand.kind === "tensor" && operand.dtype === "bool") return operand;
  } else {
    if (operand.kind === "int")
      return operand.value === undefined ? operand : { kind: "int", value: subtract(0, operand.value) };
    if (operand.kind === "float")
      return operand.value === undefined ? operand : { kind: "float", value: -operand.value };
    if (operand.kind === "tensor" && operand.dtype !== "bool") return plain(operand);
  }
  const takes = e.operator === "not" ? "a bool" : "a number or an array of numbers";
  report(
    c,
    problems.operator(tailSpan(e.operand), `\`${e.operator}\` takes ${takes}, and got ${describeType(operand)}`, {
      label: `${takes} expected here`,
    }),
  );
  return errorType;
}

/** A class label that was computed with is a number. */
const plain = ({ kind, dtype, axes }: TensorTypeSymbolic): TensorTypeSymbolic => ({ kind, dtype, axes });

export function inferBinary(c: Context, env: Env, e: Binary): Type {
  const left = infer(c, env, e.left);
  // `pad == same`: the word is of the left side's type.
  const right = infer(c, env, e.right, left.kind === "padding" ? { want: "padding" } : undefined);
  if (left.kind === "error" || right.kind === "error") return errorType;
  switch (e.operator) {
    case "and":
    case "or":
      return logical(c, e, left, right);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return comparison(c, e, left, right);
    case "@":
      return matrixProduct(c, e, left, right);
    default:
      return arithmetic(c, e, e.operator, left, right);
  }
}

const isNumber = (type: Type): type is Extract<Type, { kind: "int" | "float" }> =>
  type.kind === "int" || type.kind === "float";

const isNumeric = (type: Type): type is TensorTypeSymbolic => type.kind === "tensor" && type.dtype !== "bool";

function logical(c: Context, e: Binary, left: Type, right: Type): Type {
  for (const [type, side] of [
    [left, e.left],
    [right, e.right],
  ] as const)
    if (type.kind !== "bool" && !(type.kind === "tensor" && type.dtype === "bool"))
      return refuse(c, side, `\`${e.operator}\` takes bools, and got ${describeType(type)}`, "a bool expected here");
  if (left.kind === "bool" && right.kind === "bool") return bool;
  return broadcast(c, e, asTensor(left, "bool"), asTensor(right, "bool"), "bool");
}

function comparison(c: Context, e: Binary, left: Type, right: Type): Type {
  if (isNumber(left) && isNumber(right)) return bool;
  const ordered = e.operator !== "==" && e.operator !== "!=";
  if (!ordered && left.kind === right.kind && ["string", "bool", "padding", "size", "opaque"].includes(left.kind))
    return bool;
  const array = left.kind === "tensor" || right.kind === "tensor";
  if (array && comparable(left, ordered) && comparable(right, ordered)) {
    const dtype = commonDType(left, right);
    if (dtype !== undefined) return broadcast(c, e, asTensor(left, dtype), asTensor(right, dtype), "bool");
  }
  return mismatch(c, e, left, right, "cannot be compared");
}

const comparable = (type: Type, ordered: boolean): boolean =>
  isNumber(type) ||
  (type.kind === "tensor" && !(ordered && type.dtype === "bool")) ||
  (!ordered && type.kind === "bool");

function arithmetic(c: Context, e: Binary, operator: "+" | "-" | "*" | "/", left: Type, right: Type): Type {
  if (isNumber(left) && isNumber(right)) return numbers(operator, left, right);
  if ((isNumeric(left) || isNumber(left)) && (isNumeric(right) || isNumber(right))) {
    const dtype = commonDType(left, right);
    if (dtype !== undefined) return broadcast(c, e, asTensor(left, dtype), asTensor(right, dtype), dtype);
  }
  return mismatch(
    c,
    e,
    left,
    right,
    { "+": "cannot be added", "-": "cannot be subtracted", "*": "cannot be multiplied", "/": "cannot be divided" }[
      operator
    ],
  );
}

/** Sizes stay ints where they do; a quotient is an int only where it is known to be whole. */
function numbers(
  operator: "+" | "-" | "*" | "/",
  left: Extract<Type, { kind: "int" | "float" }>,
  right: typeof left,
): Type {
  if (left.kind === "int" && right.kind === "int") {
    const value =
      left.value === undefined || right.value === undefined ? undefined : intValue(operator, left.value, right.value);
    if (operator !== "/") return value === undefined ? { kind: "int" } : { kind: "int", value };
    if (value !== undefined) return { kind: "int", value };
  }
  const [a, b] = [left.value, right.value];
  if (typeof a !== "number" || typeof b !== "number") return { kind: "float" };
  return { kind: "float", value: { "+": a + b, "-": a - b, "*": a * b, "/": a / b }[operator] };
}

function intValue(operator: "+" | "-" | "*" | "/", a: Dim, b: Dim): Dim | undefined {
  switch (operator) {
    case "+":
      return add(a, b);
    case "-":
      return subtract(a, b);
    case "*":
      return multiply(a, b);
    case "/":
      return divideExactly(a, b);
  }
}

/** The type that both sides are computed in: the array's, where the other is a number; f32 where a fraction meets whole numbers. */
function commonDType(left: Type, right: Type): DType | undefined {
  if (left.kind === "tensor" && right.kind === "tensor") return left.dtype === right.dtype ? left.dtype : undefined;
  const [array, other] = left.kind === "tensor" ? [left, right] : [right, left];
  if (array.kind !== "tensor") return undefined;
  if (other.kind === "bool") return array.dtype === "bool" ? "bool" : undefined;
  if (array.dtype === "bool") return undefined;
  return other.kind === "float" && array.dtype === "i32" ? "f32" : array.dtype;
}

const asTensor = (type: Type, dtype: DType): TensorTypeSymbolic =>
  type.kind === "tensor" ? type : { kind: "tensor", dtype, axes: [] };

/** NumPy's rule; every axis that disagrees is named. */
function broadcast(c: Context, e: Binary, left: TensorTypeSymbolic, right: TensorTypeSymbolic, dtype: DType): Type {
  const result = broadcastAxes(left.axes, right.axes);
  if ("shape" in result) return { kind: "tensor", dtype, axes: result.shape };
  const each = result.conflicts.map(
    (k) => `axis -${k.fromEnd}: ${showAxis(k.left)} on the left, ${showAxis(k.right)} on the right`,
  );
  report(
    c,
    problems.broadcast(
      e.operatorSpan,
      `\`${e.operator}\` got ${showTensor(left)} and ${showTensor(right)}, and they do not broadcast`,
      {
        label: `${showTensor(left)} ${e.operator} ${showTensor(right)}`,
        notes: [
          ...each.map((text) => ({ kind: "text" as const, text })),
          ...stageNotes(c, e.left),
          ...stageNotes(c, e.right),
        ],
        help: "shapes are aligned at their last axes, and an axis of size 1 grows to the other's",
      },
    ),
  );
  return errorType;
}

/** [m, k] @ [k, n], and vectors on either side. */
function matrixProduct(c: Context, e: Binary, left: Type, right: Type): Type {
  for (const [type, side] of [
    [left, e.left],
    [right, e.right],
  ] as const) {
    const fits = isNumeric(type) && type.axes.length >= 1 && type.axes.length <= 2 && !type.axes.some(isSpread);
    if (!fits)
      return refuse(
        c,
        side,
        `\`@\` takes arrays of one or two axes, and got ${describeType(type)}`,
        "f32[n] or f32[m, n] expected here",
      );
  }
  if (left.kind !== "tensor" || right.kind !== "tensor") return errorType;
  if (left.dtype !== right.dtype) return mismatch(c, e, left, right, "cannot be multiplied");
  const inner = left.axes.at(-1)!;
  const outer = right.axes[0]!;
  if (!axisEquals(inner, outer)) {
    report(
      c,
      problems.broadcast(
        e.operatorSpan,
        `\`@\` got ${showTensor(left)} and ${showTensor(right)}, and the inner sizes differ`,
        {
          label: `${showAxis(inner)} against ${showAxis(outer)}`,
          notes: [...stageNotes(c, e.left), ...stageNotes(c, e.right)],
          help: "the last axis of the left side is summed with the first of the right",
        },
      ),
    );
    return errorType;
  }
  return { kind: "tensor", dtype: left.dtype, axes: [...left.axes.slice(0, -1), ...right.axes.slice(1)] };
}

function refuse(c: Context, side: Expression, message: string, label: string): Type {
  report(c, problems.operator(tailSpan(side), message, { label }));
  return errorType;
}

function mismatch(c: Context, e: Binary, left: Type, right: Type, cannot: string): Type {
  const numeric = left.kind === "tensor" && right.kind === "tensor" && left.dtype !== right.dtype;
  report(
    c,
    problems.operator(e.operatorSpan, `${describeType(left)} and ${describeType(right)} ${cannot}`, {
      label: `${showType(left)} ${e.operator} ${showType(right)}`,
      help: numeric
        ? `both sides must have one element type: convert(x, "${left.kind === "tensor" && left.dtype !== "i32" ? left.dtype : "f32"}") makes them so`
        : left.kind === "string" || right.kind === "string"
          ? "texts are not joined: write the whole text, or make it a param of its own"
          : "operators are for numbers and arrays; `==` and `!=` also for texts and bools",
    }),
  );
  return errorType;
}
