import type { Graph } from "../ir/graph.ts";

/**
 * A graph with memory. The first `resident` inputs live in the session between runs; the first `updated` outputs (at most `resident`)
 * replace the first `updated` of them after each run. A run feeds the remaining inputs and gets the remaining outputs.
 * A training step: resident = parameters and optimizer state, all updated. Prediction: resident = parameters, none updated.
 */
export interface Program {
  readonly graph: Graph;
  readonly resident: number;
  readonly updated: number;
}
