import type { Answer, Command } from "../plan/algorithm.ts";

/** A function's value and gradient at a point of R^n, computed by whoever drives the generator. */
export type Evaluate<Asked = Command, Answered = Answer> = (x: Float64Array) => Generator<Asked, Evaluation, Answered>;

export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** A point x + alpha d on the line. `slope` is the gradient along d. */
export interface Trial extends Evaluation {
  readonly x: Float64Array;
  readonly alpha: number;
  readonly slope: number;
}

const DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Relative size of the noise in sums of many terms: closer than this, values say nothing and slopes decide (Hager and Zhang 2005, "approximate Wolfe"). */
const NOISE = 1e-12;
const TRIALS = 40;

/**
 * A step with the strong Wolfe conditions: f(a) <= f(0) + 1e-4 a f'(0) and |f'(a)| <= 0.9 |f'(0)|. Bracket, then zoom by cubic interpolation
 * (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6). `undefined` where rounding or the number of trials ends the search.
 */
export function* lineSearch<Asked, Answered>(
  evaluate: Evaluate<Asked, Answered>,
  from: Evaluation & { readonly x: Float64Array },
  direction: Float64Array,
  first: number,
): Generator<Asked, Trial | undefined, Answered> {
  const slope0 = dot(from.gradient, direction);
  const slack = NOISE * Math.abs(from.value);
  const tooHigh = (t: Trial) => !(t.value <= from.value + DECREASE * t.alpha * slope0 + slack);
  const good = (t: Trial) => !tooHigh(t) && Math.abs(t.slope) <= -CURVATURE * slope0;
  const trial = function* (alpha: number): Generator<Asked, Trial, Answered> {
    const x = from.x.map((value, i) => value + alpha * direction[i]!);
    const { value, gradient } = yield* evaluate(x);
    return { x, alpha, value, gradient, slope: dot(gradient, direction) };
  };

  let low: Trial = { ...from, alpha: 0, slope: slope0 };
  let high: Trial | undefined;
  let alpha = first;
  for (let trials = 0; trials < TRIALS; trials++) {
    const t = yield* trial(alpha);
    if (good(t)) return t;
    if (tooHigh(t) || t.value > low.value + slack) high = t;
    else {
      // The minimum lies where the slope changes its sign: between `low` and `t`, or between `t` and `high`.
      if (t.slope * (high === undefined ? 1 : high.alpha - low.alpha) >= 0) high = low;
      low = t;
    }
    if (high === undefined) alpha = 2 * t.alpha;
    else {
      if (Math.abs(high.alpha - low.alpha) <= 1e-14 * Math.max(high.alpha, low.alpha)) return undefined;
      alpha = between(low, high);
    }
  }
  return undefined;
}

/** The minimum of the cubic through values and slopes at both ends (Nocedal and Wright, 3.59), kept off the ends; their middle where it has none. */
const between = (a: Trial, b: Trial): number => {
  const width = b.alpha - a.alpha;
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.alpha - b.alpha);
  const d2 = Math.sign(width) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  const share = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  return a.alpha + width * (Number.isFinite(share) ? Math.min(Math.max(share, 0.1), 0.9) : 0.5);
};

export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
