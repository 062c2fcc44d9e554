import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { curveSteps, removalsOf, type Scored, shortOf } from "../../src/influence/removals.ts";
import type { ByRetraining } from "../../src/plan/validation.ts";

/** Ten examples of a source, of which some have a score: positions 1, 3, … of the training data. */
const scored = (totals: readonly number[]): Scored => ({
  index: Int32Array.from({ length: 2 * totals.length }, (_, i) => 100 + i),
  at: Int32Array.from(totals, (_, i) => 2 * i + 1),
  totals,
});
const positions = (by: ByRetraining, of: Scored) => removalsOf(by, of).map(({ at }) => [...at]);
const one = (choose: "largest" | "spread" | "random", count: number, seed = 0): ByRetraining => ({
  kind: "leave_one_out",
  count,
  choose,
  start: "warm",
  seed,
});

describe("what is left out one at a time", () => {
  it("is the largest by size, of equal ones the first", () => {
    expect(positions(one("largest", 3), scored([1, -5, 2, 5, 0]))).toEqual([[3], [7], [5]]);
    expect(removalsOf(one("largest", 1), scored([1, -5]))[0]!.name).toBe("without 103");
  });

  it("is spread over all ranks, the lowest and the highest among them", () => {
    const of = scored([4, 1, 3, 2, 0, 6, 5]);
    expect(positions(one("spread", 3), of)).toEqual([[9], [5], [11]]);
    expect(positions(one("spread", 7), of).flat()).toEqual([9, 3, 7, 5, 1, 13, 11]);
    expect(positions(one("spread", 1), of)).toEqual([[9]]);
  });

  it("is drawn by the seed, no example twice, no more than there are", () => {
    const of = scored(Array.from({ length: 30 }, (_, i) => i));
    const [a, b, c] = [0, 0, 1].map((seed) => positions(one("random", 50, seed), of).flat());
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect([...a!].sort((x, y) => x - y)).toEqual([...of.at]);
  });
});

it("subsets keep their share, are drawn by number and seed, and their rest is what is removed", () => {
  const of = scored(Array.from({ length: 50 }, (_, i) => i));
  const by = (seed: number): ByRetraining => ({ kind: "subset_retraining", count: 40, fraction: 0.7, seed });
  const found = positions(by(3), of);
  for (const at of found) {
    expect(at).toHaveLength(30);
    expect(at).toEqual([...new Set(at)].sort((a, b) => a - b));
  }
  expect(new Set(found.map(String)).size).toBe(40);
  expect(positions(by(4), of)).not.toEqual(found);
  // Each example is left out about as often as the share says.
  const times = new Int32Array(100);
  for (const at of found.flat()) times[at]!++;
  expect(Math.min(...times)).toBeGreaterThan(1);
  expect(Math.max(...times)).toBeLessThan(24);
});

describe("a removal curve", () => {
  it("begins with the most harmful, of equal ones the first", () => {
    const by: ByRetraining = { kind: "removal_curve", steps: [1, 2, 3, 4] };
    expect(positions(by, scored([2, -1, 3, -1, -4]))).toEqual([[9], [3, 9], [3, 7, 9], [1, 3, 7, 9]]);
  });

  it("goes by numbers, by shares, or by equal steps to a tenth, each once, ascending, at least one", () => {
    expect(curveSteps([0.5, 2, 2, 0.02], 10)).toEqual([1, 2, 5]);
    expect(curveSteps(4, 400)).toEqual([10, 20, 30, 40]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 1000 }), (steps, n) => {
        const found = curveSteps(steps, n);
        expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
        expect(found[0]).toBeGreaterThanOrEqual(1);
        expect(found.at(-1)).toBe(Math.max(1, Math.round(n / 10)));
      }),
    );
  });
});

it("what cannot be compared is said, and nothing else", () => {
  const of = (count: number) => scored(Array.from({ length: count }, (_, i) => i));
  const subsets = (fraction: number): ByRetraining => ({ kind: "subset_retraining", count: 3, fraction, seed: 0 });
  const curve = (...steps: number[]): ByRetraining => ({ kind: "removal_curve", steps });
  expect(shortOf(one("largest", 9), of(3))).toBeUndefined();
  expect(shortOf(one("largest", 9), of(2))!.message).toContain("3 examples or more, and 2 have a score");
  expect(shortOf(subsets(0.5), of(5))).toBeUndefined();
  expect(shortOf(subsets(0.01), of(5))!.message).toContain("none");
  expect(shortOf(subsets(0.99), of(5))!.message).toContain("all");
  expect(shortOf(curve(1, 2, 5), of(5))).toBeUndefined();
  expect(shortOf(curve(1, 2, 6), of(5))!.message).toContain("up to 6");
  expect(shortOf(curve(1, 2, 2), of(5))!.message).toContain("2 are left");
});
