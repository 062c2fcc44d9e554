import type { Prim } from "../../ir/primitives.ts";
import type { DType } from "../../shape/dtype.ts";
import { align } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import type { Rule, Rules, View } from "./rule.ts";

/** The elementwise operations: broadcasts stay unexecuted, layouts stay as they are. */
export type Elementwise =
  | "negate"
  | "abs"
  | "sign"
  | "floor"
  | "exponential"
  | "exponential_minus_one"
  | "log"
  | "log_plus_one"
  | "sqrt"
  | "rsqrt"
  | "tanh"
  | "logistic"
  | "softplus"
  | "erf"
  | "sine"
  | "cosine"
  | "not"
  | "is_finite"
  | "convert"
  | "stop_gradient"
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "power"
  | "remainder"
  | "and"
  | "or"
  | "compare"
  | "select";

const unary =
  (formula: ((e: Emitter, x: TfValue) => TfValue) | string): Rule<Elementwise> =>
  (e, [x]) => {
    const value = typeof formula === "string" ? e.unary(formula, x!.value) : formula(e, x!.value);
    return { ...x!, value, dtype: value.type as DType };
  };

/** Operands brought to dimensions that broadcast, one formula over them. */
export const nary =
  (formula: (e: Emitter, x: TfValue, y: TfValue, z: TfValue) => TfValue) =>
  (e: Emitter, inputs: readonly View[]): View => {
    const { values, groups } = align(e, inputs);
    const [x, y, z] = values as [TfValue, TfValue, TfValue];
    const value = formula(e, x, y, z);
    return { value, dtype: value.type as DType, shape: inputs[0]!.shape, groups };
  };

const binary = (op: string): Rule<Elementwise> => nary((e, x, y) => e.binary(op, x, y));

/** Integers by zero give 0: the engine would refuse. The quotient by -1 is the negative, which wraps where a processor would trap. */
const guarded = (e: Emitter, y: TfValue, f: (divisor: TfValue) => TfValue, byMinusOne: TfValue): TfValue => {
  const zero = e.test("Equal", y, 0);
  const minus = e.test("Equal", y, -1);
  const safe = e.emit("LogicalOr", [zero, minus], "bool", y.shape);
  const quotient = f(e.where(safe, e.scalar("i32", 1), y));
  return e.where(zero, e.scalar("i32", 0), e.where(minus, byMinusOne, quotient));
};

const comparisons = {
  EQ: "Equal",
  NE: "NotEqual",
  LT: "Less",
  LE: "LessEqual",
  GT: "Greater",
  GE: "GreaterEqual",
} as const;

const compare: Rule<"compare"> = (emitter, inputs, { direction }) =>
  nary((e, a, b) => {
    // Booleans have no order there.
    const ordered = a.type === "bool" && direction !== "EQ" && direction !== "NE";
    const [x, y] = ordered ? [e.cast(a, "i32"), e.cast(b, "i32")] : [a, b];
    return e.test(comparisons[direction], x, y);
  })(emitter, inputs);

export const elementwise = {
  negate: unary("Neg"),
  abs: unary("Abs"),
  sign: unary("Sign"),
  floor: unary("Floor"),
  exponential: unary("Exp"),
  exponential_minus_one: unary("Expm1"),
  log: unary("Log"),
  log_plus_one: unary("Log1p"),
  sqrt: unary("Sqrt"),
  rsqrt: unary("Rsqrt"),
  tanh: unary("Tanh"),
  logistic: unary("Sigmoid"),
  softplus: unary("Softplus"),
  // In f64 the engine's is NaN of infinity, and 1 from 6 on.
  erf: unary((e, x) => e.unary("Erf", x.type === "f64" ? e.binary("Maximum", e.binary("Minimum", x, 6), -6) : x)),
  sine: unary("Sin"),
  cosine: unary("Cos"),
  not: unary("LogicalNot"),
  is_finite: unary((e, x) => e.emit("IsFinite", [x], "bool", x.shape)),
  convert: (e, [x], { dtype }) => ({ ...x!, dtype, value: convert(e, x!.value, dtype) }),
  stop_gradient: (_, [x]) => x!,

  add: binary("AddV2"),
  subtract: binary("Sub"),
  multiply: binary("Mul"),
  divide: nary((e, x, y) =>
    x.type === "i32"
      ? guarded(e, y, (divisor) => e.binary("TruncateDiv", x, divisor), e.unary("Neg", x))
      : e.binary("RealDiv", x, y),
  ),
  maximum: binary("Maximum"),
  minimum: binary("Minimum"),
  power: binary("Pow"),
  // The sign of the dividend, as fmod.
  remainder: nary((e, x, y) =>
    x.type === "i32"
      ? guarded(e, y, (divisor) => e.binary("TruncateMod", x, divisor), e.scalar("i32", 0))
      : e.binary("TruncateMod", x, y),
  ),
  and: binary("LogicalAnd"),
  or: binary("LogicalOr"),
  compare,
  select: nary((e, condition, yes, no) => e.where(condition, yes, no)),
} as const satisfies Rules<Elementwise & Prim>;

/** To i32 toward zero, clamped, NaN as 0: a cast alone is undefined there. */
const convert = (e: Emitter, x: TfValue, dtype: DType): TfValue => {
  if (dtype !== "i32" || (x.type !== "f32" && x.type !== "f64")) return e.cast(x, dtype);
  const [low, high] = [-0x80000000, 0x80000000];
  const fits = e.test("Less", e.unary("Abs", x), high);
  const cast = e.cast(e.where(fits, x, 0), "i32");
  const above = e.where(e.test("GreaterEqual", x, high), e.scalar("i32", high - 1), cast);
  return e.where(e.test("LessEqual", x, low), e.scalar("i32", low), above);
};
