import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Eigen } from "./symmetric-eigen.ts";
import type { Dense } from "./vectors.ts";

export const dense = (rows: number, columns: number, data: Float64Array = new Float64Array(rows * columns)): Dense => ({
  rows,
  columns,
  data,
});

/** V f(values) Vᵀ */
export const spectralFunction = ({ values, vectors }: Eigen, f: (value: number) => number): Dense => {
  const n = values.length;
  const result = dense(n, n);
  for (let k = 0; k < n; k++) {
    const factor = f(values[k]!);
    if (factor === 0) continue;
    for (let i = 0; i < n; i++) {
      const left = factor * vectors.data[i * n + k]!;
      for (let j = 0; j < n; j++) result.data[i * n + j]! += left * vectors.data[j * n + k]!;
    }
  }
  return result;
};

export const product = (a: Dense, b: Dense): Dense => {
  const result = dense(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < b.columns; j++) result.data[i * b.columns + j]! += factor * b.data[k * b.columns + j]!;
    }
  return result;
};

export const transposed = ({ rows, columns, data }: Dense): Dense => {
  const result = dense(columns, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j]!;
  return result;
};

/** L Lᵀ of the symmetric part; nothing where it is not positive definite. */
export const cholesky = (matrix: Dense): CholeskyDecomposition | undefined => {
  const found = new CholeskyDecomposition(symmetricPart(matrix));
  return found.isPositiveDefinite() ? found : undefined;
};

/** Solves for every row of `rows`: (L Lᵀ) x = row. */
export const choleskySolve = (factor: CholeskyDecomposition, rows: Dense): Dense => {
  const columns = toMatrix(transposed(rows));
  return transposed(fromMatrix(factor.solve(columns)));
};

export const isPositiveDefinite = (matrix: Dense): boolean => matrix.rows === 0 || cholesky(matrix) !== undefined;

/** Rounding makes products that are symmetric in truth a little askew. */
const symmetricPart = ({ rows: n, data }: Dense): Matrix => {
  const symmetric = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) symmetric.set(i, j, (data[i * n + j]! + data[j * n + i]!) / 2);
  return symmetric;
};

/** Shares no memory: the library keeps rows. */
const toMatrix = ({ rows, columns, data }: Dense): Matrix => Matrix.from1DArray(rows, columns, data);

const fromMatrix = (matrix: Matrix): Dense => dense(matrix.rows, matrix.columns, Float64Array.from(matrix.to1DArray()));
