import type { Graph } from "../ir/graph.ts";
import type { Measure, Network } from "./network.ts";

/** Step number (from 0) -> rate. */
export type Schedule =
  | { readonly kind: "constant"; readonly rate: number }
  | { readonly kind: "step" | "exponential"; readonly rate: number; readonly every: number; readonly factor: number }
  | { readonly kind: "cosine"; readonly rate: number; readonly steps: number }
  | { readonly kind: "warmup"; readonly steps: number; readonly then: Schedule }
  | { readonly kind: "piecewise"; readonly points: readonly (readonly [number, number])[] }
  /** A block of the program: the step as f32[] -> the rate f32[]. */
  | { readonly kind: "block"; readonly graph: Graph };

export type Optimizer =
  | { readonly kind: "sgd" | "adagrad"; readonly rate: Schedule }
  | { readonly kind: "momentum" | "nesterov"; readonly rate: Schedule; readonly momentum: number }
  | { readonly kind: "rmsprop"; readonly rate: Schedule; readonly decay: number }
  | {
      readonly kind: "adam";
      readonly rate: Schedule;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    }
  | { readonly kind: "adamw"; readonly rate: Schedule; readonly decay: number }
  | { readonly kind: "lbfgs"; readonly tolerance: number; readonly history: number; readonly iterations: number };

/** (a / 2) times the sum of squares of every weight, or of those whose last path part is `only`. */
export interface Regularizer {
  readonly kind: "l2";
  readonly strength: number;
  readonly only?: string;
}

/** What `train` needs besides its data. Input 0 of the step is the data; then `validate`'s data and `start`'s model, where declared. */
export interface Training {
  readonly network: Network;
  readonly loss: Measure;
  readonly optimizer: Optimizer;
  readonly regularize?: Regularizer;
  readonly clip?: { readonly kind: "global_norm" | "value"; readonly limit: number };
  readonly batch: number;
  /** One of the two; `lbfgs` runs to its tolerance and has neither. */
  readonly length?: { readonly epochs: number } | { readonly steps: number };
  readonly seed: number;
  readonly precision: "f32" | "f64";
  /** Stop when the validation loss has not improved by `delta` for `patience` epochs; `restore` takes the best epoch's parameters. */
  readonly earlyStop?: { readonly patience: number; readonly delta: number; readonly restore: boolean };
  /** Keep a checkpoint every so many epochs (the last one always). */
  readonly checkpointEvery: number;
  /** Fields of one example, with a key i32[4] last -> the same fields, changed: augmentation while training. */
  readonly augment?: Graph;
  readonly validate: boolean;
  readonly start: "init" | "model" | { readonly weights: string };
}
