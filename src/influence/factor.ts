import { GraphBuilder } from "../ir/builder.ts";
import { contract, subtract } from "../ir/operations.ts";
import { close, open, run } from "../plan/algorithm.ts";
import type { Program } from "../plan/program.ts";
import type { Tensor } from "../shape/tensor.ts";
import type { Asking } from "./asking.ts";
import { cholesky, dense } from "./dense.ts";
import type { Block, Dense } from "./vectors.ts";
import { dot, row } from "./vectors.ts";
import type { Work } from "./work.ts";

const TILE = 512;

/**
 * The lower Cholesky factor of a symmetric matrix, in place, by tiles: diagonal tiles by the library's factorization, the products of the others in
 * the engine in float64. False where the matrix is not positive definite.
 */
export function* factorize(matrix: Dense): Asking<boolean> {
  const n = matrix.rows;
  const update = yield* open(updateProgram(), []);
  let definite = true;
  for (let k = 0; k < n && definite; k += TILE) {
    const size = Math.min(TILE, n - k);
    const found = cholesky(dense(size, size, cut(matrix, k, k, size, size, size)));
    if (found === undefined) {
      definite = false;
      break;
    }
    const lower = found.lowerTriangularMatrix;
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) matrix.data[(k + i) * n + k + j] = lower.get(i, j);
    // L_ik = A_ik L_kk⁻ᵀ
    for (let i = k + size; i < n; i++) {
      forward(matrix, k, size, matrix.data.subarray(i * n + k, i * n + k + size));
      if (i % TILE === 0) yield { do: "progress", figures: { factored: k, of: n } };
    }
    // A_ij -= L_ik L_jkᵀ
    for (let i = k + size; i < n; i += TILE) {
      const rows = Math.min(TILE, n - i);
      const left = tile(matrix, i, k, rows, size);
      for (let j = k + size; j <= i; j += TILE) {
        const columns = Math.min(TILE, n - j);
        const right = j === i ? left : tile(matrix, j, k, columns, size);
        const [result] = yield* run(update, [tile(matrix, i, j, rows, columns), left, right]);
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++) matrix.data[(i + r) * n + j + c] = result!.data[r * TILE + c]!;
      }
    }
    yield { do: "progress", fraction: 1 - ((n - k - size) / n) ** 3, figures: { factored: k + size, of: n } };
  }
  yield* close(update);
  return definite;
}

/** (L Lᵀ) x = row for every vector, in place. */
export function* solveFactored(factor: Dense, block: Block): Work<void> {
  const n = factor.rows;
  for (let v = 0; v < block.count; v++) {
    const x = row(block, v);
    forward(factor, 0, n, x);
    // Lᵀ x = y, from the last: column i of Lᵀ is row i of L
    for (let i = n - 1; i >= 0; i--) {
      const value = x[i]! / factor.data[i * n + i]!;
      x[i] = value;
      const line = factor.data.subarray(i * n, i * n + i);
      for (let j = 0; j < i; j++) x[j]! -= value * line[j]!;
    }
    yield (v + 1) / block.count;
  }
}

/** L x' = x in place, L the triangle of `size` rows from (k, k) on. */
const forward = ({ rows: n, data }: Dense, k: number, size: number, x: Float64Array): void => {
  for (let i = 0; i < size; i++) {
    const from = (k + i) * n + k;
    x[i] = (x[i]! - dot(data.subarray(from, from + i), x.subarray(0, i))) / data[from + i]!;
  }
};

/** Part of the matrix, row-major in lines of `width`, zeros past its columns. */
const cut = ({ rows: n, data }: Dense, i: number, j: number, rows: number, columns: number, width: number) => {
  const out = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) out.set(data.subarray((i + r) * n + j, (i + r) * n + j + columns), r * width);
  return out;
};

/** A tile of the engine's size, zeros where the matrix ends. */
const tile = (matrix: Dense, i: number, j: number, rows: number, columns: number): Tensor => {
  const data = new Float64Array(TILE * TILE);
  data.set(cut(matrix, i, j, rows, columns, TILE));
  return { dtype: "f64", shape: [TILE, TILE], data };
};

const updateProgram = (): Program => {
  const b = new GraphBuilder();
  const type = { dtype: "f64", shape: [TILE, TILE] } as const;
  const [a, left, right] = [b.input("a", type), b.input("left", type), b.input("right", type)];
  return { graph: b.build([subtract(b, a, contract(b, left, right, [1], [1]))]), resident: 0, updated: 0 };
};
