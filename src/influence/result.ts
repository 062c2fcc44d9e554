import type { Parameters } from "../learn/metrics.ts";
import type { Algorithm } from "../plan/algorithm.ts";
import type { Influence } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import type { Tensor } from "../shape/tensor.ts";

/** What the driver knows and the program does not. The driver's data sets: 0 the training data, 1 the test data (none for self-influence). */
export interface InfluenceContext {
  /** Weights and states by path; f64 arrays make the engine compute in f64. */
  readonly parameters: Parameters;
  /** Training examples. */
  readonly n: number;
  /** Test examples; not read for self-influence. */
  readonly m: number;
  /** Positions of the training examples among which `top` chooses; all where absent. */
  readonly part?: Int32Array;
  /** Of the label, where the loss compares with one. */
  readonly classes?: number;
  /** Bytes that data, vectors, bases and scores may take in all. */
  readonly budget?: number;
  /** For tracin: the training's checkpoints in order, each with the rate that was in force after it. */
  readonly checkpoints?: readonly { readonly parameters: Parameters; readonly rate: number }[];
  /** For trak with several models: the parameters of the others. */
  readonly models?: readonly Parameters[];
}

/** `influence` in influence.ts. Parts read inputs of the step: 0 the model, 1 the training data, 2 the test data. */
export type InfluenceAlgorithm = (spec: Influence, context: InfluenceContext) => Algorithm<InfluenceResult>;

/** What an influence step computes. Scores: test example by training example; positive where its removal raises the measure. */
export interface InfluenceResult {
  /** [m, n]; [n] for self-influence; [m, n, …field] by input: the scores' derivatives, positive where raising the number lowers the measure. Absent where written in blocks, and where `top` is kept only. */
  readonly scores?: Tensor;
  /** Written by the command `block` as the array `scores`: its shape for readers. By input the rows are (test, training) pairs in that order. */
  readonly written?: readonly number[];
  readonly top?: Top;
  /** d measure / d strength of the regularizer for each test example, where the method solves and there is a regularizer: f64[m]. */
  readonly strengthEffect?: Tensor;
  readonly certificate: Certificate;
}

/** Each [m, k], best first: positions in the training data, and their scores. */
export interface Top {
  readonly helpful: { readonly index: Tensor; readonly score: Tensor };
  readonly harmful: { readonly index: Tensor; readonly score: Tensor };
}

export interface Certificate {
  readonly method: string;
  /** Added to the Hessian's eigenvalues, and why that number. */
  readonly damping?: number;
  readonly why?: string;
  /** The largest relative residual ‖(H + λI)s − v‖ / ‖v‖ by fresh Hessian-vector products; of low-rank methods and factors that of `howFar`. */
  readonly residual?: number;
  /** Of each test example. */
  readonly residuals?: readonly number[];
  /** Estimates of the curvature's extreme eigenvalues, damping not included. */
  readonly eigenvalues?: { readonly smallest: number; readonly largest: number };
  /** ‖∇R‖ at the trained parameters; of methods that solve. */
  readonly gradientNorm?: number;
  /** Hessian-vector products over all the training data, counted for one vector each: what it takes where no part is in the store. */
  readonly hvps: number;
  readonly iterations?: number;
  /** How the scores were made: one forward-mode pass, or per-example gradients times a matrix. */
  readonly scoring?: "forward" | "gradients";
  /** What the method tells besides. */
  readonly details: { readonly [name: string]: Json };
}
