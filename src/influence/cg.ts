import type { Checkpoint } from "../plan/algorithm.ts";
import type { Tensor } from "../shape/tensor.ts";
import type { Asking } from "./asking.ts";
import type { Ends } from "./damping.ts";
import { dense, product, spectralFunction, transposed } from "./dense.ts";
import { type BlockTridiagonal, extremes } from "./ritz.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import {
  addTo,
  type Block,
  combine,
  copyBlock,
  type Dense,
  dot,
  gram,
  norm,
  row,
  scaleBy,
  zeroBlock,
} from "./vectors.ts";
import { atOnce, type Work } from "./work.ts";

type Linear = (block: Block) => Asking<Block>;

export interface CgOptions {
  /** Bounds ‖A x − v‖ / ‖v‖ of every column, recomputed by a fresh product. */
  readonly tolerance: number;
  readonly iterations: number;
  /** A round ends where the residual has shrunk by this since it began: rounding of the products would show in the recurrence from there on. */
  readonly round: number;
  /** M⁻¹, symmetric positive definite. */
  readonly precondition?: Linear;
  /** Told after every iteration. */
  readonly after?: (state: CgState) => Asking<void>;
}

/** Everything the next iteration depends on, and the way here. Going on from it gives the bits of a solve that never stopped. */
export interface CgState {
  /** Iterates; directions; residuals R = σᵀ Q with Q orthonormal in M⁻¹, Z = M⁻¹ Q (Q itself without a preconditioner). */
  readonly x: Block;
  readonly p: Block;
  readonly q: Block;
  readonly z: Block;
  readonly sigma: Dense;
  readonly iteration: number;
  /** After each iteration: the largest relative residual by the recurrence. */
  readonly estimates: readonly number[];
  /** Since the round began: P A Pᵀ of each iteration, and the factors of the orthonormalization after it. */
  readonly curvatures: readonly Dense[];
  readonly factors: readonly Dense[];
  /** The largest relative residual where the round began. */
  readonly round: number;
  /** How often one began anew, a product each. */
  readonly rounds: number;
  /** Extreme Ritz values of the rounds before. */
  readonly ends?: Ends;
  /** A direction of negative curvature was met: the matrix is not positive definite. */
  readonly indefinite: boolean;
}

export interface CgResult {
  readonly state: CgState;
  readonly end: "converged" | "iterations" | "indefinite";
  /** Of each column, by a fresh product. */
  readonly residuals: readonly number[];
  /** Products with blocks: one an iteration, one for each fresh residual and each round. */
  readonly products: number;
  /** Of A, or of M⁻¹ A where preconditioned: extreme Ritz values. Absent before the first iteration. */
  readonly ritz?: Ends;
}

/** Below this share of the largest a curvature is rounding. */
const ROUNDING = 1e-6;

/**
 * Block conjugate gradients for symmetric positive definite A, every right-hand side at once in one Krylov space (O'Leary 1980), in the form that
 * keeps the residuals orthonormal, which right-hand sides that depend on each other do not break (Dubrulle 2001, BCGrQ). One product with a block
 * an iteration. Stops where a fresh product confirms the tolerance; ends as `indefinite` at the first direction of negative curvature.
 */
export function* blockCg(apply: Linear, rhs: Block, options: CgOptions, from?: CgState): Asking<CgResult> {
  const norms = Array.from({ length: rhs.count }, (_, i) => norm(row(rhs, i)));
  let state = from ?? (yield* begin(zeroBlock(rhs.count, rhs.size), rhs, norms, options, []));
  for (;;) {
    const { estimates, iteration, indefinite } = state;
    const last = estimates.at(-1) ?? relative(state, norms);
    if (indefinite || iteration >= options.iterations || isCheck(estimates, options.tolerance) || last === 0) {
      const residuals = yield* freshResiduals(apply, rhs, state.x, norms);
      const met = Math.max(...residuals) <= options.tolerance;
      const end = met
        ? "converged"
        : indefinite
          ? "indefinite"
          : iteration >= options.iterations
            ? "iterations"
            : undefined;
      if (end !== undefined) return result(state, end, residuals, options.tolerance);
    }
    if (last <= options.round * state.round) {
      const product = yield* apply(state.x);
      const residual = copyBlock(rhs);
      addTo(residual.data, -1, product.data);
      const next = yield* begin(state.x, residual, norms, options, estimates);
      const ends = endsOf(state);
      state = { ...next, iteration, rounds: state.rounds + 1, ...(ends === undefined ? {} : { ends }) };
    }
    state = yield* step(apply, state, norms, options);
    if (options.after !== undefined) yield* options.after(state);
  }
}

/** Whether a state on the way is not past the end of a solve to this tolerance, so that the solve may go on from it. */
export const isBefore = (
  { estimates, iteration }: CgState,
  { tolerance, iterations }: Pick<CgOptions, "tolerance" | "iterations">,
): boolean => iteration <= iterations && !estimates.slice(0, -1).some((estimate) => estimate <= tolerance);

/** The recurrence is believed to be within the tolerance, for the first time or at half the residual of the last time. A function of the way alone. */
const isCheck = (estimates: readonly number[], tolerance: number): boolean => {
  let next = tolerance;
  let last = false;
  for (const estimate of estimates) {
    last = estimate <= next;
    if (last) next = estimate / 2;
  }
  return last;
};

const checks = (estimates: readonly number[], tolerance: number): number =>
  estimates.filter((_, i) => isCheck(estimates.slice(0, i + 1), tolerance)).length;

const result = (state: CgState, end: CgResult["end"], residuals: readonly number[], tolerance: number): CgResult => {
  const { estimates, iteration, rounds } = state;
  const fresh = checks(estimates, tolerance) + (isCheck(estimates, tolerance) ? 0 : 1);
  const ritz = endsOf(state);
  return {
    state,
    end,
    residuals,
    products: iteration + fresh + rounds,
    ...(ritz === undefined ? {} : { ritz }),
  };
};

/** Extreme Ritz values of all rounds so far. */
const endsOf = (state: CgState): Ends | undefined => {
  const t = tridiagonal(state);
  const now = t.diagonal.length === 0 ? undefined : extremes(t);
  return widened(state.ends, now);
};

export const widened = (a: Ends | undefined, b: Ends | undefined): Ends | undefined =>
  a === undefined || b === undefined
    ? (a ?? b)
    : { smallest: Math.min(a.smallest, b.smallest), largest: Math.max(a.largest, b.largest) };

/** The start of a round: Q and σ of the residual, P = Z. */
function* begin(
  x: Block,
  residual: Block,
  norms: readonly number[],
  { precondition }: CgOptions,
  estimates: readonly number[],
): Asking<CgState> {
  const q = copyBlock(residual);
  const z = precondition === undefined ? q : yield* precondition(q);
  const sigma = orthonormalize(q, z);
  const start = { x: copyBlock(x), p: copyBlock(z), q, z, sigma, estimates, curvatures: [], factors: [] };
  const state = { ...start, iteration: 0, round: 1, rounds: 0, indefinite: false };
  return { ...state, round: relative(state, norms) };
}

function* step(apply: Linear, state: CgState, norms: readonly number[], { precondition }: CgOptions): Asking<CgState> {
  const { p, sigma } = state;
  const image = yield* apply(p);
  // α = (P A Pᵀ)⁻¹
  const curvature = gram(p, image);
  const eigen = symmetricEigen(curvature);
  const largest = Math.max(...eigen.values.map(Math.abs));
  // Where no direction has curvature, no step leads on.
  const indefinite =
    largest === 0 || eigen.values.some((value) => value < -ROUNDING * largest) || !Number.isFinite(largest);
  if (indefinite) return { ...state, indefinite };
  const alpha = spectralFunction(eigen, (value) => (value <= ROUNDING * ROUNDING * largest ? 0 : 1 / value));
  // X += P α σ
  const x = copyBlock(state.x);
  combine(x, 1, product(alpha, sigma), p);
  // Q ρ = Q − A P α
  const q = copyBlock(state.q);
  combine(q, -1, alpha, image);
  const z = precondition === undefined ? q : yield* precondition(q);
  const rho = orthonormalize(q, z);
  const nextSigma = product(rho, sigma);
  // P = Z + P ρᵀ
  const next = copyBlock(z);
  combine(next, 1, transposed(rho), p);
  const moved = { x, p: next, q, z, sigma: nextSigma };
  return {
    ...state,
    ...moved,
    iteration: state.iteration + 1,
    estimates: [...state.estimates, relative({ ...state, ...moved }, norms)],
    curvatures: [...state.curvatures, curvature],
    factors: [...state.factors, rho],
  };
}

/** max ‖R_j‖ / ‖v_j‖, R = σᵀ Q. */
const relative = ({ q, sigma }: Pick<CgState, "q" | "sigma">, norms: readonly number[]): number => {
  const inner = gram(q, q);
  let most = 0;
  for (let j = 0; j < sigma.columns; j++) {
    let square = 0;
    for (let a = 0; a < q.count; a++)
      for (let b = 0; b < q.count; b++)
        square +=
          sigma.data[a * sigma.columns + j]! * inner.data[a * q.count + b]! * sigma.data[b * sigma.columns + j]!;
    const of = norms[j]!;
    if (of > 0) most = Math.max(most, Math.sqrt(Math.max(0, square)) / of);
  }
  return most;
};

export function* freshResiduals(
  apply: Linear,
  rhs: Block,
  x: Block,
  norms?: readonly number[],
): Asking<readonly number[]> {
  const image = yield* apply(x);
  return Array.from({ length: rhs.count }, (_, i) => {
    const [v, y] = [row(rhs, i), row(image, i)];
    let square = 0;
    for (let j = 0; j < v.length; j++) square += (y[j]! - v[j]!) ** 2;
    const of = norms?.[i] ?? norm(v);
    return of === 0 ? 0 : Math.sqrt(square) / of;
  });
}

/** What is left of a vector that depends on those before it, by its own length. */
const DEPENDENT = 1e-10;

/**
 * Q and Z = M⁻¹ Q in place, so that Q Zᵀ = I; gives ρ with (what Q was) = ρᵀ Q. Gram and Schmidt's, twice. A vector that depends on those before
 * it becomes zero, and so does its row of ρ.
 */
export const orthonormalize = (q: Block, z: Block): Dense => atOnce(orthonormalizeWork(q, z));

export function* orthonormalizeWork(q: Block, z: Block): Work<Dense> {
  const k = q.count;
  const rho = dense(k, k);
  for (let j = 0; j < k; j++) {
    const [qj, zj] = [row(q, j), row(z, j)];
    const before = Math.sqrt(Math.max(0, dot(qj, zj)));
    for (let time = 0; time < 2; time++)
      for (let i = 0; i < j; i++) {
        const along = dot(row(z, i), qj);
        if (along === 0) continue;
        rho.data[i * k + j]! += along;
        addTo(qj, -along, row(q, i));
        if (z !== q) addTo(zj, -along, row(z, i));
      }
    const after = Math.sqrt(Math.max(0, dot(qj, zj)));
    const length = after <= DEPENDENT * before || after === 0 ? 0 : after;
    rho.data[j * k + j] = length;
    scaleBy(qj, length === 0 ? 0 : 1 / length);
    if (z !== q) scaleBy(zj, length === 0 ? 0 : 1 / length);
    yield ((j + 1) / k) ** 2;
  }
  return rho;
}

/** Lanczos's matrix from the coefficients: T_ii = D_i + ρ_i D_{i-1} ρ_iᵀ, T_{i,i-1} = −ρ_i D_{i-1}, without vectors that were dropped. */
const tridiagonal = ({ curvatures, factors }: CgState): BlockTridiagonal => {
  const kept = curvatures.map(({ rows, data }) =>
    Array.from({ length: rows }, (_, j) => j).filter((j) => data[j * rows + j] !== 0),
  );
  const diagonal: Dense[] = [];
  const below: Dense[] = [];
  for (const [i, curvature] of curvatures.entries()) {
    if (kept[i]!.length === 0) break;
    if (i === 0) {
      diagonal.push(restricted(curvature, kept[0]!, kept[0]!));
      continue;
    }
    const rho = factors[i - 1]!;
    const coupled = product(rho, curvatures[i - 1]!);
    const grown = product(coupled, transposed(rho));
    for (let j = 0; j < grown.data.length; j++) grown.data[j]! += curvature.data[j]!;
    diagonal.push(restricted(grown, kept[i]!, kept[i]!));
    below.push(restricted(coupled, kept[i]!, kept[i - 1]!, -1));
  }
  return { diagonal, below };
};

const restricted = (matrix: Dense, rows: readonly number[], columns: readonly number[], factor = 1): Dense => {
  const result = dense(rows.length, columns.length);
  rows.forEach((from, i) => {
    columns.forEach((column, j) => {
      result.data[i * columns.length + j] = factor * matrix.data[from * matrix.columns + column]!;
    });
  });
  return result;
};

/** The state as arrays and figures, every bit kept. */
export const toCheckpoint = (state: CgState): Checkpoint => ({
  arrays: {
    "solve/x": blockTensor(state.x),
    "solve/p": blockTensor(state.p),
    "solve/q": blockTensor(state.q),
    ...(state.z === state.q ? {} : { "solve/z": blockTensor(state.z) }),
    "solve/sigma": denseTensor([state.sigma]),
    "solve/curvatures": denseTensor(state.curvatures),
    "solve/factors": denseTensor(state.factors),
    "solve/estimates": vectorTensor(Float64Array.from(state.estimates)),
    "solve/round": vectorTensor(Float64Array.of(state.round)),
    ...(state.ends === undefined
      ? {}
      : { "solve/ends": vectorTensor(Float64Array.of(state.ends.smallest, state.ends.largest)) }),
  },
  figures: { iteration: state.iteration, rounds: state.rounds, indefinite: state.indefinite },
});

/** The inverse of `toCheckpoint`; undefined where the arrays are something else's. */
export const fromCheckpoint = ({ arrays, figures }: Checkpoint): CgState | undefined => {
  const block = (name: string) => blockOf(arrays[`solve/${name}`]);
  const matrices = (name: string): readonly Dense[] => {
    const found = arrays[`solve/${name}`];
    if (!(found?.data instanceof Float64Array)) return [];
    const { data } = found;
    const [count = 0, rows = 0, columns = 0] = found.shape;
    return Array.from({ length: count }, (_, i) =>
      dense(rows, columns, data.slice(i * rows * columns, (i + 1) * rows * columns)),
    );
  };
  const vector = (name: string): readonly number[] => Array.from(arrays[`solve/${name}`]?.data ?? []);
  const [x, p, q] = [block("x"), block("p"), block("q")];
  const [sigma] = matrices("sigma");
  const of = typeof figures === "object" && figures !== null && "iteration" in figures ? figures : undefined;
  if (x === undefined || p === undefined || q === undefined || sigma === undefined || typeof of?.iteration !== "number")
    return undefined;
  const [smallest, largest] = vector("ends");
  return {
    ...(smallest === undefined || largest === undefined ? {} : { ends: { smallest, largest } }),
    x,
    p,
    q,
    z: block("z") ?? q,
    sigma,
    iteration: of.iteration,
    estimates: vector("estimates"),
    curvatures: matrices("curvatures"),
    factors: matrices("factors"),
    round: vector("round")[0] ?? 1,
    rounds: typeof of.rounds === "number" ? of.rounds : 0,
    indefinite: of.indefinite === true,
  };
};

/** The inverse of `blockTensor`, in memory of its own. */
export const blockOf = (tensor: Tensor | undefined): Block | undefined => {
  if (!(tensor?.data instanceof Float64Array)) return undefined;
  const [count = 0, size = 0] = tensor.shape;
  return { count, size, data: tensor.data.slice() };
};

export const blockTensor = ({ count, size, data }: Block): Tensor => ({ dtype: "f64", shape: [count, size], data });
const vectorTensor = (data: Float64Array): Tensor => ({ dtype: "f64", shape: [data.length], data });
const denseTensor = (matrices: readonly Dense[]): Tensor => {
  const { rows, columns } = matrices[0] ?? { rows: 0, columns: 0 };
  const data = new Float64Array(matrices.length * rows * columns);
  matrices.forEach((matrix, i) => {
    data.set(matrix.data, i * rows * columns);
  });
  return { dtype: "f64", shape: [matrices.length, rows, columns], data };
};
