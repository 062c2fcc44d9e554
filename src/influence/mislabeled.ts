import { auc } from "../learn/metrics.ts";
import { bootstrap, type Interval } from "./bootstrap.ts";

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

/** How early a ranking by suspicion, highest first, finds the labels that noise changed (Koh and Liang 2017, section 5.4). */
export const detection = (suspicion: Float64Array, changed: readonly boolean[], seed: number): Detection => {
  const n = suspicion.length;
  const order = ranking(suspicion);
  const flips = changed.filter(Boolean).length;
  const curve = { checked: new Float64Array(n), found: new Float64Array(n) };
  let found = 0;
  order.forEach((at, i) => {
    if (changed[at]) found++;
    curve.checked[i] = (i + 1) / n;
    curve.found[i] = found / flips;
  });
  const figures = (at: Int32Array | undefined) => {
    const drawn = at === undefined ? suspicion : Float64Array.from(at, (i) => suspicion[i]!);
    const flags = at === undefined ? changed : Array.from(at, (i) => changed[i]!);
    return { auc: auc(drawn, flags), found: foundEarly(drawn, flags) };
  };
  const { of, resamples } = bootstrap(seed, n, (draw) => figures(draw(n)));
  return { ...figures(undefined), intervals: { auc: of("auc"), found: of("found") }, resamples, curve };
};

/** Positions by falling suspicion. */
const ranking = (suspicion: Float64Array): Int32Array =>
  Int32Array.from(suspicion, (_, i) => i).sort((a, b) => suspicion[b]! - suspicion[a]! || a - b);

const foundEarly = (suspicion: Float64Array, changed: readonly boolean[]): number => {
  const first = ranking(suspicion).subarray(0, Math.round(CHECKED * suspicion.length));
  let found = 0;
  for (const at of first) if (changed[at]) found++;
  return found / changed.filter(Boolean).length;
};
