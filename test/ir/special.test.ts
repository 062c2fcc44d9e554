import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erf, logistic, power, softplus, toInteger } from "../../src/ir/reference/special.ts";

// Python 3: [(x, math.erf(x)) for x in (1e-10, .1, .3, .7, 1, 1.3, 1.7, 1.9999, 2, 2.1, 2.7, 3.3, 4.5, 5.9)]
const ERF: readonly (readonly [number, number])[] = [
  [1e-10, 1.1283791670955126e-10],
  [0.1, 0.1124629160182849],
  [0.3, 0.3286267594591274],
  [0.7, 0.6778011938374184],
  [1, 0.8427007929497149],
  [1.3, 0.9340079449406524],
  [1.7, 0.9837904585907746],
  [1.9999, 0.9953201979070294],
  [2, 0.9953222650189527],
  [2.1, 0.997020533343667],
  [2.7, 0.9998656672600594],
  [3.3, 0.9999969422902035],
  [4.5, 0.9999999998033839],
  [5.9, 0.9999999999999999],
];

describe("erf", () => {
  test.each(ERF)("erf(%d)", (x, value) => {
    expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(1e-15 * value);
    expect(erf(-x)).toBe(-erf(x));
  });

  test("the ends of the line", () => {
    expect([erf(0), erf(-0), erf(Number.POSITIVE_INFINITY), erf(Number.NEGATIVE_INFINITY), erf(Number.NaN)]).toEqual([
      0,
      -0,
      1,
      -1,
      Number.NaN,
    ]);
  });

  test("never falls, across the seam of its two formulas too", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1.9, max: 2.1, noNaN: true }),
        fc.double({ min: 1e-13, max: 1e-3, noNaN: true }),
        (x, d) => {
          expect(erf(x + d)).toBeGreaterThanOrEqual(erf(x) - 3e-16);
        },
      ),
    );
  });
});

test("logistic and softplus keep their precision far out", () => {
  expect(logistic(-745)).toBeGreaterThan(0);
  expect(logistic(800)).toBe(1);
  expect(softplus(-700)).toBeCloseTo(Math.exp(-700), 320);
  expect(softplus(-700)).toBeGreaterThan(0);
  fc.assert(
    fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => {
      expect(Math.abs(softplus(x) - softplus(-x) - x)).toBeLessThan(1e-14 * (1 + Math.abs(x)));
      expect(Math.abs(logistic(x) + logistic(-x) - 1)).toBeLessThan(3e-16);
    }),
  );
});

test("power is IEEE 754's and conversion clamps", () => {
  expect([power(1, Number.NaN), power(-1, Number.NEGATIVE_INFINITY), power(Number.NaN, 0)]).toEqual([1, 1, 1]);
  expect([2 ** 31, -(2 ** 31) - 1, 2.9, -2.9, Number.NaN].map(toInteger)).toEqual([2 ** 31 - 1, -(2 ** 31), 2, -2, 0]);
});
