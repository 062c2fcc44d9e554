import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { batchWithin, fixedBytes, peakBytes } from "../../src/ir/cost.ts";
import { add, broadcastTo, dot, reduceSum, scalar, unary } from "../../src/ir/operations.ts";

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

  it("that does not grow with the batch is known from large ones: a small one may peak elsewhere", () => {
    expect(fixedBytes(layers)).toBe(4 * 64);
    // 40 kB whatever the batch, given back before 8 bytes for each example are taken.
    const early = (batch: number) =>
      define([["x", f32(batch, 2)]], (b, x) => {
        const sum = reduceSum(b, broadcastTo(b, scalar(b, "f32", 1), [10_000]));
        return [add(b, x!, sum)];
      });
    expect(peakBytes(early(4))).toBeGreaterThan(40_000);
    expect(fixedBytes(early)).toBeGreaterThan(30_000);
    expect(fixedBytes((batch) => early(1000 * batch))).toBeLessThan(1000);
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
