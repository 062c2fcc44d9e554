import { type Algorithm, type Checkpoint, part } from "../plan/algorithm.ts";
import { type Asking, known, lacking } from "./asking.ts";
import { isConvex } from "./convex.ts";
import { type Extremes, extremeEigenvalues, fromLanczosCheckpoint, lanczosCheckpoint } from "./lanczos.ts";
import { numbersOf } from "./low-rank.ts";
import type { Operator } from "./operator.ts";

const STEPS = 100;
const CHECKPOINT_EVERY = 10;
/** Share of the budget for the basis. */
const BASIS = 1 / 4;

/**
 * The ends that decide the damping, before anything is solved: a question of the model alone, whatever is asked of it, and a part that every later query
 * finds. Nothing where the curvature has no negative eigenvalue, and why.
 */
export function* endsForDamping(operator: Operator): Asking<Extremes | string> {
  const { hessian, problem } = operator;
  const without =
    hessian === "gauss_newton"
      ? "a Gauss-Newton matrix has no negative eigenvalue"
      : isConvex(problem)
        ? "the objective is convex"
        : undefined;
  if (without === undefined) return yield* curvatureEnds(operator);
  yield* part("eigenvalues", { eigenvalues: "not negative", curvature: operator.of }, [0, 1], function* () {
    return yield* known({ arrays: {}, figures: { products: 0 } });
  });
  return without;
}

/** The extreme eigenvalues of the curvature, a part that every later query finds. The start is the same for all, so all take the same damping. */
export function* curvatureEnds(operator: Operator): Asking<Extremes> {
  const { layout, budget } = operator.problem;
  const of = { eigenvalues: "lanczos", curvature: operator.of, steps: STEPS };
  const found = yield* part("eigenvalues", of, [0, 1], function* (from): Algorithm<Checkpoint> {
    const options = {
      size: layout.size,
      seed: 0,
      steps: Math.min(STEPS, layout.size),
      memory: budget * BASIS,
      *after(state: Parameters<typeof lanczosCheckpoint>[0]): Asking<void> {
        const done = state.alphas.length;
        yield { do: "progress", fraction: done / STEPS, figures: { vector: done } };
        if (done % CHECKPOINT_EVERY === 0) yield { do: "checkpoint", at: done, state: lanczosCheckpoint(state) };
      },
    };
    const start = from === undefined ? undefined : fromLanczosCheckpoint(from.state);
    return { arrays: {}, figures: { ...(yield* extremeEigenvalues(operator.apply, options, start)) } };
  });
  const { smallest, largest, products } = numbersOf(found.figures);
  if (smallest === undefined || largest === undefined || products === undefined)
    throw lacking("stored eigenvalues lack their numbers");
  return { smallest, largest, products };
}
