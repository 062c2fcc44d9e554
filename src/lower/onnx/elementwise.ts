import type { Prim } from "../../ir/primitives.ts";
import type { DType } from "../../shape/dtype.ts";
import type { Emitter } from "./emitter.ts";
import { erf64 } from "./erf.ts";
import type { OnnxType, OnnxValue } from "./model.ts";
import type { Rule, Rules } from "./rule.ts";
import { align, broadcastShape, type View } from "./view.ts";

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

/** f of one ONNX value. */
type Formula = (math: Arithmetic, x: OnnxValue) => OnnxValue;

/** ONNX arithmetic over values that broadcast. */
export class Arithmetic {
  readonly emitter: Emitter;
  constructor(emitter: Emitter) {
    this.emitter = emitter;
  }

  unary(op: string, x: OnnxValue, attributes = {}): OnnxValue {
    return this.emitter.emit(op, [x], x.type, x.shape, attributes);
  }

  binary(op: string, x: OnnxValue, y: OnnxValue | number, result: OnnxType = x.type): OnnxValue {
    const other = typeof y === "number" ? this.emitter.scalar(x.type as DType, y) : y;
    return this.emitter.emit(op, [x, other], result, broadcastShape([x.shape, other.shape]));
  }

  where(condition: OnnxValue, yes: OnnxValue | number, no: OnnxValue | number): OnnxValue {
    const type = (typeof yes === "number" ? (typeof no === "number" ? "f32" : no.type) : yes.type) as DType;
    const [a, b] = [yes, no].map((x) => (typeof x === "number" ? this.emitter.scalar(type, x) : x)) as [
      OnnxValue,
      OnnxValue,
    ];
    return this.emitter.emit("Where", [condition, a, b], type, broadcastShape([condition.shape, a.shape, b.shape]));
  }

  test(op: "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual", x: OnnxValue, y: OnnxValue | number) {
    return this.binary(op, x, y, "bool");
  }
}

const unary =
  (formula: Formula | string): Rule<Elementwise> =>
  (emitter, [x]) => {
    const math = new Arithmetic(emitter);
    const value = typeof formula === "string" ? math.unary(formula, x!.value) : formula(math, x!.value);
    return { ...x!, value, dtype: value.type as DType };
  };

/** Operands brought to dimensions that broadcast, one formula over them. */
export const nary =
  (formula: (math: Arithmetic, x: OnnxValue, y: OnnxValue, z: OnnxValue) => OnnxValue) =>
  (emitter: Emitter, inputs: readonly View[]): View => {
    const { values, groups } = align(emitter, inputs);
    const [x, y, z] = values as [OnnxValue, OnnxValue, OnnxValue];
    const value = formula(new Arithmetic(emitter), x, y, z);
    return { value, dtype: value.type as DType, shape: inputs[0]!.shape, groups };
  };

const binary = (op: string): Rule<Elementwise> => nary((math, x, y) => math.binary(op, x, y));

/** e^x - 1 = (e^x - 1) x / log e^x, which loses nothing near 0 (Kahan); e^x itself where that is 1, 0 or infinite. */
const expm1: Formula = (math, x) => {
  const e = math.unary("Exp", x);
  const less = math.binary("Sub", e, 1);
  const logarithm = math.unary("Log", e);
  const exact = math.binary("Mul", less, math.binary("Div", x, logarithm));
  const one = math.test("Equal", e, 1);
  // Far out x / log e^x is 1, and infinite or 0 / 0 where e^x left the range.
  const far = math.test("Greater", math.unary("Abs", x), 20);
  return math.where(one, x, math.where(far, less, exact));
};

/** log(1 + x) = x log(u) / (u - 1), u = 1 + x rounded (Kahan). */
const log1p: Formula = (math, x) => {
  const u = math.binary("Add", x, 1);
  const logarithm = math.unary("Log", u);
  const exact = math.binary("Mul", logarithm, math.binary("Div", x, math.binary("Sub", u, 1)));
  const lost = math.test("Equal", u, 1);
  const far = math.test("Greater", math.unary("Abs", x), 1e6);
  return math.where(lost, x, math.where(far, logarithm, exact));
};

/** f(y), 0 where y is 0. */
const guarded = (math: Arithmetic, y: OnnxValue, f: (divisor: OnnxValue) => OnnxValue): OnnxValue => {
  const zero = math.test("Equal", y, 0);
  return math.where(zero, math.emitter.scalar("i32", 0), f(math.where(zero, math.emitter.scalar("i32", 1), y)));
};

const comparisons = {
  EQ: "Equal",
  LT: "Less",
  LE: "LessOrEqual",
  GT: "Greater",
  GE: "GreaterOrEqual",
} as const;

const compare: Rule<"compare"> = (emitter, inputs, { direction }) =>
  nary((math, a, b) => {
    // ONNX orders no booleans.
    const ordered = a.type === "bool" && direction !== "EQ" && direction !== "NE";
    const [x, y] = ordered ? [emitter.cast(a, "i32"), emitter.cast(b, "i32")] : [a, b];
    return direction === "NE" ? math.unary("Not", math.test("Equal", x, y)) : math.test(comparisons[direction], x, y);
  })(emitter, inputs);

export const elementwise = {
  negate: unary("Neg"),
  abs: unary("Abs"),
  sign: unary("Sign"),
  floor: unary("Floor"),
  exponential: unary("Exp"),
  exponential_minus_one: unary(expm1),
  log: unary("Log"),
  log_plus_one: unary(log1p),
  sqrt: unary("Sqrt"),
  rsqrt: unary((math, x) => math.unary("Reciprocal", math.unary("Sqrt", x))),
  tanh: unary("Tanh"),
  logistic: unary("Sigmoid"),
  // max(x, 0) + log(1 + e^-|x|)
  softplus: unary((math, x) => {
    const small = math.unary("Exp", math.unary("Neg", math.unary("Abs", x)));
    return math.binary("Add", math.unary("Relu", x), log1p(math, small));
  }),
  erf: unary((math, x) => (x.type === "f64" ? erf64(math, x) : math.unary("Erf", x))),
  sine: unary("Sin"),
  cosine: unary("Cos"),
  not: unary("Not"),
  // |x| <= largest is false for infinities and NaN.
  is_finite: unary((math, x) =>
    math.test("LessOrEqual", math.unary("Abs", x), x.type === "f64" ? Number.MAX_VALUE : 3.4028234663852886e38),
  ),
  convert: (emitter, [x], { dtype }) => ({ ...x!, dtype, value: convert(new Arithmetic(emitter), x!.value, dtype) }),
  stop_gradient: (_, [x]) => x!,

  add: binary("Add"),
  subtract: binary("Sub"),
  multiply: binary("Mul"),
  // Integers by zero give 0: the engine would refuse.
  divide: nary((math, x, y) =>
    x.type === "i32" ? guarded(math, y, (divisor) => math.binary("Div", x, divisor)) : math.binary("Div", x, y),
  ),
  maximum: binary("Max"),
  minimum: binary("Min"),
  power: binary("Pow"),
  // The sign of the dividend, as fmod.
  remainder: nary((math, x, y) => {
    const mod = (divisor: OnnxValue) =>
      math.emitter.emit("Mod", [x, divisor], x.type, broadcastShape([x.shape, y.shape]), { fmod: { int: 1 } });
    return x.type === "i32" ? guarded(math, y, mod) : mod(y);
  }),
  and: binary("And"),
  or: binary("Or"),
  compare,
  select: nary((math, condition, yes, no) => math.where(condition, yes, no)),
} as const satisfies Rules<Elementwise & Prim>;

/** To i32 toward zero, clamped, NaN as 0: a cast alone is undefined there. */
const convert = (math: Arithmetic, x: OnnxValue, dtype: DType): OnnxValue => {
  if (dtype !== "i32" || (x.type !== "f32" && x.type !== "f64")) return math.emitter.cast(x, dtype);
  const number = math.where(math.test("Equal", x, x), x, 0);
  const [low, high] = [-0x80000000, 0x80000000];
  const inside = math.where(math.test("Less", math.unary("Abs", number), high), number, 0);
  const cast = math.emitter.cast(inside, "i32");
  const largest = math.where(math.test("GreaterOrEqual", number, high), math.emitter.scalar("i32", high - 1), cast);
  return math.where(math.test("LessOrEqual", number, low), math.emitter.scalar("i32", low), largest);
};
