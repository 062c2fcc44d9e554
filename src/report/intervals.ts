import { bootstrap, type Interval } from "../random/bootstrap.ts";

/** The quantile of the normal distribution that leaves 2.5 % on each side. */
const Z = 1.959963984540054;

/** Of a share of n examples, 95 % (Wilson 1927): it stays within 0 and 1, and holds for shares near them. */
export const wilson = (share: number, n: number): Interval => {
  const z2 = Z * Z;
  const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
};

const SEED = 1;

/** Of a mean over examples, 95 %: percentiles over resamples of them. */
export const bootstrapMean = (
  values: ArrayLike<number>,
): { readonly interval: Interval; readonly resamples: number } => {
  const { of, resamples } = bootstrap(SEED, values.length, (draw) => {
    let sum = 0;
    for (const at of draw(values.length)) sum += values[at]!;
    return { mean: sum / values.length };
  });
  return { interval: of("mean"), resamples };
};
