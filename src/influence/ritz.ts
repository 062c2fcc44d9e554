import { dense, isPositiveDefinite, product, spectralFunction, transposed } from "./dense.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import type { Dense } from "./vectors.ts";

/** A symmetric block-tridiagonal matrix: diagonal blocks, and below[i] couples block i + 1 (rows) with block i. */
export interface BlockTridiagonal {
  readonly diagonal: readonly Dense[];
  readonly below: readonly Dense[];
}

/**
 * The extreme eigenvalues of a symmetric block-tridiagonal matrix to about 1e-10 of the largest: bisection, where a block LDLᵀ factorization says
 * whether T - shift I is positive definite (Sylvester's law of inertia). A bisection costs as much as one factorization, not as an eigenproblem.
 */
export const extremes = (t: BlockTridiagonal): { readonly smallest: number; readonly largest: number } => {
  const bound = normBound(t);
  const negated: BlockTridiagonal = { diagonal: t.diagonal.map(negative), below: t.below.map(negative) };
  return { smallest: smallestOf(t, bound), largest: -smallestOf(negated, bound) };
};

const STEPS = 36;

const smallestOf = (t: BlockTridiagonal, bound: number): number => {
  // T - low I is positive definite, T - high I is not.
  let [low, high] = [-bound, bound];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (isAbove(t, middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/** Whether T - shift I is positive definite. */
const isAbove = ({ diagonal, below }: BlockTridiagonal, shift: number): boolean => {
  let before: Dense | undefined;
  for (const [i, block] of diagonal.entries()) {
    const pivot = dense(block.rows, block.columns, block.data.slice());
    for (let j = 0; j < pivot.rows; j++) pivot.data[j * pivot.columns + j]! -= shift;
    if (before !== undefined) {
      const coupling = below[i - 1]!;
      const inverse = spectralFunction(symmetricEigen(before), (value) => 1 / value);
      const removed = product(product(coupling, inverse), transposed(coupling));
      for (let j = 0; j < pivot.data.length; j++) pivot.data[j]! -= removed.data[j]!;
    }
    if (!isPositiveDefinite(pivot)) return false;
    before = pivot;
  }
  return true;
};

const negative = ({ rows, columns, data }: Dense): Dense =>
  dense(
    rows,
    columns,
    data.map((value) => -value),
  );

/** Gershgorin's: no eigenvalue is larger in size than the largest sum of a row's sizes. */
const normBound = ({ diagonal, below }: BlockTridiagonal): number => {
  let most = 0;
  diagonal.forEach((block, i) => {
    const sums = rowSums(block);
    const left = i > 0 ? rowSums(below[i - 1]!) : [];
    const right = i < below.length ? rowSums(transposed(below[i]!)) : [];
    most = Math.max(most, ...sums.map((sum, j) => sum + (left[j] ?? 0) + (right[j] ?? 0)));
  });
  return most === 0 ? 1 : most * (1 + 1e-12);
};

const rowSums = ({ rows, columns, data }: Dense): number[] =>
  Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += Math.abs(data[i * columns + j]!);
    return sum;
  });
