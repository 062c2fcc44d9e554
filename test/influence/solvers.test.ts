import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Asking } from "../../src/influence/asking.ts";
import { blockCg, type CgState, fromCheckpoint, isBefore, toCheckpoint } from "../../src/influence/cg.ts";
import { dense } from "../../src/influence/dense.ts";
import { factorize, solveFactored } from "../../src/influence/factor.ts";
import { fingerprint } from "../../src/influence/fingerprint.ts";
import {
  extremeEigenvalues,
  fromLanczosCheckpoint,
  type LanczosState,
  lanczosCheckpoint,
} from "../../src/influence/lanczos.ts";
import { extremes } from "../../src/influence/ritz.ts";
import { symmetricEigen } from "../../src/influence/symmetric-eigen.ts";
import { type Block, type Dense, dot, row, rowsOf, zeroBlock } from "../../src/influence/vectors.ts";
import { atOnce } from "../../src/influence/work.ts";
import type { Checkpoint } from "../../src/plan/algorithm.ts";
import { normal } from "../../src/random/random.ts";
import { drive } from "../learn/drive.ts";
import { distance } from "./support.ts";

/** Q diag(eigenvalues) Qᵀ with Q drawn. */
const withEigenvalues = (eigenvalues: readonly number[], seed: number): Dense => {
  const n = eigenvalues.length;
  const drawn = dense(n, n, normal(seed, "matrix", 0, n * n));
  const { vectors } = symmetricEigen(drawn);
  const result = dense(n, n);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        result.data[i * n + j]! += eigenvalues[k]! * vectors.data[i * n + k]! * vectors.data[j * n + k]!;
  return result;
};

/** Products with a matrix, asking the driver for something at each, so that it can be stopped. */
const times = (matrix: Dense) =>
  function* (block: Block): Asking<Block> {
    yield { do: "progress", fraction: 0, figures: {} };
    const result = zeroBlock(block.count, block.size);
    for (let v = 0; v < block.count; v++)
      for (let i = 0; i < block.size; i++)
        result.data[v * block.size + i] = dot(
          matrix.data.subarray(i * block.size, (i + 1) * block.size),
          row(block, v),
        );
    return result;
  };

const blockOf = (count: number, size: number, seed: number): Block => ({
  count,
  size,
  data: normal(seed, "rhs", 0, count * size),
});

const spread = Array.from({ length: 40 }, (_, i) => 0.05 * 1.15 ** i);
const matrix = withEigenvalues(spread, 1);
const options = { tolerance: 1e-10, iterations: 200, round: 1e-12 };

describe("block conjugate gradients", () => {
  it("solves every column as it does alone", () => {
    const rhs = blockOf(5, 40, 2);
    const { state, end, residuals } = drive(blockCg(times(matrix), rhs, options)).result;
    expect(end).toBe("converged");
    expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-10);
    for (let i = 0; i < 5; i++) {
      const alone = drive(blockCg(times(matrix), rowsOf(rhs, i, i + 1), options)).result;
      expect(distance(row(state.x, i), alone.state.x.data)).toBeLessThan(1e-8);
      // One Krylov space for all: fewer steps than any column needs alone.
      expect(state.iteration).toBeLessThan(alone.state.iteration);
    }
  });

  it("takes columns that are zero, equal, or a sum of others", () => {
    const rhs = blockOf(5, 40, 3);
    row(rhs, 1).set(row(rhs, 0));
    row(rhs, 2).fill(0);
    row(rhs, 4).set(row(rhs, 0).map((value, i) => value + row(rhs, 3)[i]!));
    const { state, end } = drive(blockCg(times(matrix), rhs, options)).result;
    expect(end).toBe("converged");
    expect(distance(row(state.x, 1), row(state.x, 0))).toBeLessThan(1e-9);
    expect(Math.max(...row(state.x, 2).map(Math.abs))).toBe(0);
    const sum = row(state.x, 0).map((value, i) => value + row(state.x, 3)[i]!);
    expect(distance(row(state.x, 4), sum)).toBeLessThan(1e-8);
  });

  it("is the same solve, sooner, with a preconditioner", () => {
    const rhs = blockOf(3, 40, 4);
    const near = withEigenvalues(
      spread.map((value, i) => (1 + 0.2 * Math.sin(i)) / value),
      1,
    );
    const plain = drive(blockCg(times(matrix), rhs, options)).result;
    const helped = drive(blockCg(times(matrix), rhs, { ...options, precondition: times(near) })).result;
    expect(helped.end).toBe("converged");
    expect(distance(helped.state.x.data, plain.state.x.data)).toBeLessThan(1e-8);
    expect(helped.state.iteration).toBeLessThan(0.7 * plain.state.iteration);
  });

  it("finds the ends of the spectrum in its own coefficients", () => {
    for (const [count, round] of [
      [1, 1e-12],
      [4, 1e-12],
      [4, 1e-6],
    ] as const) {
      const { ritz } = drive(blockCg(times(matrix), blockOf(count, 40, 5), { ...options, round })).result;
      expect(Math.abs(ritz!.smallest - spread[0]!)).toBeLessThan(1e-3 * spread[0]!);
      expect(ritz!.largest).toBeCloseTo(spread.at(-1)!, 6);
    }
  });

  it("stops at negative curvature", () => {
    const indefinite = withEigenvalues([-0.08, ...spread.slice(1)], 1);
    for (const count of [1, 4])
      expect(drive(blockCg(times(indefinite), blockOf(count, 40, 6), options)).result.end).toBe("indefinite");
  });

  it("ends with what it has after its iterations", () => {
    const { end, state, residuals } = drive(
      blockCg(times(matrix), blockOf(2, 40, 7), { ...options, iterations: 3 }),
    ).result;
    expect(end).toBe("iterations");
    expect(state.iteration).toBe(3);
    expect(Math.max(...residuals)).toBeGreaterThan(1e-3);
  });

  it("reaches a tolerance beyond one round's by beginning again", () => {
    const { end, state, residuals } = drive(
      blockCg(times(matrix), blockOf(2, 40, 8), { tolerance: 1e-13, iterations: 200, round: 1e-6 }),
    ).result;
    expect(end).toBe("converged");
    expect(state.rounds).toBeGreaterThan(0);
    expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-13);
  });

  it("goes on from a kept state, to a tighter tolerance too, in the bytes of one that never stopped", () => {
    const rhs = blockOf(3, 40, 9);
    const states: Checkpoint[] = [];
    const loose = drive(
      blockCg(times(matrix), rhs, {
        ...options,
        tolerance: 1e-4,
        *after(state: CgState): Asking<void> {
          states.push(toCheckpoint(state));
          yield { do: "progress", fraction: 0, figures: {} };
        },
      }),
    ).result;
    expect(loose.end).toBe("converged");
    const whole = drive(blockCg(times(matrix), rhs, options)).result;
    for (const at of [0, 2, states.length - 1]) {
      const from = fromCheckpoint(states[at]!)!;
      expect(isBefore(from, options)).toBe(true);
      const resumed = drive(blockCg(times(matrix), rhs, options, from)).result;
      expect(resumed.state.x.data).toEqual(whole.state.x.data);
      expect(resumed.products).toBe(whole.products);
      expect(resumed.residuals).toEqual(whole.residuals);
    }
    // The end of the tight solve is past the end of the loose one.
    expect(isBefore(whole.state, { tolerance: 1e-4, iterations: 200 })).toBe(false);
  });
});

describe("Lanczos's process", () => {
  it("finds both ends of a spectrum, a negative one too", () => {
    for (const eigenvalues of [spread, [-0.08, ...spread.slice(1)]]) {
      const of = withEigenvalues(eigenvalues, 2);
      const found = drive(extremeEigenvalues(times(of), { size: 40, seed: 0, steps: 40, memory: 1e6 })).result;
      expect(Math.abs(found.smallest - eigenvalues[0]!)).toBeLessThan(0.01 * Math.abs(eigenvalues[0]!));
      expect(found.largest).toBeCloseTo(eigenvalues.at(-1)!, 3);
    }
  });

  it("ends where the space does", () => {
    const found = drive(
      extremeEigenvalues(times(withEigenvalues([1, 1, 1, 3, 3, 3], 3)), { size: 6, seed: 0, steps: 100, memory: 1e6 }),
    ).result;
    expect(found.products).toBeLessThanOrEqual(6);
    expect(found.smallest).toBeCloseTo(1, 10);
    expect(found.largest).toBeCloseTo(3, 10);
  });

  it("goes on from a kept state in the same bytes", () => {
    const states: Checkpoint[] = [];
    const given = {
      size: 40,
      seed: 0,
      steps: 40,
      memory: 1e6,
      *after(state: LanczosState): Asking<void> {
        states.push(lanczosCheckpoint(state));
        yield { do: "progress", fraction: 0, figures: {} };
      },
    };
    const whole = drive(extremeEigenvalues(times(matrix), given)).result;
    const resumed = drive(extremeEigenvalues(times(matrix), given, fromLanczosCheckpoint(states[6]!)!)).result;
    expect(resumed).toEqual(whole);
  });
});

describe("dense pieces", () => {
  it("extremes of a block-tridiagonal matrix are its eigenvalues", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.integer(), (k, steps, seed) => {
        const draws = normal(seed, "blocks", 0, 2 * steps * k * k);
        const block = (i: number) => draws.slice(i * k * k, (i + 1) * k * k);
        const symmetric = (data: Float64Array) =>
          dense(
            k,
            k,
            data.map((value, i) => value + data[(i % k) * k + Math.floor(i / k)]!),
          );
        const t = {
          diagonal: Array.from({ length: steps }, (_, i) => symmetric(block(i))),
          below: Array.from({ length: steps - 1 }, (_, i) => dense(k, k, block(steps + i))),
        };
        const n = k * steps;
        const full = dense(n, n);
        t.diagonal.forEach(({ data }, i) => {
          for (let a = 0; a < k; a++)
            for (let b = 0; b < k; b++) full.data[(i * k + a) * n + i * k + b] = data[a * k + b]!;
        });
        t.below.forEach(({ data }, i) => {
          for (let a = 0; a < k; a++)
            for (let b = 0; b < k; b++) {
              full.data[((i + 1) * k + a) * n + i * k + b] = data[a * k + b]!;
              full.data[(i * k + b) * n + (i + 1) * k + a] = data[a * k + b]!;
            }
        });
        const { values } = symmetricEigen(full);
        const { smallest, largest } = extremes(t);
        expect(smallest).toBeCloseTo(values[0]!, 7);
        expect(largest).toBeCloseTo(values[n - 1]!, 7);
      }),
      { numRuns: 60 },
    );
  });

  it("factors by tiles what the library factors whole", () => {
    const n = 530;
    const low = normal(4, "low", 0, n * 3);
    const of = dense(n, n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = i === j ? 2 : 0;
        for (let k = 0; k < 3; k++) sum += low[i * 3 + k]! * low[j * 3 + k]!;
        of.data[i * n + j] = sum;
      }
    const rhs = blockOf(2, n, 5);
    const x = { ...rhs, data: rhs.data.slice() };
    const factor = dense(n, n, of.data.slice());
    expect(drive(factorize(factor)).result).toBe(true);
    atOnce(solveFactored(factor, x));
    expect(distance(drive(times(of)(x)).result.data, rhs.data)).toBeLessThan(1e-12);
  });

  it("refuses to factor what is not positive definite", () => {
    expect(drive(factorize(withEigenvalues([-1, 2, 3], 5))).result).toBe(false);
  });

  it("tells arrays apart by every bit", () => {
    fc.assert(
      fc.property(fc.float64Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(63), (data, where, bit) => {
        const other = data.slice();
        const words = new BigUint64Array(other.buffer);
        words[where % words.length]! ^= 1n << BigInt(bit);
        expect(fingerprint(data)).toMatch(/^[0-9a-f]{32}$/);
        expect(fingerprint(data)).toBe(fingerprint(data.slice()));
        expect(fingerprint(other)).not.toBe(fingerprint(data));
      }),
    );
  });
});
