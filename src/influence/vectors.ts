import { atOnce, type Work } from "./work.ts";

/** k vectors of p numbers each, row-major: right-hand sides, directions, gradients. */
export interface Block {
  readonly count: number;
  readonly size: number;
  readonly data: Float64Array;
}

export const zeroBlock = (count: number, size: number): Block => ({
  count,
  size,
  data: new Float64Array(count * size),
});

/** Vector `i` of the block, sharing its memory. */
export const row = ({ size, data }: Block, i: number): Float64Array => data.subarray(i * size, (i + 1) * size);

/** Vectors `from` to `to` (exclusive), sharing memory. */
export const rowsOf = ({ size, data }: Block, from: number, to: number): Block => ({
  count: to - from,
  size,
  data: data.subarray(from * size, to * size),
});

export const copyBlock = ({ count, size, data }: Block): Block => ({ count, size, data: data.slice() });

export const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
};

export const norm = (x: Float64Array): number => Math.sqrt(dot(x, x));

/** y += a x */
export const addTo = (y: Float64Array, a: number, x: Float64Array): void => {
  for (let i = 0; i < y.length; i++) y[i]! += a * x[i]!;
};

export const scaleBy = (x: Float64Array, a: number): void => {
  for (let i = 0; i < x.length; i++) x[i]! *= a;
};

/** A small dense matrix, row-major. */
export interface Dense {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** X Yᵀ of vectors: [k, l] inner products. */
export const gram = (x: Block, y: Block): Dense => atOnce(gramWork(x, y));

export function* gramWork(x: Block, y: Block): Work<Dense> {
  const data = new Float64Array(x.count * y.count);
  for (let i = 0; i < x.count; i++) {
    for (let j = 0; j < y.count; j++) data[i * y.count + j] = dot(row(x, i), row(y, j));
    yield (i + 1) / x.count;
  }
  return { rows: x.count, columns: y.count, data };
}

/** to += a (matrixᵀ of) combination: vector j of `to` += a sum_i matrix[i, j] x_i. */
export const combine = (to: Block, a: number, matrix: Dense, x: Block): void => atOnce(combineWork(to, a, matrix, x));

export function* combineWork(to: Block, a: number, matrix: Dense, x: Block): Work<void> {
  for (let j = 0; j < to.count; j++) {
    for (let i = 0; i < x.count; i++) {
      const factor = a * matrix.data[i * matrix.columns + j]!;
      if (factor !== 0) addTo(row(to, j), factor, row(x, i));
    }
    yield (j + 1) / to.count;
  }
}
