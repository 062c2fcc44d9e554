import type { Checkpoint } from "../plan/algorithm.ts";
import { normal } from "../random/random.ts";
import type { Asking } from "./asking.ts";
import { dense } from "./dense.ts";
import { type Eigen, eigenWork } from "./symmetric-eigen.ts";
import { addTo, type Block, dot, norm, row, scaleBy, zeroBlock } from "./vectors.ts";
import { atOnce, type Work } from "./work.ts";

type Linear = (block: Block) => Asking<Block>;

/** Lanczos's process after some steps: A V = V T + (beta last) e. */
export interface LanczosState {
  /** Orthonormal, one for each step; past what memory holds, the latest. */
  readonly basis: readonly Float64Array[];
  /** The next vector. */
  readonly next: Float64Array;
  readonly alphas: readonly number[];
  readonly betas: readonly number[];
}

export interface Extremes {
  readonly smallest: number;
  readonly largest: number;
  readonly products: number;
}

export interface LanczosOptions {
  readonly size: number;
  readonly seed: number;
  readonly steps: number;
  /** Bytes for the basis. */
  readonly memory: number;
  readonly after?: (state: LanczosState) => Asking<void>;
}

/** How well the ends are known: of the largest in size, and of themselves. */
const ACCURACY = { ofLargest: 1e-4, ofItself: 1e-2 };
const LOOK_EVERY = 5;

/**
 * The smallest and the largest eigenvalue of symmetric A by Lanczos's process with full reorthogonalization (Parlett 1998, chapter 13), from a
 * random start. Stops where the residuals of both Ritz pairs are small, or after `steps`.
 */
export function* extremeEigenvalues(apply: Linear, options: LanczosOptions, from?: LanczosState): Asking<Extremes> {
  let state = from ?? lanczosStart(options);
  for (;;) {
    const count = state.alphas.length;
    const exhausted = count > 0 && state.betas[count - 1] === 0;
    if (count > 0 && (count % LOOK_EVERY === 0 || exhausted || count >= options.steps)) {
      const { values, vectors } = atOnce(tridiagonalWork(state));
      const residual = (j: number) => state.betas[count - 1]! * Math.abs(vectors.data[(count - 1) * count + j]!);
      const [smallest, largest] = [values[0]!, values[count - 1]!];
      const scale = Math.max(Math.abs(smallest), Math.abs(largest));
      const known = (value: number, error: number) =>
        error <= Math.max(ACCURACY.ofLargest * scale * ACCURACY.ofItself, ACCURACY.ofItself * Math.abs(value));
      if (exhausted || count >= options.steps || (known(smallest, residual(0)) && known(largest, residual(count - 1))))
        return { smallest, largest, products: count };
    }
    state = yield* lanczosStep(apply, state, options);
    if (options.after !== undefined) yield* options.after(state);
  }
}

export const lanczosStart = ({ size, seed }: Pick<LanczosOptions, "size" | "seed">): LanczosState => {
  const next = normal(seed, "lanczos", 0, size);
  scaleBy(next, 1 / norm(next));
  return { basis: [], next, alphas: [], betas: [] };
};

export function* lanczosStep(
  apply: Linear,
  { basis, next, alphas, betas }: LanczosState,
  { size, memory }: Pick<LanczosOptions, "size" | "memory">,
): Asking<LanczosState> {
  const image = yield* apply({ count: 1, size, data: next });
  const w = image.data;
  const alpha = dot(next, w);
  const most = Math.max(2, Math.floor(memory / (8 * size)));
  const known = [...basis, next].slice(-most);
  const before = norm(w);
  for (let time = 0; time < 2; time++) for (const v of known) addTo(w, -dot(v, w), v);
  const beta = norm(w);
  // The space is exhausted: what is left is rounding.
  const left = beta > 1e-10 * before && alphas.length + 1 < size ? beta : 0;
  if (left > 0) scaleBy(w, 1 / left);
  return { basis: known, next: w, alphas: [...alphas, alpha], betas: [...betas, left] };
}

/** Eigenvalues ascending and eigenvectors of T. */
export const tridiagonalWork = ({ alphas, betas }: Pick<LanczosState, "alphas" | "betas">): Work<Eigen> => {
  const count = alphas.length;
  const t = dense(count, count);
  for (let i = 0; i < count; i++) {
    t.data[i * count + i] = alphas[i]!;
    if (i + 1 < count) {
      t.data[i * count + i + 1] = betas[i]!;
      t.data[(i + 1) * count + i] = betas[i]!;
    }
  }
  return eigenWork(t);
};

export const lanczosCheckpoint = ({ basis, next, alphas, betas }: LanczosState): Checkpoint => {
  const vectors = zeroBlock(basis.length, next.length);
  basis.forEach((v, i) => {
    row(vectors, i).set(v);
  });
  const vector = (data: Float64Array) => ({ dtype: "f64", shape: [data.length], data }) as const;
  return {
    arrays: {
      "lanczos/basis": { dtype: "f64", shape: [basis.length, next.length], data: vectors.data },
      "lanczos/next": vector(next),
      "lanczos/alphas": vector(Float64Array.from(alphas)),
      "lanczos/betas": vector(Float64Array.from(betas)),
    },
    figures: { steps: alphas.length },
  };
};

export const fromLanczosCheckpoint = ({ arrays }: Checkpoint): LanczosState | undefined => {
  const data = (name: string) => {
    const found = arrays[`lanczos/${name}`]?.data;
    return found instanceof Float64Array ? found : undefined;
  };
  const [basis, next, alphas, betas] = [data("basis"), data("next"), data("alphas"), data("betas")];
  if (basis === undefined || next === undefined || alphas === undefined || betas === undefined) return undefined;
  const p = next.length;
  return {
    basis: Array.from({ length: basis.length / p }, (_, i) => basis.slice(i * p, (i + 1) * p)),
    next: next.slice(),
    alphas: Array.from(alphas),
    betas: Array.from(betas),
  };
};
