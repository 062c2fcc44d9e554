import type { Checkpoint } from "../plan/algorithm.ts";
import { dot, type Evaluate, lineSearch } from "./line-search.ts";

/** Everything the next iteration depends on: a run that goes on from it ends in the same bits as one never stopped. */
export interface LbfgsState {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  /** Pairs s = x' - x, y = g' - g of the latest iterations, oldest first. */
  readonly pairs: readonly Pair[];
  readonly iteration: number;
}

export interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
}

export interface LbfgsOptions {
  /** Bounds the largest |gradient|. */
  readonly tolerance: number;
  readonly history: number;
  /** How many iterations at most, those before a resume included. */
  readonly iterations: number;
}

export type LbfgsEnd = "converged" | "iterations" | "stalled" | "non_finite";

/**
 * L-BFGS: two-loop recursion over the last `history` pairs (Nocedal 1980; Nocedal and Wright, algorithm 7.4), strong Wolfe line search.
 * `after` is told every iteration. Stalled: rounding leaves no step that lowers the value; the state is the best one known.
 */
export function* lbfgs<Asked, Answered>(
  evaluate: Evaluate<Asked, Answered>,
  start: Float64Array | LbfgsState,
  options: LbfgsOptions,
  after: (state: LbfgsState) => Generator<Asked, void, Answered>,
): Generator<Asked, { readonly state: LbfgsState; readonly end: LbfgsEnd }, Answered> {
  let state: LbfgsState = "pairs" in start ? start : { x: start, ...(yield* evaluate(start)), pairs: [], iteration: 0 };
  for (;;) {
    if (!Number.isFinite(state.value) || !state.gradient.every(Number.isFinite)) return { state, end: "non_finite" };
    if (largest(state.gradient) <= options.tolerance) return { state, end: "converged" };
    if (state.iteration >= options.iterations) return { state, end: "iterations" };
    const next = yield* step(evaluate, state, options.history);
    if (next === undefined) {
      if (state.pairs.length === 0) return { state, end: "stalled" };
      state = { ...state, pairs: [] };
      continue;
    }
    state = next;
    yield* after(state);
  }
}

function* step<Asked, Answered>(
  evaluate: Evaluate<Asked, Answered>,
  state: LbfgsState,
  history: number,
): Generator<Asked, LbfgsState | undefined, Answered> {
  const { x, gradient, pairs } = state;
  const direction = descent(gradient, pairs);
  // Without curvature the direction has no scale: begin with a step of length at most 1 in the 1-norm.
  const first = pairs.length === 0 ? Math.min(1, 1 / gradient.reduce((sum, g) => sum + Math.abs(g), 0)) : 1;
  const found = yield* lineSearch(evaluate, state, direction, first);
  if (found === undefined) return undefined;
  const s = found.x.map((value, i) => value - x[i]!);
  const y = found.gradient.map((value, i) => value - gradient[i]!);
  // The curvature condition keeps the approximation positive definite; a pair of rounding noise does not enter it.
  const usable = dot(s, y) > Number.EPSILON * dot(y, y);
  return {
    x: found.x,
    value: found.value,
    gradient: found.gradient,
    pairs: usable ? [...pairs, { s, y }].slice(-history) : pairs,
    iteration: state.iteration + 1,
  };
}

/** -H g by the two-loop recursion, H0 = (s.y / y.y) I of the newest pair. */
const descent = (gradient: Float64Array, pairs: readonly Pair[]): Float64Array => {
  const direction = gradient.map((value) => -value);
  const alphas = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y } = pairs[k]!;
    alphas[k] = dot(s, direction) / dot(s, y);
    add(direction, -alphas[k]!, y);
  }
  const newest = pairs.at(-1);
  if (newest !== undefined) {
    const scale = dot(newest.s, newest.y) / dot(newest.y, newest.y);
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  pairs.forEach(({ s, y }, k) => {
    add(direction, alphas[k]! - dot(y, direction) / dot(s, y), s);
  });
  return direction;
};

const add = (to: Float64Array, factor: number, what: Float64Array): void => {
  for (let i = 0; i < to.length; i++) to[i]! += factor * what[i]!;
};

/** The largest |entry|. */
export const largest = (vector: Float64Array): number => vector.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** The state as named arrays, every bit kept. */
export const toArrays = (state: LbfgsState): Checkpoint["arrays"] => ({
  "optimizer/x": tensor(state.x),
  "optimizer/gradient": tensor(state.gradient),
  "optimizer/value": tensor(Float64Array.of(state.value)),
  ...pairArrays(state.pairs),
});

export const pairArrays = (pairs: readonly Pair[]): Checkpoint["arrays"] =>
  Object.fromEntries(
    pairs.flatMap(({ s, y }, k) => [
      [`optimizer/s${k}`, tensor(s)],
      [`optimizer/y${k}`, tensor(y)],
    ]),
  );

const tensor = (data: Float64Array) => ({ dtype: "f64", shape: [data.length], data }) as const;

/** The inverse of `toArrays`; `undefined` where the arrays are another algorithm's. */
export const fromArrays = (arrays: Checkpoint["arrays"], iteration: number): LbfgsState | undefined => {
  const x = vectorOf(arrays, "x");
  const gradient = vectorOf(arrays, "gradient");
  const value = vectorOf(arrays, "value")?.[0];
  if (x === undefined || gradient === undefined || value === undefined) return undefined;
  return { x, value, gradient, pairs: pairsOf(arrays), iteration };
};

/** The inverse of `pairArrays`. */
export const pairsOf = (arrays: Checkpoint["arrays"]): readonly Pair[] => {
  const pairs: Pair[] = [];
  for (;;) {
    const s = vectorOf(arrays, `s${pairs.length}`);
    const y = vectorOf(arrays, `y${pairs.length}`);
    if (s === undefined || y === undefined) return pairs;
    pairs.push({ s, y });
  }
};

const vectorOf = (arrays: Checkpoint["arrays"], name: string): Float64Array | undefined => {
  const data = arrays[`optimizer/${name}`]?.data;
  return data instanceof Float64Array ? data : undefined;
};
