import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashPurpose, multiplyHigh, philox, Words } from "../../src/random/philox.ts";
import { fillRandomBits, normal, permutation, randomBits, truncatedNormal, uniform } from "../../src/random/random.ts";

describe("philox4x32-10", () => {
  // Known answers published with Random123 (kat_vectors, "philox4x32 10").
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])("known answer for counter $counter", ({ counter, key, words }) => {
    const out = new Int32Array(4);
    philox(counter[0]!, counter[1]!, counter[2]!, counter[3]!, key[0]!, key[1]!, out);
    expect(Array.from(out, (w) => w >>> 0)).toEqual(words);
  });

  test("the high word of a product agrees with BigInt", () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(multiplyHigh(a, b) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      }),
    );
  });

  test("purposes that differ by one letter share no more bits than chance", () => {
    const differing = (hashPurpose("layer1/keep") ^ hashPurpose("layer2/keep")).toString(2).replaceAll("0", "").length;
    expect(hashPurpose("init")).toBe(hashPurpose("init"));
    expect(differing).toBeGreaterThan(4);
  });
});

describe("draws", () => {
  test("bits are in [0, 2^24), uniform in mean and variance, and the same each time", () => {
    const bits = randomBits([1, 2, 3, 4], "keep", 40_000);
    expect(bits).toEqual(randomBits([1, 2, 3, 4], "keep", 40_000));
    expect(bits.every((b) => b >= 0 && b < 2 ** 24)).toBe(true);
    const { mean, variance } = moments(Float64Array.from(bits, (b) => b / 2 ** 24));
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  test("a longer draw begins with the shorter one, and every part of the key matters", () => {
    expect(randomBits([1, 2, 3, 4], "keep", 5)).toEqual(randomBits([1, 2, 3, 4], "keep", 9).slice(0, 5));
    const draws = [
      randomBits([1, 2, 3, 4], "keep", 3),
      randomBits([9, 2, 3, 4], "keep", 3),
      randomBits([1, 9, 3, 4], "keep", 3),
      randomBits([1, 2, 9, 4], "keep", 3),
      randomBits([1, 2, 3, 9], "keep", 3),
      randomBits([1, 2, 3, 4], "drop", 3),
    ];
    expect(new Set(draws.map(String)).size).toBe(draws.length);
  });

  test("a batch of keys draws what each key draws alone", () => {
    const out = new Int32Array(3 * 7);
    fillRandomBits(Int32Array.of(1, 0, 5, 10, 1, 0, 5, 11, 1, 0, 5, -3), "keep", 7, out);
    const alone = [10, 11, -3].flatMap((example) => [...randomBits([1, 0, 5, example], "keep", 7)]);
    expect([...out]).toEqual(alone);
    expect(() => fillRandomBits(new Int32Array(4), "keep", 7, new Int32Array(8))).toThrow(RangeError);
  });

  test("every permutation of three is as likely", () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = String(permutation(7, "shuffle", epoch, 3));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Chi-squared with 5 degrees of freedom: 20.5 is the 0.999 quantile.
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(20.5);
  });

  test("permutations hold each index once and differ between epochs", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(1000), (n, epoch) => {
        expect([...permutation(1, "shuffle", epoch, n)].sort((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
      { numRuns: 30 },
    );
    expect(permutation(1, "shuffle", 0, 50)).not.toEqual(permutation(1, "shuffle", 1, 50));
    expect([...permutation(1, "shuffle", 0, 1)]).toEqual([0]);
    expect([...permutation(1, "shuffle", 0, 0)]).toEqual([]);
  });

  test("bounded draws stay below the bound, at the edges of 32 bits too", () => {
    const words = new Words(1, "bound", [0, 0, 0]);
    for (const bound of [1, 2, 3, 0x80000001, 0xffffffff])
      for (let i = 0; i < 50; i++) expect(words.below(bound)).toBeLessThan(bound);
  });

  test("normal and truncated normal have their moments", () => {
    const n = moments(normal(3, "init", 0, 100_000));
    expect(n.mean).toBeCloseTo(0, 1);
    expect(Math.abs(n.mean)).toBeLessThan(0.01);
    expect(Math.abs(n.variance - 1)).toBeLessThan(0.015);
    const draws = truncatedNormal(3, "init", 1, 100_000);
    expect(draws.every((z) => Math.abs(z) <= 2)).toBe(true);
    // Variance of a normal cut at 2: 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.77374.
    const t = moments(draws);
    expect(Math.abs(t.mean)).toBeLessThan(0.01);
    expect(Math.abs(t.variance - 0.77374)).toBeLessThan(0.01);
    expect(uniform(3, "init", 0, 10)).not.toEqual(uniform(3, "init", 1, 10));
  });
});

function moments(values: Float64Array): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
}
