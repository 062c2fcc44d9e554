import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detection } from "../../src/influence/mislabeled.ts";
import { auc } from "../../src/learn/metrics.ts";

const cases = fc
  .array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 5, maxLength: 60 })
  .filter((all) => new Set(all.map(([, changed]) => changed)).size === 2);

describe("how early a ranking finds changed labels", () => {
  it("is the area under the ROC curve, equal suspicions among them, and the share among the first fifth", () => {
    fc.assert(
      fc.property(cases, (all) => {
        const suspicion = Float64Array.from(all, ([value]) => value);
        const changed = all.map(([, flag]) => flag);
        const { auc: area, found, curve, intervals } = detection(suspicion, changed, 1);
        expect(area).toBeCloseTo(auc(suspicion, changed), 12);
        const order = all.map((_, i) => i).sort((a, b) => suspicion[b]! - suspicion[a]! || a - b);
        const share = (count: number) =>
          order.slice(0, count).filter((i) => changed[i]).length / changed.filter(Boolean).length;
        expect(found).toBeCloseTo(share(Math.round(0.2 * all.length)), 12);
        expect([...curve.found]).toEqual(order.map((_, i) => share(i + 1)));
        expect(intervals.auc.low).toBeLessThanOrEqual(intervals.auc.high);
      }),
      { numRuns: 50 },
    );
  });

  it("has an interval that narrows with the square root of the examples, around a share known beforehand", () => {
    // Every second changed label is among the most suspicious fifth, by construction.
    const made = (n: number) => {
      const changed = Array.from({ length: n }, (_, i) => i % 10 === 0);
      const suspicion = Float64Array.from({ length: n }, (_, i) => (i % 20 === 0 ? 2 : i % 5 === 1 ? 1 : -i));
      return detection(suspicion, changed, 3);
    };
    const [few, many] = [made(200), made(1800)];
    const width = ({ intervals: { found } }: typeof few) => found.high - found.low;
    expect(few.found).toBe(0.5);
    expect(few.intervals.found.low).toBeLessThan(0.5);
    expect(few.intervals.found.high).toBeGreaterThan(0.5);
    expect(width(few) / width(many)).toBeGreaterThan(2);
    expect(width(few) / width(many)).toBeLessThan(5);
  });
});
