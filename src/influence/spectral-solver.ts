import type { Damping, HessianChoice } from "../plan/influence.ts";
import type { Asking } from "./asking.ts";
import { type Chosen, chooseDamping } from "./damping.ts";
import { FAR, howFar } from "./far.ts";
import type { Spectral } from "./method.ts";
import type { Operator } from "./operator.ts";
import type { Solver } from "./solver.ts";
import type { Block } from "./vectors.ts";

/** An approximation's own inverse: no Hessian-vector product for another right-hand side. What it promises is how far it is, in all. */
export function* spectralSolver(operator: Operator, spectral: Spectral, { damping, why }: Chosen): Asking<Solver> {
  const solve = (block: Block) => spectral.power(block, -1, damping);
  const { residual, products } = yield* howFar(operator, { of: [spectral.of, damping], solve, damping });
  return {
    tolerance: undefined,
    *solve(rhs) {
      return { s: yield* solve(rhs) };
    },
    certificate: () => ({
      residual,
      damping,
      why,
      eigenvalues: { smallest: spectral.smallest, largest: spectral.largest },
      hvps: spectral.hvps + products,
      details: { ...spectral.figures, residual_of: FAR },
    }),
    close: spectral.close,
  };
}

/** As for a solve: low-rank bases know the ends of the spectrum. */
export const basisDamping = (asked: Damping, spectral: Spectral, hessian: HessianChoice): Chosen =>
  chooseDamping(asked, spectral, hessian);
