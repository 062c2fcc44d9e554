import { AlgorithmFailure } from "../plan/algorithm.ts";
import type { Method, Preconditioner } from "../plan/influence.ts";
import type { Asking } from "./asking.ts";
import { cgSolver } from "./cg-solver.ts";
import { ekfac } from "./ekfac.ts";
import { exactSolver } from "./exact.ts";
import { gradCos, gradDot } from "./grad-dot.ts";
import { factoredSolver, kfac } from "./kfac.ts";
import { knnShapley } from "./knn-shapley.ts";
import { lissaSolver } from "./lissa.ts";
import { arnoldi, nystrom } from "./low-rank.ts";
import type { Scorer, Spectral } from "./method.ts";
import { type Operator, operatorOf } from "./operator.ts";
import type { Problem } from "./problem.ts";
import { random } from "./random.ts";
import { representer } from "./representer.ts";
import type { InfluenceContext } from "./result.ts";
import type { Solver } from "./solver.ts";
import { basisDamping, spectralSolver } from "./spectral-solver.ts";
import { tracin } from "./tracin.ts";
import { trak } from "./trak.ts";

/** A method either solves for s, whose products with gradients are the scores, or makes the scores itself. */
type Way<M> =
  | { readonly solves: (problem: Problem, method: M) => Asking<Solver>; readonly iterates: boolean }
  | { readonly scores: (method: M, context: InfluenceContext) => Scorer };

const ways: { readonly [K in Method["kind"]]: Way<Extract<Method, { kind: K }>> } = {
  exact: {
    iterates: false,
    solves: (problem, method) => exactSolver(operatorOf(problem, method.hessian), method),
  },
  cg: {
    iterates: true,
    *solves(problem, method) {
      const operator = operatorOf(problem, method.hessian);
      return yield* cgSolver(operator, method, preconditionerOf(operator, method.precondition));
    },
  },
  lissa: {
    iterates: true,
    *solves(problem, method) {
      const operator = operatorOf(problem, method.hessian);
      return yield* lissaSolver(operator, method, yield* preconditionerOf(operator, method.precondition));
    },
  },
  arnoldi: {
    iterates: false,
    *solves(problem, { hessian, rank, seed, damping }) {
      const operator = operatorOf(problem, hessian);
      const spectral = yield* arnoldi(operator, rank, seed);
      return yield* spectralSolver(operator, spectral, basisDamping(damping, spectral, hessian));
    },
  },
  nystrom: {
    iterates: false,
    *solves(problem, { hessian, rank, seed, damping }) {
      const operator = operatorOf(problem, hessian);
      const spectral = yield* nystrom(operator, rank, seed);
      return yield* spectralSolver(operator, spectral, basisDamping(damping, spectral, hessian));
    },
  },
  kfac: {
    iterates: false,
    *solves(problem, { damping, seed }) {
      return yield* factoredSolver(problem, yield* kfac(problem, seed), damping);
    },
  },
  ekfac: {
    iterates: false,
    *solves(problem, { damping, seed }) {
      return yield* factoredSolver(problem, yield* ekfac(problem, seed), damping);
    },
  },
  grad_dot: { scores: () => gradDot },
  grad_cos: { scores: () => gradCos },
  tracin: { scores: (_, { checkpoints = [] }) => tracin(checkpoints) },
  trak: { scores: ({ projections, seed }, { models = [] }) => trak(projections, seed, models) },
  representer: { scores: () => representer },
  knn_shapley: { scores: ({ k }) => knnShapley(k) },
  random: { scores: ({ seed }) => random(seed) },
};

/** How a method gets its scores, by its own settings. */
export const wayOf = (
  method: Method,
):
  | { readonly solves: (problem: Problem) => Asking<Solver>; readonly iterates: boolean }
  | { readonly scores: (context: InfluenceContext) => Scorer } => {
  const way: Way<never> = ways[method.kind];
  // TypeScript cannot tie a way to the method of its own kind.
  const own = method as never;
  return "scores" in way
    ? { scores: (context) => way.scores(own, context) }
    : { iterates: way.iterates, solves: (problem) => way.solves(problem, own) };
};

/** Vectors of a Nystrom preconditioner. */
const PRECONDITION_RANK = 64;
const PRECONDITION_SEED = 0;

function* preconditionerOf(operator: Operator, kind: Preconditioner): Asking<Spectral | undefined> {
  switch (kind) {
    case "none":
      return undefined;
    case "ekfac":
      return yield* ekfac(operator.problem, PRECONDITION_SEED);
    case "nystrom": {
      // A preconditioner has to be positive definite, as the Gauss-Newton matrix is.
      const positive = operatorOf(operator.problem, "gauss_newton");
      const spectral = yield* nystrom(positive, PRECONDITION_RANK, PRECONDITION_SEED, "least");
      yield* positive.release();
      return spectral;
    }
  }
}

/** Raised where a method is asked for what needs a solve. */
export const needsSolve = (method: string, what: string): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5612",
    `${what} is a product with (H + λI)⁻¹∇m, and ${method} solves for none`,
    "use cg, exact, lissa, arnoldi, nystrom, kfac or ekfac",
  );
