import type { Damping, HessianChoice } from "../plan/influence.ts";
import { type Chosen, chooseDamping } from "./damping.ts";
import type { Spectral } from "./method.ts";
import type { Solver } from "./solver.ts";

/** An approximation's own inverse: no Hessian-vector product for another right-hand side. It promises no residual. */
export const spectralSolver = (spectral: Spectral, { damping, why }: Chosen): Solver => ({
  tolerance: undefined,
  *solve(rhs) {
    return { s: yield* spectral.power(rhs, -1, damping) };
  },
  certificate: () => ({
    damping,
    why,
    eigenvalues: { smallest: spectral.smallest, largest: spectral.largest },
    hvps: spectral.hvps,
    details: spectral.figures,
  }),
  close: spectral.close,
});

/** As for a solve: low-rank bases know the ends of the spectrum. */
export const basisDamping = (asked: Damping, spectral: Spectral, hessian: HessianChoice): Chosen =>
  chooseDamping(asked, spectral, hessian);

/** A tenth of the mean eigenvalue, as Grosse et al. 2023 take for EK-FAC (section 2.2, appendix). */
export const factorDamping = (asked: Damping, { mean }: Spectral): Chosen =>
  asked === "auto"
    ? { damping: 0.1 * mean, why: "auto: a tenth of the mean eigenvalue" }
    : { damping: asked, why: "as the program says" };
