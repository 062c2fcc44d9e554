import { AlgorithmFailure } from "../plan/algorithm.ts";
import type { Damping, HessianChoice } from "../plan/influence.ts";

export interface Chosen {
  readonly damping: number;
  /** For the certificate. */
  readonly why: string;
}

export interface Ends {
  readonly smallest: number;
  readonly largest: number;
}

/** Eigenvalues below this share of the largest are rounding. */
const ROUNDING = 1e-5;

export const isNegative = ({ smallest, largest }: Ends): boolean => smallest < -ROUNDING * Math.abs(largest);

/**
 * What is added to the curvature's eigenvalues: as asked, or by `auto` nothing where the smallest is positive, else twice its size. Fails with
 * MTT5603 where less than that is asked for on a Hessian with negative curvature: its inverse would turn directions of negative curvature around.
 */
export const chooseDamping = (asked: Damping, ends: Ends, hessian: HessianChoice): Chosen => {
  const needed = isNegative(ends) ? 2 * Math.abs(ends.smallest) : 0;
  if (asked === "auto")
    return needed === 0
      ? { damping: 0, why: "auto: no negative curvature was met" }
      : { damping: needed, why: `auto: twice the size of the smallest eigenvalue, ${show(ends.smallest)}` };
  if (asked < needed) throw refusal(asked, ends, hessian);
  return { damping: asked, why: "as the program says" };
};

/** The same where the curvature is known to have no negative eigenvalue. */
export const undamped = (asked: Damping, without: string): Chosen =>
  asked === "auto" ? { damping: 0, why: `auto: ${without}` } : { damping: asked, why: "as the program says" };

/** Negative curvature that a solve met, where what was known of the model excludes it. */
export const unexpected = ({ smallest }: Ends): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5603",
    `the solve met negative curvature: an eigenvalue of at most ${show(smallest)}`,
    `give a damping above ${show(2 * Math.abs(smallest))}, or \`hessian: gauss_newton\``,
  );

const refusal = (asked: number, { smallest }: Ends, hessian: HessianChoice): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5603",
    `damping ${asked} is too small: the Hessian's smallest eigenvalue is ${show(smallest)}${hessian === "exact" ? "" : " even in the Gauss-Newton approximation"}`,
    `\`damping: auto\` takes ${show(2 * Math.abs(smallest))}; \`hessian: gauss_newton\` has no negative eigenvalues and takes any damping`,
  );

export const singular = (): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5603",
    "the damped Hessian is singular: some direction has no curvature",
    "give a damping above 0, or train with `regularize: l2(…)`",
  );

export const show = (value: number): string => String(Number(value.toPrecision(3)));
