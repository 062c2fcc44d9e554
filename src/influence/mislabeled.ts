import { bootstrap, type Interval } from "../random/bootstrap.ts";

export interface Detection {
  /** The chance that a changed label ranks before one that was not changed. */
  readonly auc: number;
  /** Share of the changed labels among the first 20 % of the ranking. */
  readonly found: number;
  readonly intervals: Readonly<Record<"auc" | "found", Interval>>;
  readonly resamples: number;
  /** In the ranking's order: the share of all that was checked, and the share of the changed labels that was found. */
  readonly curve: { readonly checked: Float64Array; readonly found: Float64Array };
}

const CHECKED = 0.2;

/**
 * How early a ranking by suspicion, highest first, finds the labels that noise changed (Koh and Liang 2017, section 5.4). Of equally suspicious
 * examples those that come first are checked first, and none counts as ranked before another. A resample is how often it draws each example: the
 * ranking is made once.
 */
export const detection = (suspicion: Float64Array, changed: readonly boolean[], seed: number): Detection => {
  const n = suspicion.length;
  const order = Int32Array.from(suspicion, (_, i) => i).sort((a, b) => suspicion[b]! - suspicion[a]! || a - b);
  const figures = (times: Int32Array) => {
    const early = Math.round(CHECKED * n);
    let [checked, found, foundEarly, clean, pairs, ties] = [0, 0, 0, 0, 0, 0];
    for (let start = 0, end = 0; start < n; start = end) {
      let [here, cleanHere] = [0, 0];
      for (; end < n && suspicion[order[end]!] === suspicion[order[start]!]; end++) {
        const at = order[end]!;
        const count = times[at]!;
        if (changed[at]) {
          here += count;
          foundEarly += Math.min(count, Math.max(0, early - checked));
        } else cleanHere += count;
        checked += count;
      }
      // A clean example comes after the changed ones before it.
      pairs += found * cleanHere;
      ties += here * cleanHere;
      found += here;
      clean += cleanHere;
    }
    return { auc: (pairs + ties / 2) / (found * clean), found: foundEarly / found };
  };
  const { of, resamples } = bootstrap(seed, n, (draw) => {
    // A sample of one kind alone has nothing to tell apart: another is drawn.
    for (;;) {
      const times = new Int32Array(n);
      for (const at of draw(n)) times[at]!++;
      const drawn = figures(times);
      if (!Number.isNaN(drawn.auc)) return drawn;
    }
  });
  const curve = { checked: new Float64Array(n), found: new Float64Array(n) };
  const flips = changed.filter(Boolean).length;
  let found = 0;
  for (const [i, at] of order.entries()) {
    if (changed[at]) found++;
    curve.checked[i] = (i + 1) / n;
    curve.found[i] = found / flips;
  }
  return {
    ...figures(new Int32Array(n).fill(1)),
    intervals: { auc: of("auc"), found: of("found") },
    resamples,
    curve,
  };
};
