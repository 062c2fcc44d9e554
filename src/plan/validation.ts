import type { Training } from "./training.ts";

/** How scores are put to the test. */
export type Validation =
  /** Retrains without each of `count` examples: the largest by absolute score, a spread over all ranks, or drawn at random. */
  | {
      readonly kind: "leave_one_out";
      readonly count: number;
      readonly choose: "largest" | "random" | "spread";
      readonly start: "warm" | "cold";
      readonly seed: number;
    }
  /** Retrains on `count` random subsets of this share of the examples: the linear datamodeling score (Ilyas et al. 2022, Park et al. 2023). */
  | { readonly kind: "subset_retraining"; readonly count: number; readonly fraction: number; readonly seed: number }
  /** How early the ranking finds the labels that noise changed; the ranking by the model's loss is what the scores have to beat. */
  | { readonly kind: "mislabel_detection"; readonly rank: "scores" | "loss" }
  /** Retrains without ever more of the most harmful examples: so many equal steps up to a tenth of the data, or these numbers or shares of examples. */
  | { readonly kind: "removal_curve"; readonly steps: number | readonly number[] };

/** The ways to validate that retrain. */
export type ByRetraining = Exclude<Validation, { readonly kind: "mislabel_detection" }>;

/**
 * What a `validate` step computes. What it retrains is the model's own training with the weights of examples set to 0; a warm start is
 * `training.start: "model"` with the model itself for that.
 */
export type Validate =
  | { readonly by: ByRetraining; readonly training: Training }
  | { readonly by: Extract<Validation, { readonly kind: "mislabel_detection" }> };
