import { describe, expect, it } from "vitest";
import { curvaturePairs } from "../../src/learn/curvature.ts";
import { dot } from "../../src/learn/line-search.ts";
import { normal } from "../../src/random/random.ts";

const p = 40;
/** A quadratic: eigenvalues over four decades in a rotated basis (a Householder reflection), the last one below zero where asked. */
const quadratic = (negative: boolean) => {
  const u = normal(7, "test", 0, p);
  const scale = 2 / dot(u, u);
  const reflect = (x: Float64Array): Float64Array => {
    const share = scale * dot(u, x);
    return x.map((value, i) => value - share * u[i]!);
  };
  const eigenvalues = Float64Array.from({ length: p }, (_, i) => 10 ** (2 - i / 10));
  if (negative) eigenvalues[p - 1] = -5;
  const apply = (x: Float64Array): Float64Array => reflect(reflect(x).map((value, i) => value * eigenvalues[i]!));
  return { apply, largest: reflect(Float64Array.from({ length: p }, (_, i) => (i === 0 ? 1 : 0))) };
};

const pairsOf = (apply: (x: Float64Array) => Float64Array, width: number, most: number) => {
  let evaluations = 0;
  const algorithm = curvaturePairs(
    function* (points) {
      evaluations++;
      expect(points.length).toBeLessThanOrEqual(width);
      yield { do: "progress", fraction: 0, figures: {} };
      return points.map((x) => ({ value: dot(x, apply(x)) / 2, gradient: apply(x) }));
    },
    new Float64Array(p).fill(1),
    { seed: 1, width, most },
  );
  let next = algorithm.next();
  while (!next.done) next = algorithm.next(undefined);
  return { pairs: next.value, evaluations };
};

describe("pairs of the curvature around a point", () => {
  it("are conjugate, and their changes are the Hessian's", () => {
    const { apply, largest } = quadratic(false);
    const { pairs, evaluations } = pairsOf(apply, 5, 20);
    expect(pairs).toHaveLength(20);
    expect(evaluations).toBe(5);
    for (const [i, { s, y }] of pairs.entries()) {
      const image = apply(s);
      const error = Math.max(...y.map((value, j) => Math.abs(value - image[j]!)));
      expect(error).toBeLessThan(1e-6 * Math.max(...image.map(Math.abs)));
      for (const [j, other] of pairs.entries()) expect(dot(s, other.y)).toBeCloseTo(i === j ? 1 : 0, 6);
    }
    // The largest eigenvector lies in their space: what they leave of it is small.
    const left = largest.slice();
    for (const { s, y } of pairs) {
      const share = dot(largest, y);
      for (let i = 0; i < p; i++) left[i]! -= share * s[i]!;
    }
    expect(Math.sqrt(dot(left, left))).toBeLessThan(1e-2);
  });

  it("end with the space, and hold nothing that bends down", () => {
    const { apply } = quadratic(true);
    const { pairs } = pairsOf(apply, 8, 100);
    expect(pairs.length).toBeLessThanOrEqual(p);
    expect(pairs.length).toBeGreaterThan(p / 2);
    for (const { s } of pairs) expect(dot(s, apply(s))).toBeGreaterThan(0);
  });
});
