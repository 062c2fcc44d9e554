/** 2 / sqrt(pi) and 1 / sqrt(pi) */
const TWO_OVER_ROOT_PI = 1.1283791670955126;
const ONE_OVER_ROOT_PI = 0.5641895835477563;

/** Where erfc's fraction begins to be shorter than erf's series. */
const CROSSING = 2;

/**
 * erf(x) = 2 / sqrt(pi) e^(-x^2) sum 2^n x^(2n + 1) / (2n + 1)!! for small x, all terms of one sign (Abramowitz and Stegun 7.1.6), and 1 - erfc(x)
 * by Laplace's continued fraction (7.1.14) beyond. Within a few units in the last place.
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude > 6) return Math.sign(x);
  if (magnitude >= CROSSING) return Math.sign(x) * (1 - erfcTail(magnitude));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return Number.isNaN(x) ? x : TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
}

/** erfc(x) = e^(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / (x + …)))), from the inside out; 80 levels are enough from 2 on. */
function erfcTail(x: number): number {
  let fraction = x;
  for (let k = 80; k >= 1; k--) fraction = x + k / 2 / fraction;
  return (ONE_OVER_ROOT_PI * Math.exp(-x * x)) / fraction;
}

/** 1 / (1 + e^-x), without overflow. */
export const logistic = (x: number): number => {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
};

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** IEEE 754's pow, where JavaScript's differs: 1 to any power, and -1 to an infinite one, are 1. */
export const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;

/** Toward zero, clamped to i32; NaN gives 0. */
export const toInteger = (x: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -0x80000000), 0x7fffffff));
