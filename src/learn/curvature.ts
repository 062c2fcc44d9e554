import type { Answer, Command } from "../plan/algorithm.ts";
import { normal } from "../random/random.ts";
import type { Pair } from "./lbfgs.ts";
import { dot, type Evaluation } from "./line-search.ts";

/** Values and gradients at several points at once, at most `width` of them. */
export type EvaluateMany = (points: readonly Float64Array[]) => Generator<Command, readonly Evaluation[], Answer>;

/** Blocks of the Krylov space: more points the ends of the spectrum better, and costs an evaluation each. */
const DEPTH = 10;
/** Length of a difference's step beside the point's. */
const STEP = 1e-4;
/** What is left of a direction after the others are taken out of it is rounding below this share. */
const ROUNDING = 1e-8;

/**
 * Pairs s, y = H s of the Hessian at a point, conjugate to each other (s_i · y_j = 0): a block Krylov space from random directions, by differences of
 * the gradient. L-BFGS that begins with them solves at once what lies in their space, the largest eigenvalues above all (Morales and Nocedal 2000,
 * "Automatic preconditioning by limited memory quasi-Newton updating").
 */
export function* curvaturePairs(
  evaluate: EvaluateMany,
  at: Float64Array,
  { seed, width, most }: { readonly seed: number; readonly width: number; readonly most: number },
): Generator<Command, readonly Pair[], Answer> {
  const pairs: Pair[] = [];
  const [here] = yield* evaluate([at]);
  const step = STEP * Math.sqrt(dot(at, at));
  let block = Array.from({ length: width }, (_, k) => normal(seed, "curvature", k, at.length));
  for (let depth = 0; depth < DEPTH && block.length > 0 && pairs.length < most && step > 0; depth++) {
    const directions = independent(block, pairs);
    const points = directions.map((s) => at.map((x, i) => x + step * s[i]!));
    const found = points.length === 0 ? [] : yield* evaluate(points);
    block = found.map(({ gradient }) => gradient.map((g, i) => (g - here!.gradient[i]!) / step));
    for (const [k, y] of block.entries()) {
      const pair = { s: directions[k]!.slice(), y: y.slice() };
      for (const earlier of pairs) {
        const share = dot(pair.s, earlier.y);
        add(pair.s, -share, earlier.s);
        add(pair.y, -share, earlier.y);
      }
      const bent = dot(pair.s, pair.y);
      // Where the objective bends down, or rounding is all there is, L-BFGS has no use for it.
      if (bent > ROUNDING * Math.sqrt(dot(pair.s, pair.s) * dot(pair.y, pair.y)) && pairs.length < most)
        pairs.push({ s: scaled(pair.s, bent ** -0.5), y: scaled(pair.y, bent ** -0.5) });
    }
  }
  return pairs;
}

/** Unit vectors for the same space, without what the pairs hold of it; twice, against rounding (Parlett 1998, section 6.9). */
const independent = (block: readonly Float64Array[], pairs: readonly Pair[]): readonly Float64Array[] => {
  const units: Float64Array[] = [];
  for (const vector of block) {
    const v = vector.slice();
    const before = Math.sqrt(dot(v, v));
    for (let time = 0; time < 2; time++) {
      for (const { s, y } of pairs) add(v, -dot(v, y), s);
      for (const unit of units) add(v, -dot(v, unit), unit);
    }
    const left = Math.sqrt(dot(v, v));
    if (left > ROUNDING * before) units.push(scaled(v, 1 / left));
  }
  return units;
};

const add = (to: Float64Array, factor: number, what: Float64Array): void => {
  for (let i = 0; i < to.length; i++) to[i]! += factor * what[i]!;
};

const scaled = (vector: Float64Array, by: number): Float64Array => vector.map((value) => by * value);
