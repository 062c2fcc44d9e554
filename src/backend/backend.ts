import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Program } from "../plan/program.ts";
import type { Sum } from "../plan/sums.ts";
import type { Tensor } from "../shape/tensor.ts";

/** The engine could not compile or run a graph: out of memory, no device, a fault of its own. */
export class BackendError extends Schema.TaggedError<BackendError>()("BackendError", {
  backend: Schema.String,
  message: Schema.String,
  help: Schema.String,
}) {}

/** A program in an engine, with its resident values. */
export interface BackendSession {
  /**
   * Feeds the inputs after the resident ones; answers the outputs after the updated ones. Feeds may be reused by the caller after the answer.
   * `spent` are an earlier run's answers that nobody reads any more: the engine may write the new ones into them, which saves a large answer's memory
   * from being had and given back by every run.
   */
  readonly run: (feeds: readonly Tensor[], spent?: readonly Tensor[]) => Effect.Effect<readonly Tensor[], BackendError>;
  /** Where programs that update nothing gain by runs side by side. */
  readonly beside?: Beside;
  /** The resident values as they are now. */
  readonly read: Effect.Effect<readonly Tensor[], BackendError>;
}

/** Runs on threads of their own. */
export interface Beside {
  /** So many at once. */
  readonly lanes: number;
  readonly run: BackendSession["run"];
  /** Where the engine adds up answers as well, which may be those of several sessions of one program. */
  readonly adding?: {
    readonly begin: Effect.Effect<Sums, BackendError>;
    /** Adds a run's answers, in the order of the turns, which count from 0: the sums hold them when this and all turns before it have ended. */
    readonly run: (feeds: readonly Tensor[], to: Sums, turn: number) => Effect.Effect<void, BackendError>;
  };
}

/** The sums of answers so far, f64, and the engine's own of them. */
export interface Sums {
  readonly values: readonly Sum[];
  readonly turns: object;
}

/** The engines. Those that compute are in `available.ts`, by these names. */
export const BACKENDS = ["onnx", "tensorflow", "reference"] as const;

/** What computes: one implementation for each engine, all held to one conformance suite. */
export interface Backend {
  readonly name: (typeof BACKENDS)[number];
  readonly device: string;
  /** Enters every key: engine, version, device. */
  readonly identity: string;
  /** Bytes that a run takes for each that the planner counts (`peakBytes`), at most: copies, patches and gaps of the engine's own. */
  readonly overhead: number;
  /** Compiles the program and makes the values resident; the scope's end frees both. */
  readonly open: (
    program: Program,
    resident: readonly Tensor[],
  ) => Effect.Effect<BackendSession, BackendError, Scope.Scope>;
}

/** The engine of a run, for programs that ask for it as a service. */
export class CurrentBackend extends Context.Service<CurrentBackend, Backend>()("mtt/backend/CurrentBackend") {}
