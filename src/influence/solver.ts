import type { Algorithm } from "../plan/algorithm.ts";
import type { Certificate } from "./result.ts";
import type { Block } from "./vectors.ts";

/** s = (H + λI)⁻¹ v, exactly or nearly, for blocks of right-hand sides. */
export interface Solver {
  readonly solve: (rhs: Block) => Algorithm<Solved>;
  /** What the residual of a solve must not exceed; undefined where the method only tells how far it is. */
  readonly tolerance: number | undefined;
  /** After the solves. */
  readonly certificate: () => Pick<
    Certificate,
    "residual" | "damping" | "why" | "eigenvalues" | "hvps" | "iterations" | "details"
  >;
  /** Frees what the engine holds; solving again is allowed. */
  readonly close: () => Algorithm<void>;
}

export interface Solved {
  readonly s: Block;
  /** ‖(H + λI)s − v‖ / ‖v‖ by fresh products; absent where the method makes none. */
  readonly residuals?: readonly number[];
}
