import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { batchWithin, peakBytes } from "../../src/ir/cost.ts";
import { dot, unary } from "../../src/ir/operations.ts";

const f32 = (...shape: readonly number[]) => ({ dtype: "f32", shape }) as const;

/** w[8, 8], x[B, 8] -> tanh(tanh(x w) w) */
const layers = (batch: number) =>
  define(
    [
      ["w", f32(8, 8)],
      ["x", f32(batch, 8)],
    ],
    (b, w, x) => [unary(b, "tanh", dot(b, unary(b, "tanh", dot(b, x!, w!)), w!))],
  );

describe("memory of a graph", () => {
  it("peaks where most values live: weights and input throughout, two more at once", () => {
    expect(peakBytes(layers(16))).toBe(4 * (64 + 3 * 16 * 8));
  });

  it("is kept within a budget by the largest batch that fits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 1, max: 2000 }), (bytes, most) => {
        const size = batchWithin(layers, bytes, most);
        expect(size).toBeGreaterThanOrEqual(1);
        expect(size).toBeLessThanOrEqual(most);
        if (size > 1) expect(peakBytes(layers(size))).toBeLessThanOrEqual(bytes);
        if (size < most) expect(peakBytes(layers(size + 1))).toBeGreaterThan(bytes);
      }),
    );
  });
});
