import { type Algorithm, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Method } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import { type Asking, lacking } from "./asking.ts";
import { blockCg, type CgResult, fromCheckpoint, isBefore, toCheckpoint, widened } from "./cg.ts";
import { chooseDamping, type Ends, isNegative, singular, undamped, unexpected } from "./damping.ts";
import { endsForDamping } from "./eigenvalues.ts";
import { fingerprint } from "./fingerprint.ts";
import { numbersOf } from "./low-rank.ts";
import type { Spectral } from "./method.ts";
import { addDamping, type Operator } from "./operator.ts";
import type { Solver } from "./solver.ts";
import type { Block } from "./vectors.ts";

type Cg = Extract<Method, { kind: "cg" }>;

const CHECKPOINT_EVERY = 5;

/** How far the recurrence is trusted with products of this precision. */
const ROUND = { f32: 1e-6, f64: 1e-12 };

/** What a preconditioner's eigenvalues are raised by at least, of their mean: it must be positive definite, and trust no tiny eigenvalue. */
const FLOOR = 1e-3;

/**
 * Conjugate gradients on all right-hand sides of a block at once (Martens 2010 for Hessian-free use), preconditioned by an approximation of the
 * curvature where `fit` gives one. The damping is the model's, settled before anything else.
 */
export function* cgSolver(operator: Operator, method: Cg, fit: Asking<Spectral | undefined>): Asking<Solver> {
  const { damping: asked, hessian, tolerance, iterations } = method;
  const found = yield* endsForDamping(operator);
  const [ends, products] = typeof found === "string" ? [undefined, 0] : [found, found.products];
  const { damping, why } = typeof found === "string" ? undamped(asked, found) : chooseDamping(asked, found, hessian);
  const preconditioner = yield* fit;
  let ritz: Ends | undefined;
  let hvps = products + (preconditioner?.hvps ?? 0);
  let most = 0;
  return {
    tolerance,
    *solve(rhs) {
      const { s, result } = yield* solvePart(operator, rhs, damping, { tolerance, iterations }, preconditioner);
      hvps += result.products * rhs.count;
      most = Math.max(most, result.iterations);
      if (result.ritz !== undefined && preconditioner === undefined) {
        const { smallest, largest } = result.ritz;
        ritz = widened(ritz, { smallest: smallest - damping, largest: largest - damping });
        if (isNegative(result.ritz)) throw unexpected(ritz!);
      }
      if (result.end === "indefinite") throw singular();
      return { s, residuals: result.residuals };
    },
    certificate: () => ({
      damping,
      why,
      ...(ends === undefined && ritz === undefined ? {} : { eigenvalues: pick(ends ?? ritz!) }),
      hvps,
      iterations: most,
      details: preconditioner === undefined ? {} : { precondition: method.precondition, ...preconditioner.figures },
    }),
    *close() {
      yield* operator.release();
      if (preconditioner !== undefined) yield* preconditioner.close();
    },
  };
}

const pick = ({ smallest, largest }: Ends): Ends => ({ smallest, largest });

interface Kept {
  readonly iterations: number;
  readonly products: number;
  readonly end: CgResult["end"];
  readonly residuals: readonly number[];
  readonly ritz?: Ends;
}

/**
 * A solve as a part: keyed by the curvature, the damping, the preconditioner and the right-hand sides themselves, so that the same question of
 * another program finds it. Its states are kept without the tolerance: a tighter one goes on where a looser one ended.
 */
function* solvePart(
  operator: Operator,
  rhs: Block,
  damping: number,
  bounds: { readonly tolerance: number; readonly iterations: number },
  preconditioner: Spectral | undefined,
): Asking<{ readonly s: Block; readonly result: Kept }> {
  const trail: Json = {
    solve: "cg",
    curvature: operator.of,
    damping,
    precondition: preconditioner?.of ?? null,
    rhs: fingerprint(rhs.data),
    count: rhs.count,
  };
  const shift = preconditioner === undefined ? 0 : preconditionerDamping(preconditioner, damping);
  const options = {
    ...bounds,
    round: ROUND[operator.problem.precision],
    ...(preconditioner === undefined ? {} : { precondition: (block: Block) => preconditioner.power(block, -1, shift) }),
  };
  const compute = function* (kept: { readonly state: Checkpoint } | undefined): Algorithm<Checkpoint> {
    const found = kept === undefined ? undefined : fromCheckpoint(kept.state);
    const from = found !== undefined && isBefore(found, bounds) ? found : undefined;
    const result = yield* blockCg(
      function* (block) {
        return addDamping(yield* operator.apply(block), damping, block);
      },
      rhs,
      {
        ...options,
        *after(state) {
          const residual = state.estimates.at(-1) ?? 1;
          yield {
            do: "progress",
            fraction: Math.min(1, Math.max(0, Math.log(residual) / Math.log(bounds.tolerance))),
            figures: { iteration: state.iteration, residual },
          };
          if (state.iteration % CHECKPOINT_EVERY === 0)
            yield { do: "checkpoint", at: state.iteration, state: toCheckpoint(state) };
        },
      },
      from,
    );
    const { state, end, residuals, products, ritz } = result;
    if (!state.indefinite) yield { do: "checkpoint", at: state.iteration, state: toCheckpoint(state) };
    return {
      arrays: {
        "solve/x": { dtype: "f64", shape: [rhs.count, rhs.size], data: state.x.data },
        "solve/residuals": { dtype: "f64", shape: [rhs.count], data: Float64Array.from(residuals) },
      },
      figures: { iterations: state.iteration, products, end, ...(ritz === undefined ? {} : { ...ritz }) },
    };
  };
  const { arrays, figures } = yield* part("solve", { ...trail, ...bounds }, [0, 1], compute, { trail });
  const { iterations, products, smallest, largest } = numbersOf(figures);
  const data = arrays["solve/x"]?.data;
  const end = typeof figures === "object" && figures !== null && "end" in figures ? figures.end : undefined;
  if (!(data instanceof Float64Array) || iterations === undefined || products === undefined || !isEnd(end))
    throw lacking("a stored solve lacks its iterate");
  return {
    s: { count: rhs.count, size: rhs.size, data },
    result: {
      iterations,
      products,
      end,
      residuals: Array.from(arrays["solve/residuals"]?.data ?? []),
      ...(smallest === undefined || largest === undefined ? {} : { ritz: { smallest, largest } }),
    },
  };
}

const isEnd = (value: Json | undefined): value is CgResult["end"] =>
  value === "converged" || value === "iterations" || value === "indefinite";

/** What is added to a preconditioner's eigenvalues: the solve's damping, and enough for all to be positive. One that is 0 becomes the identity. */
export const preconditionerDamping = ({ smallest, mean }: Spectral, damping: number): number => {
  const floor = FLOOR * Math.abs(mean);
  return Math.max(damping, floor - smallest) || 1;
};
