import fc from "fast-check";
import { expect, test } from "vitest";
import { type Evaluate, lineSearch } from "../../src/learn/line-search.ts";

/** A quartic with a valley: its line has a minimum, and curvature that changes. */
const value = (x: Float64Array): number => (x[0]! - 3) ** 4 + 5 * (x[0]! - 3) ** 2 + 0.1 * x[1]! ** 2;
const evaluate: Evaluate<never, never> = function* (x) {
  yield* [];
  const d = x[0]! - 3;
  return { value: value(x), gradient: Float64Array.of(4 * d ** 3 + 10 * d, 0.2 * x[1]!) };
};

test("a step falls enough and has left most of the slope behind (strong Wolfe), from any first guess", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -4, max: 10, noNaN: true }),
      fc.double({ min: -9, max: 9, noNaN: true }),
      fc.integer({ min: -7, max: 4 }),
      (a, b, exponent) => {
        const x = Float64Array.of(a, b);
        const from = { x, ...evaluate(x).next().value! };
        const direction = from.gradient.map((g) => -g);
        const slope = -from.gradient.reduce((sum, g) => sum + g * g, 0);
        fc.pre(-slope > 1e-6);
        const found = lineSearch(evaluate, from, direction, 10 ** exponent).next().value;
        expect(found!.value).toBeLessThanOrEqual(
          from.value + 1e-4 * found!.alpha * slope + 1e-9 * Math.abs(from.value),
        );
        const after = found!.gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
        expect(Math.abs(after)).toBeLessThanOrEqual(-0.9 * slope);
        expect([...found!.x]).toEqual([...x].map((v, i) => v + found!.alpha * direction[i]!));
      },
    ),
  );
});
