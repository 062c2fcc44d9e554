import type { DType } from "../../shape/dtype.ts";
import type { Elementwise } from "../elementwise.ts";
import type { Empty, Prims } from "../primitives.ts";
import { type Data, floats, type Kernel, type KernelOf } from "./array.ts";
import { erf, logistic, power, softplus, toInteger } from "./special.ts";

type One = (x: number) => number;
type Two = (x: number, y: number) => number;

/** Stores round to the result's kind: an i32 wraps, a bool is 0 or 1. */
const map =
  (f: One): KernelOf<Empty> =>
  (_, [x], _type, out) => {
    const { data } = x!;
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]!);
  };

const zip =
  (f: Two): KernelOf<Empty> =>
  (_, [x, y], _type, out) => {
    const left = x!.data;
    const right = y!.data;
    for (let i = 0; i < out.length; i++) out[i] = f(left[i]!, right[i]!);
  };

/** The four hot ones have loops of their own, which engines compile without a call for each element. */
const addFloats = (x: Data, y: Data, out: Float64Array): void => {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! + y[i]!;
};
const subtractFloats = (x: Data, y: Data, out: Float64Array): void => {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
};
const multiplyFloats = (x: Data, y: Data, out: Float64Array): void => {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! * y[i]!;
};
const divideFloats = (x: Data, y: Data, out: Float64Array): void => {
  for (let i = 0; i < out.length; i++) out[i] = x[i]! / y[i]!;
};

const hot = (loop: (x: Data, y: Data, out: Float64Array) => void, integer: Two): KernelOf<Empty> => {
  const others = zip(integer);
  return (params, inputs, type, out) => {
    if (type.dtype === "i32") others(params, inputs, type, out);
    else loop(inputs[0]!.data, inputs[1]!.data, floats({ data: out }));
  };
};

const comparisons: { readonly [D in Prims["compare"]["direction"]]: Two } = {
  EQ: (x, y) => (x === y ? 1 : 0),
  NE: (x, y) => (x !== y ? 1 : 0),
  LT: (x, y) => (x < y ? 1 : 0),
  LE: (x, y) => (x <= y ? 1 : 0),
  GT: (x, y) => (x > y ? 1 : 0),
  GE: (x, y) => (x >= y ? 1 : 0),
};

const conversions: { readonly [D in DType]: One } = {
  f32: (x) => x,
  f64: (x) => x,
  i32: toInteger,
  bool: (x) => (x !== 0 ? 1 : 0),
};

export const elementwise = {
  negate: map((x) => -x),
  abs: map(Math.abs),
  sign: map(Math.sign),
  floor: map(Math.floor),
  exponential: map(Math.exp),
  exponential_minus_one: map(Math.expm1),
  log: map(Math.log),
  log_plus_one: map(Math.log1p),
  sqrt: map(Math.sqrt),
  rsqrt: map((x) => 1 / Math.sqrt(x)),
  tanh: map(Math.tanh),
  logistic: map(logistic),
  softplus: map(softplus),
  erf: map(erf),
  sine: map(Math.sin),
  cosine: map(Math.cos),
  not: map((x) => 1 - x),
  is_finite: map((x) => (Number.isFinite(x) ? 1 : 0)),
  convert: ({ dtype }, inputs, type, out) => map(conversions[dtype])({}, inputs, type, out),

  add: hot(addFloats, (x, y) => x + y),
  subtract: hot(subtractFloats, (x, y) => x - y),
  multiply: hot(multiplyFloats, Math.imul),
  /** i32 toward zero; by zero gives 0. */
  divide: hot(divideFloats, (x, y) => x / y),
  maximum: zip(Math.max),
  minimum: zip(Math.min),
  power: zip(power),
  /** The sign of the dividend. */
  remainder: zip((x, y) => x % y),
  and: zip((x, y) => x & y),
  or: zip((x, y) => x | y),
  compare: ({ direction }, inputs, type, out) => zip(comparisons[direction])({}, inputs, type, out),
  select: (_, [pred, yes, no], _type, out) => {
    for (let i = 0; i < out.length; i++) out[i] = pred!.data[i] === 0 ? no!.data[i]! : yes!.data[i]!;
  },
} as const satisfies { readonly [P in Elementwise]: Kernel<P> };
