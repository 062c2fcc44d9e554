import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { dense } from "../../src/influence/dense.ts";
import { eigenWork, symmetricEigen } from "../../src/influence/symmetric-eigen.ts";
import type { Dense } from "../../src/influence/vectors.ts";
import { normal } from "../../src/random/random.ts";

/** Values ascending, vectors as columns, as the library has them. */
const library = ({ rows: n, data }: Dense) => {
  const symmetric = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) symmetric.set(i, j, (data[i * n + j]! + data[j * n + i]!) / 2);
  const found = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  return { values: Float64Array.from(found.realEigenvalues), vectors: found.eigenvectorMatrix.to1DArray() };
};

const expectLibrarys = (matrix: Dense): void => {
  const [own, theirs] = [symmetricEigen(matrix), library(matrix)];
  expect(own.values).toEqual(theirs.values);
  expect(own.vectors.data).toEqual(Float64Array.from(theirs.vectors));
};

/** Low rank, ties, zeros and a diagonal take ways of their own. */
const kinds = ["drawn", "low rank", "whole numbers", "diagonal", "equal", "tridiagonal", "zero"] as const;

const matrixOf = (kind: (typeof kinds)[number], n: number, seed: number): Dense => {
  const drawn = normal(seed, "matrix", 0, n * n);
  const matrix = dense(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const value = {
        drawn: drawn[i * n + j]!,
        "low rank": drawn[i]! * drawn[j]!,
        "whole numbers": Math.round(drawn[Math.min(i, j) * n + Math.max(i, j)]!),
        equal: i === j ? Math.round(drawn[i]!) : 0,
        diagonal: i === j ? drawn[i]! : 0,
        tridiagonal: Math.abs(i - j) < 2 ? drawn[Math.min(i, j)]! : 0,
        zero: 0,
      }[kind];
      matrix.data[i * n + j] = value;
    }
  return matrix;
};

describe("the eigenvectors of a symmetric matrix", () => {
  it("are the library's, to the bit", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 40 }), fc.nat(1000), (kind, n, seed) =>
        expectLibrarys(matrixOf(kind, n, seed)),
      ),
      { numRuns: 200 },
    );
  });

  it("are so where a row is longer than what a sweep turns at once", () => {
    expectLibrarys(matrixOf("drawn", 530, 1));
  });

  it("none of none", () => {
    expect(symmetricEigen(dense(0, 0)).values).toEqual(new Float64Array());
  });

  it("come in many pieces, each of which says how far it is", () => {
    const said = [...eigenWork(matrixOf("drawn", 60, 2))];
    expect(said.length).toBeGreaterThan(150);
    expect(said.every((share, i) => share >= (said[i - 1] ?? 0) && share <= 1)).toBe(true);
    expect([said[0]! < 0.1, said.at(-1)! > 0.9]).toEqual([true, true]);
  });
});
