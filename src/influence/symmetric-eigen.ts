import { AlgorithmFailure } from "../plan/algorithm.ts";
import { dense } from "./dense.ts";
import type { Dense } from "./vectors.ts";
import { atOnce, type Work } from "./work.ts";

/** Eigenvalues ascending, and the eigenvectors as columns, of a symmetric matrix. */
export interface Eigen {
  readonly values: Float64Array;
  /** [n, n]: column j belongs to value j. */
  readonly vectors: Dense;
}

/** Of the time, about: the reduction takes so much, the rest is QL. */
const REDUCTION = 0.4;

/** Of a small matrix, without a pause. */
export const symmetricEigen = (matrix: Dense): Eigen => atOnce(eigenWork(matrix));

/** What both halves work on: V, one row for each vector; the diagonal and what is beside it. */
interface Tridiagonal {
  readonly n: number;
  readonly rows: readonly Float64Array[];
  readonly d: Float64Array;
  readonly e: Float64Array;
  /** Of the rotations of one QL step. */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

/**
 * Householder's reduction to a tridiagonal matrix, then QL with implicit shifts: tred2 and tql2 of EISPACK, as JAMA and ml-matrix have them, to the bit.
 * Here because libraries compute it in one go: a factor of a wide layer takes seconds to minutes, in which nobody else would be heard.
 */
export function* eigenWork(matrix: Dense): Work<Eigen> {
  const n = matrix.rows;
  if (n === 0) return { values: new Float64Array(), vectors: dense(0, 0) };
  if (!matrix.data.every(Number.isFinite))
    throw new AlgorithmFailure(
      "MTT5602",
      "a product with the curvature is not finite",
      "see that the data and the model's parameters are finite, or train with `precision: f64`, whose numbers reach further",
    );
  const line = () => new Float64Array(n);
  const t: Tridiagonal = {
    n,
    rows: symmetricRows(matrix),
    d: line(),
    e: line(),
    cosines: line(),
    sines: line(),
  };
  yield* reduced(t);
  yield* diagonal(t);
  const order = ascending(t.d);
  const vectors = dense(n, n);
  order.forEach((from, to) => {
    const row = t.rows[from]!;
    for (let i = 0; i < n; i++) vectors.data[i * n + to] = row[i]!;
  });
  return { values: Float64Array.from(order, (i) => t.d[i]!), vectors };
}

/** By selection, as the library does: of equal values, and zeros are, the order is its own. */
const ascending = (d: Float64Array): readonly number[] => {
  const order = Array.from(d, (_, i) => i);
  for (let i = 0; i < order.length - 1; i++) {
    let least = i;
    for (let j = i + 1; j < order.length; j++) if (d[order[j]!]! < d[order[least]!]!) least = j;
    [order[i], order[least]] = [order[least]!, order[i]!];
  }
  return order;
};

/** Of the symmetric part: rounding makes products that are symmetric in truth a little askew. */
const symmetricRows = ({ rows: n, data }: Dense): readonly Float64Array[] =>
  Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(n);
    for (let j = 0; j < n; j++) row[j] = (data[i * n + j]! + data[j * n + i]!) / 2;
    return row;
  });

/** A = Q T Qᵀ: T to d and e (from 1 on), Q to the rows, transposed. */
function* reduced(t: Tridiagonal): Work<void> {
  const { n, rows, d, e } = t;
  for (let j = 0; j < n; j++) d[j] = rows[j]![n - 1]!;
  for (let i = n - 1; i > 0; i--) {
    reflect(t, i);
    yield (REDUCTION / 2) * (1 - (i / n) ** 3);
  }
  for (let i = 0; i < n - 1; i++) {
    accumulate(t, i);
    yield (REDUCTION / 2) * (1 + (i / n) ** 3);
  }
  for (let j = 0; j < n; j++) {
    d[j] = rows[j]![n - 1]!;
    rows[j]![n - 1] = 0;
  }
  rows[n - 1]![n - 1] = 1;
  e[0] = 0;
}

const reflect = ({ rows, d, e }: Tridiagonal, i: number): void => {
  let [scale, h] = [0, 0];
  for (let k = 0; k < i; k++) scale += Math.abs(d[k]!);
  if (scale === 0) {
    e[i] = d[i - 1]!;
    for (let j = 0; j < i; j++) {
      d[j] = rows[j]![i - 1]!;
      rows[j]![i] = 0;
      rows[i]![j] = 0;
    }
  } else {
    for (let k = 0; k < i; k++) {
      d[k]! /= scale;
      h += d[k]! * d[k]!;
    }
    const last = d[i - 1]!;
    const g = last > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    e[i] = scale * g;
    h -= last * g;
    d[i - 1] = last - g;
    e.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const f = d[j]!;
      rows[i]![j] = f;
      e[j] = along(rows[j]!, d, e, f, j, i);
    }
    let f = 0;
    for (let j = 0; j < i; j++) {
      e[j]! /= h;
      f += e[j]! * d[j]!;
    }
    const half = f / (h + h);
    for (let j = 0; j < i; j++) e[j]! -= half * d[j]!;
    for (let j = 0; j < i; j++) {
      const row = rows[j]!;
      removeBoth(row, d, e, j, i);
      d[j] = row[i - 1]!;
      row[i] = 0;
    }
  }
  d[i] = h;
};

/** e += f row below the diagonal; answers e_j + rowᵀ d. */
const along = (row: Float64Array, d: Float64Array, e: Float64Array, f: number, j: number, i: number): number => {
  let g = e[j]! + row[j]! * f;
  for (let k = j + 1; k < i; k++) {
    const value = row[k]!;
    g += value * d[k]!;
    e[k]! += value * f;
  }
  return g;
};

/** row -= d_j e + e_j d */
const removeBoth = (row: Float64Array, d: Float64Array, e: Float64Array, j: number, i: number): void => {
  const f = d[j]!;
  const g = e[j]!;
  for (let k = j; k < i; k++) row[k]! -= f * e[k]! + g * d[k]!;
};

const accumulate = ({ n, rows, d }: Tridiagonal, i: number): void => {
  const next = rows[i + 1]!;
  rows[i]![n - 1] = rows[i]![i]!;
  rows[i]![i] = 1;
  const h = d[i + 1]!;
  if (h !== 0) {
    for (let k = 0; k <= i; k++) d[k] = next[k]! / h;
    for (let j = 0; j <= i; j++) removeAlong(rows[j]!, next, d, i);
  }
  next.fill(0, 0, i + 1);
};

/** row -= (nextᵀ row) d */
const removeAlong = (row: Float64Array, next: Float64Array, d: Float64Array, i: number): void => {
  let g = 0;
  for (let k = 0; k <= i; k++) g += next[k]! * row[k]!;
  for (let k = 0; k <= i; k++) row[k]! -= g * d[k]!;
};

/** T's eigenvalues to d, its vectors turned into the rows. */
function* diagonal(t: Tridiagonal): Work<void> {
  const { n, d, e } = t;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let [shift, size] = [0, 0];
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(d[l]!) + Math.abs(e[l]!));
    let m = l;
    while (m < n && !(Math.abs(e[m]!) <= Number.EPSILON * size)) m++;
    if (m > l)
      do {
        shift += sweep(t, l, m);
        yield REDUCTION + ((1 - REDUCTION) * l) / n;
      } while (Math.abs(e[l]!) > Number.EPSILON * size);
    d[l]! += shift;
    e[l] = 0;
  }
}

/** One QL step from m up to l; answers by how much the values were shifted. */
const sweep = (t: Tridiagonal, l: number, m: number): number => {
  const { n, d, e, cosines, sines } = t;
  const before = d[l]!;
  const ratio = (d[l + 1]! - before) / (2 * e[l]!);
  const r = ratio < 0 ? -hypotenuse(ratio, 1) : hypotenuse(ratio, 1);
  d[l] = e[l]! / (ratio + r);
  d[l + 1] = e[l]! * (ratio + r);
  const [second, beside] = [d[l + 1]!, e[l + 1]!];
  const shift = before - d[l]!;
  for (let i = l + 2; i < n; i++) d[i]! -= shift;
  let p = d[m]!;
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
  for (let i = m - 1; i >= l; i--) {
    c3 = c2;
    c2 = c;
    s2 = s;
    const g = c * e[i]!;
    const h = c * p;
    const length = hypotenuse(p, e[i]!);
    e[i + 1] = s * length;
    s = e[i]! / length;
    c = p / length;
    p = c * d[i]! - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]!);
    cosines[i] = c;
    sines[i] = s;
  }
  turn(t, l, m);
  p = (-s * s2 * c3 * beside * e[l]!) / second;
  e[l] = s * p;
  d[l] = c * p;
  return shift;
};

/** Numbers of a row that stay near the processor while all rotations of a sweep pass over them. */
const NEAR = 512;

/** The sweep's rotations, of rows m - 1 and m first. */
const turn = ({ n, rows, cosines, sines }: Tridiagonal, l: number, m: number): void => {
  for (let from = 0; from < n; from += NEAR) {
    const to = Math.min(n, from + NEAR);
    for (let i = m - 1; i >= l; i--) rotate(rows[i]!, rows[i + 1]!, cosines[i]!, sines[i]!, from, to);
  }
};

const rotate = (x: Float64Array, y: Float64Array, c: number, s: number, from: number, to: number): void => {
  for (let k = from; k < to; k++) {
    const a = x[k]!;
    const b = y[k]!;
    y[k] = s * a + c * b;
    x[k] = c * a - s * b;
  }
};

const hypotenuse = (a: number, b: number): number => {
  if (Math.abs(a) > Math.abs(b)) {
    const ratio = b / a;
    return Math.abs(a) * Math.sqrt(1 + ratio * ratio);
  }
  if (b === 0) return 0;
  const ratio = a / b;
  return Math.abs(b) * Math.sqrt(1 + ratio * ratio);
};
