import fc from "fast-check";
import { expect, test } from "vitest";
import { agreement, moments, pearson, pearsonOf, spearman, together } from "../../src/influence/agreement.ts";

const of = (...values: number[]) => Float64Array.from(values);

test("equal values share the mean of their ranks", () => {
  // Ranks 0, 1.5, 1.5, 3 and 0, 2, 1, 3.
  expect(spearman(of(1, 2, 2, 3), of(10, 30, 20, 99))).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  expect(spearman(of(5, 5, 1, 5), of(1, 2, 0, 3))).toBeCloseTo(3 / Math.sqrt(3 * 5), 12);
});

test("a side that does not vary agrees with nothing", () => {
  expect([pearson(of(2, 2, 2), of(1, 2, 3)), spearman(of(1, 2, 3), of(0, 0, 0))]).toEqual([0, 0]);
  expect(agreement([of(1, 1, 1)], [of(1, 2, 3)], 0)).toMatchObject({ pearson: 0, spearman: 0, slope: 0 });
});

test("the slope is that of what was retrained on what was predicted, the mean over test examples", () => {
  const predicted = [of(1, 2, 4), of(3, 1, 2)];
  const actual = [of(2.5, 4.5, 8.5), of(-3, -1, -2)];
  const found = agreement(predicted, actual, 3);
  expect(found.slope).toBeCloseTo((2 - 1) / 2, 12);
  expect(found.pearson).toBeCloseTo(0, 12);
  expect(agreement([predicted[0]!], [actual[0]!], 3)).toMatchObject({ slope: expect.closeTo(2, 12) });
  // The other way round it is another number.
  const noisy = agreement([of(0, 1, 2, 3)], [of(0, 3, 0, 3)], 0);
  expect(noisy.slope).toBeCloseTo(3 / 5, 12);
  expect(noisy.pearson).toBeCloseTo(3 / Math.sqrt(5 * 9), 12);
});

test("moments of parts put together are those of the whole", () => {
  const numbers = fc.array(fc.tuple(fc.float({ min: -9, max: 9 }), fc.float({ min: -9, max: 9 })), {
    minLength: 2,
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      numbers.filter((pairs) => pairs.flat().every(Number.isFinite)),
      fc.nat(),
      (pairs, cut) => {
        const at = 1 + (cut % (pairs.length - 1));
        const [x, y] = [0, 1].map((side) => Float64Array.from(pairs, (pair) => pair[side]!));
        const [a, b] = [moments(x!.slice(0, at), y!.slice(0, at)), moments(x!.slice(at), y!.slice(at))];
        const [whole, joined] = [moments(x!, y!), together(a, b)];
        for (const key of ["count", "meanX", "meanY", "xx", "yy", "xy"] as const)
          expect(joined[key]).toBeCloseTo(whole[key], 8);
        expect(Math.abs(pearsonOf(joined))).toBeLessThanOrEqual(1 + 1e-9);
      },
    ),
  );
});
