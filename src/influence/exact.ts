import { type Algorithm, AlgorithmFailure, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Method } from "../plan/influence.ts";
import { type Asking, known, lacking, telling } from "./asking.ts";
import { freshResiduals } from "./cg.ts";
import { chooseDamping, type Ends, singular } from "./damping.ts";
import { dense } from "./dense.ts";
import { factorize, solveFactored } from "./factor.ts";
import { extremeEigenvalues } from "./lanczos.ts";
import { megabytes } from "./low-rank.ts";
import { addDamping, type Operator } from "./operator.ts";
import type { Solver } from "./solver.ts";
import { eigenWork } from "./symmetric-eigen.ts";
import { copyBlock, type Dense, dot, zeroBlock } from "./vectors.ts";

/** Rows of H in one product. */
const ROWS = 16;
/** Of the budget for the matrix. */
const SHARE = 3 / 4;
/** Bytes that the matrix may take of a budget. */
export const exactRoom = (budget: number): number => budget * SHARE;
/** Rows that are kept together: of a small Hessian all, of a large one a sixteenth. */
const LEAST_SLAB = 512;
const SLABS = 16;
/** Weights up to which all eigenvalues are computed. */
const SMALL = 400;
/** Most steps to the ends of a large one. */
const ENDS_STEPS = 200;

/** Bytes that `exact` takes for so many weights. */
export const exactBytes = (weights: number): number => 8 * weights * weights;

/**
 * H assembled row by row from Hessian-vector products and factored in float64; nothing of it is an iteration, so it checks the others. Fails with
 * MTT5606 where the matrix does not fit the budget.
 */
export function* exactSolver(operator: Operator, method: Extract<Method, { kind: "exact" }>): Asking<Solver> {
  const { problem } = operator;
  const { size } = problem.layout;
  if (exactBytes(size) > exactRoom(problem.budget))
    throw new AlgorithmFailure(
      "MTT5606",
      `the Hessian of ${size.toLocaleString("en-US")} weights takes ${megabytes(exactBytes(size))}, and ${megabytes(exactRoom(problem.budget))} are free for it`,
      "use cg, or restrict the layers",
    );
  const hessian = dense(size, size, yield* assembled(operator));
  const ends = yield* endsOf(hessian);
  const { damping, why } = chooseDamping(method.damping, ends, method.hessian);
  for (let i = 0; i < size; i++) hessian.data[i * size + i]! += damping;
  if (!(yield* factorize(hessian))) throw singular();
  let hvps = size;
  return {
    *solve(rhs) {
      const s = copyBlock(rhs);
      yield* telling(solveFactored(hessian, s), {});
      const residuals = yield* freshResiduals(
        function* (x) {
          return addDamping(yield* operator.apply(x), damping, x);
        },
        rhs,
        s,
      );
      hvps += rhs.count;
      return { s, residuals };
    },
    tolerance: undefined,
    certificate: () => ({ damping, why, eigenvalues: ends, hvps, details: {} }),
    close: operator.release,
  };
}

/** H, its rows in slabs that are parts each: a query that was stopped goes on, and a later one assembles nothing. Symmetric to the bit: of two entries their mean. */
function* assembled(operator: Operator): Asking<Float64Array> {
  const { size } = operator.problem.layout;
  const matrix = new Float64Array(size * size);
  const wide = Math.max(LEAST_SLAB, ROWS * Math.ceil(size / (SLABS * ROWS)));
  for (let from = 0; from < size; from += wide) {
    const to = Math.min(size, from + wide);
    const found = yield* part(
      "hessian",
      { assembled: operator.of, from, to },
      [0, 1],
      function* (): Algorithm<Checkpoint> {
        const data = yield* slab(operator, from, to);
        return { arrays: { "hessian/rows": { dtype: "f64", shape: [to - from, size], data } }, figures: {} };
      },
    );
    const data = found.arrays["hessian/rows"]?.data;
    if (!(data instanceof Float64Array)) throw lacking("a stored Hessian lacks its rows");
    matrix.set(data, from * size);
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) {
      const mean = (matrix[i * size + j]! + matrix[j * size + i]!) / 2;
      matrix[i * size + j] = mean;
      matrix[j * size + i] = mean;
    }
  return matrix;
}

/** Rows `from` to `to` of H: products with unit vectors. */
function* slab(operator: Operator, from: number, to: number): Asking<Float64Array> {
  const { size } = operator.problem.layout;
  const data = new Float64Array((to - from) * size);
  for (let row = from; row < to; row += ROWS) {
    const unit = zeroBlock(Math.min(ROWS, to - row), size);
    for (let i = 0; i < unit.count; i++) unit.data[i * size + row + i] = 1;
    data.set((yield* operator.apply(unit)).data, (row - from) * size);
    yield { do: "progress", fraction: (row + unit.count) / size, figures: { row: row + unit.count, rows: size } };
  }
  return data;
}

/** All eigenvalues of a small matrix; the ends of a large one by products with it. */
function* endsOf(matrix: Dense): Asking<Ends> {
  const n = matrix.rows;
  if (n <= SMALL) {
    const { values } = yield* telling(eigenWork(matrix), {});
    return { smallest: values[0]!, largest: values[n - 1]! };
  }
  const multiply = (x: Float64Array): Float64Array => {
    const y = new Float64Array(n);
    for (let i = 0; i < n; i++) y[i] = dot(matrix.data.subarray(i * n, (i + 1) * n), x);
    return y;
  };
  const { smallest, largest } = yield* extremeEigenvalues(
    ({ data }) => known({ count: 1, size: n, data: multiply(data) }),
    {
      size: n,
      seed: 0,
      steps: ENDS_STEPS,
      memory: 64 * 2 ** 20,
      *after({ alphas }) {
        yield { do: "progress", fraction: alphas.length / ENDS_STEPS, figures: {} };
      },
    },
  );
  return { smallest, largest };
}
