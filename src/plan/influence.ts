import type { Measure, Network } from "./network.ts";
import type { Regularizer } from "./training.ts";

export type Damping = number | "auto";
export type HessianChoice = "exact" | "gauss_newton";
export type Preconditioner = "none" | "ekfac" | "nystrom";

/** How influence is computed, with every parameter; defaults are the checker's. */
export type Method =
  | { readonly kind: "exact"; readonly damping: Damping; readonly hessian: HessianChoice }
  | {
      readonly kind: "cg";
      readonly damping: Damping;
      readonly tolerance: number;
      readonly iterations: number;
      readonly precondition: Preconditioner;
      readonly hessian: HessianChoice;
    }
  | {
      readonly kind: "lissa";
      readonly damping: Damping;
      readonly scale: number | "auto";
      readonly depth: number | "auto";
      readonly repeats: number | "auto";
      readonly tolerance: number;
      readonly seed: number;
      readonly precondition: Preconditioner;
      readonly hessian: HessianChoice;
    }
  | {
      readonly kind: "arnoldi" | "nystrom";
      readonly rank: number;
      readonly damping: Damping;
      readonly seed: number;
      readonly hessian: HessianChoice;
    }
  | { readonly kind: "kfac" | "ekfac"; readonly damping: Damping; readonly seed: number }
  | { readonly kind: "tracin" | "grad_dot" | "grad_cos" | "representer" }
  | { readonly kind: "trak"; readonly projections: number; readonly models: number; readonly seed: number }
  | { readonly kind: "knn_shapley"; readonly k: number }
  | { readonly kind: "random"; readonly seed: number };

/** What an `influence` step computes. Inputs of the step: 0 the model, 1 the training data, 2 the test data (absent where `test` is self). */
export interface Influence {
  readonly network: Network;
  readonly loss: Measure;
  readonly regularize?: Regularizer;
  /** The quantity on a test example whose change is predicted: f32[]. */
  readonly measure: Measure;
  readonly test: "data" | "self";
  /** `input`: the derivative of the score by the training example's first field instead of the score. */
  readonly of: "example" | "input";
  readonly method: Method;
  /** Keep only so many most helpful and most harmful examples of each test example. */
  readonly top?: number;
  /** Restrict to the weights of these layers (`layer4`). */
  readonly layers?: readonly string[];
  /** A solve may stop at this relative residual. */
  readonly accept?: number;
}
