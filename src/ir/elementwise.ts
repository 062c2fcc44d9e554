import type { Prim } from "./primitives.ts";

/** Operations that treat each element by itself. */
const elementwise = {
  negate: true,
  abs: true,
  sign: true,
  floor: true,
  exponential: true,
  exponential_minus_one: true,
  log: true,
  log_plus_one: true,
  sqrt: true,
  rsqrt: true,
  tanh: true,
  logistic: true,
  softplus: true,
  erf: true,
  sine: true,
  cosine: true,
  not: true,
  is_finite: true,
  convert: true,
  add: true,
  subtract: true,
  multiply: true,
  divide: true,
  maximum: true,
  minimum: true,
  power: true,
  remainder: true,
  and: true,
  or: true,
  compare: true,
  select: true,
} as const satisfies { readonly [P in Prim]?: true };

export type Elementwise = keyof typeof elementwise;

export const isElementwise = (op: Prim): op is Elementwise => Object.hasOwn(elementwise, op);
