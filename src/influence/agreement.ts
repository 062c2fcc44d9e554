import { bootstrap, type Interval } from "../random/bootstrap.ts";

/** How predicted changes agree with those that retraining shows; the slope is of retrained on predicted, by least squares. */
export interface Agreement {
  readonly pearson: number;
  readonly spearman: number;
  readonly slope: number;
  readonly intervals: Readonly<Record<"pearson" | "spearman" | "slope", Interval>>;
  readonly resamples: number;
}

/**
 * The agreement over removals for each test example, [test][removal], and its mean over the test examples. For the intervals removals are drawn again,
 * and test examples where there are several. Where a side does not vary, nothing agrees: 0.
 */
export const agreement = (
  predicted: readonly Float64Array[],
  actual: readonly Float64Array[],
  seed: number,
): Agreement => {
  const [tests, removals] = [predicted.length, predicted[0]?.length ?? 0];
  const means = (drawn: Int32Array | undefined, at: Int32Array | undefined) => {
    const sum = { pearson: 0, spearman: 0, slope: 0 };
    for (let i = 0; i < tests; i++) {
      const test = drawn?.[i] ?? i;
      const [x, y] = [predicted[test]!, actual[test]!].map((side) => (at === undefined ? side : pick(side, at)));
      sum.pearson += pearson(x!, y!) / tests;
      sum.spearman += spearman(x!, y!) / tests;
      sum.slope += slope(x!, y!) / tests;
    }
    return sum;
  };
  const { of, resamples } = bootstrap(seed, tests * removals, (draw) => {
    const at = draw(removals);
    return means(tests > 1 ? draw(tests) : undefined, at);
  });
  return {
    ...means(undefined, undefined),
    intervals: { pearson: of("pearson"), spearman: of("spearman"), slope: of("slope") },
    resamples,
  };
};

const pick = (values: Float64Array, at: Int32Array): Float64Array => Float64Array.from(at, (i) => values[i]!);

/** Pearson's correlation. */
export const pearson = (x: Float64Array, y: Float64Array): number => pearsonOf(moments(x, y));

export const pearsonOf = ({ xx, yy, xy }: Moments): number => (xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy));

/** Pearson's correlation of ranks, ties sharing the mean of theirs. */
export const spearman = (x: Float64Array, y: Float64Array): number => pearson(ranks(x), ranks(y));

const slope = (x: Float64Array, y: Float64Array): number => {
  const { xx, xy } = moments(x, y);
  return xx === 0 ? 0 : xy / xx;
};

/** Of pairs: their number, means, and sums of products of what is left when the means are taken off. */
export interface Moments {
  readonly count: number;
  readonly meanX: number;
  readonly meanY: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

/** Of the pairs of both (Chan, Golub and LeVeque 1983). */
export const together = (a: Moments, b: Moments): Moments => {
  const count = a.count + b.count;
  const [dx, dy] = [b.meanX - a.meanX, b.meanY - a.meanY];
  const weight = (a.count * b.count) / count;
  return {
    count,
    meanX: a.meanX + (dx * b.count) / count,
    meanY: a.meanY + (dy * b.count) / count,
    xx: a.xx + b.xx + weight * dx * dx,
    yy: a.yy + b.yy + weight * dy * dy,
    xy: a.xy + b.xy + weight * dx * dy,
  };
};

export const moments = (x: Float64Array, y: Float64Array): Moments => {
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < x.length; i++) {
    meanX += x[i]! / x.length;
    meanY += y[i]! / x.length;
  }
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return { count: x.length, meanX, meanY, xx, yy, xy };
};

const ranks = (values: Float64Array): Float64Array => {
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const out = new Float64Array(order.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) out[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return out;
};
