import type { Algorithm } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Problem } from "./problem.ts";
import type { Block } from "./vectors.ts";

/**
 * A symmetric approximation C of the Hessian of the objective R (regularizer included, damping not), whose eigenvalues are known. It is a method
 * of its own (C + damping I)⁻¹, and a preconditioner of the others. Its arrays come from `part`, so that later queries find them.
 */
export interface Spectral {
  /** What it is, for the keys of solves that use it: everything that decides its numbers besides the model and the training data. */
  readonly of: Json;
  /** Eigenvalues of C; `mean` is trace(C) / p. */
  readonly smallest: number;
  readonly largest: number;
  readonly mean: number;
  /** Hessian-vector products over all the data that it cost, also where it was taken from the store: results do not depend on that. */
  readonly hvps: number;
  /** What a certificate tells besides: rank, factored and fallen back layers. */
  readonly figures: { readonly [name: string]: Json };
  /** (C + damping I)^exponent applied to every vector. Exponents that are used: -1, -1/2, 1/2, and 1. */
  readonly power: (block: Block, exponent: number, damping: number) => Algorithm<Block>;
  /** Frees the engine's sessions. */
  readonly close: () => Algorithm<void>;
}

/** Fits an approximation of the curvature: `ekfac(problem, seed)`. */
export type Fit = (problem: Problem) => Algorithm<Spectral>;

/**
 * Where scores go: k test examples from `from` on, [k, n] row-major in the unit of `Influence` (positive: removal raises the measure); for
 * self-influence [k], the score of each example on itself. Rows come in order, each once.
 */
export interface Sink {
  readonly put: (from: number, count: number, scores: Float64Array) => Algorithm<void>;
}

/** What a method without a solve tells of itself: its seed, passes over the data, what it left out. */
export type Tale = { readonly [name: string]: Json };

/** A method that makes scores without an inverse: TracIn, TRAK, representer points, k-NN Shapley, random. */
export type Scorer = (problem: Problem, sink: Sink) => Algorithm<Tale>;
