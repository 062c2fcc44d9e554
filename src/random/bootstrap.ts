import { Words } from "./philox.ts";

/** The middle 95 % of what a statistic is over resamples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Draws n of 0 … n - 1, each as likely, with replacement. */
export type Draw = (n: number) => Int32Array;

/** Numbers that all resamples may look at; between 100 and 1,000 resamples come of it. */
const WORK = 2e7;

/** Statistics of drawn samples, each with its interval (Efron 1979, percentiles); `size` is how many numbers one sample has. */
export const bootstrap = <N extends string>(
  seed: number,
  size: number,
  statistics: (draw: Draw) => Readonly<Record<N, number>>,
): { readonly resamples: number; readonly of: (name: N) => Interval } => {
  const words = new Words(seed, "bootstrap", [0, 0, 0]);
  const resamples = Math.round(Math.min(1000, Math.max(100, WORK / Math.max(1, size))));
  const found = Array.from({ length: resamples }, () =>
    statistics((n) => Int32Array.from({ length: n }, () => words.below(n))),
  );
  return {
    resamples,
    of: (name) => {
      const sorted = Float64Array.from(found, (sample) => sample[name]).sort();
      return { low: sorted[Math.floor(0.025 * resamples)]!, high: sorted[Math.ceil(0.975 * resamples) - 1]! };
    },
  };
};
