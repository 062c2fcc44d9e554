import type { Answer, Checkpoint, Command } from "../plan/algorithm.ts";
import type { Figures } from "./figures.ts";
import type { Pair } from "./lbfgs.ts";
import type { Parameters } from "./metrics.ts";

/** How much data the step has: examples of input 0, and of the validation data, which is input 1. */
export interface TrainData {
  readonly n: number;
  readonly validation?: number;
  /** A weight for the loss of every example, by position; 1 each where absent. An example of weight 0 is not there, though the mean still divides by n. */
  readonly rowWeights?: Float64Array;
  /** Bytes that a pass over all the data may take: L-BFGS's, and validation's. Results do not depend on it beyond rounding. */
  readonly memory?: number;
}

/** Where training begins: a checkpoint of the same training goes on to the same bytes as a run never stopped; parameters replace the drawn ones. */
export type TrainFrom = { readonly checkpoint: Checkpoint } | { readonly parameters: Parameters };

export interface TrainResult {
  /** Weights and states by path: the last epoch's, or the best one's where `earlyStop.restore` asks for it. */
  readonly parameters: Parameters;
  readonly figures: Figures;
  /** What a longer run of the same training goes on from, and how far it is: epochs, steps where the length is in steps, L-BFGS's iterations. */
  readonly state: Checkpoint;
  readonly at: number;
}

export type Trained = Pick<TrainResult, "parameters" | "figures">;

/** One training many times over, with other weights of the examples each time; without progress, checkpoints or warnings. */
export interface Trainer {
  /** How many go together. */
  readonly width: number;
  /** For each of these weights of the examples, at most `width` of them. */
  readonly train: (
    rowWeights: readonly Float64Array[],
    curvature: readonly Pair[],
  ) => Generator<Command, readonly Trained[], Answer>;
  /** At most so many pairs of steps and changes of the gradient around the start, from which L-BFGS knows the curvature. Absent where rounding would hide it. */
  readonly curvature?: (most: number) => Generator<Command, readonly Pair[], Answer>;
  readonly release: () => Generator<Command, void, Answer>;
}
