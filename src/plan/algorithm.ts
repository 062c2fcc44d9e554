import type { Tensor } from "../shape/tensor.ts";
import type { Json } from "./json.ts";
import type { Program } from "./program.ts";
import type { Sum } from "./sums.ts";

/** Examples of the step's data set by position in it; the driver gathers the fields and feeds them as [rows, …field shape]. */
export interface Rows {
  /** Which of the step's data inputs. */
  readonly data: number;
  /** Names of the fields to feed, in order. */
  readonly fields: readonly string[];
  /** Positions in that data set. */
  readonly at: Int32Array;
}

/**
 * What an algorithm asks of the world. Loops that depend on data (an epoch, CG, L-BFGS) are pure generators of these commands;
 * `execute` drives them with a backend, tests with the reference evaluator.
 */
export type Command =
  /** The resident inputs are `resident`, then the rows' fields where rows are given: data that stays in the engine between runs. */
  | { readonly do: "open"; readonly program: Program; readonly resident: readonly Tensor[]; readonly rows?: Rows }
  /**
   * Fed after the resident inputs: the rows' fields, then `feeds`. Answers the outputs past `updated`; it may write them into `spent`, the answers of
   * an earlier run that nobody reads any more.
   */
  | (Run & { readonly do: "run"; readonly spent?: readonly Tensor[] })
  /**
   * Runs of programs that update nothing, in order: `take` gets the answers of each, and they are nobody's after it. An engine may compute some side by
   * side, `most` at once; a single one has the engine for itself, unless its answers must have the bits that it has among others (`alike`). With `sum`,
   * `take` gets no answers: the command answers their sums, float64, added up in the runs' order; the runs then are of one program.
   */
  | {
      readonly do: "runs";
      readonly runs: Iterable<Run>;
      readonly take: Take;
      readonly most: number;
      readonly alike: boolean;
      readonly sum: boolean;
    }
  /** Answers the resident values. */
  | { readonly do: "read"; readonly session: Session }
  | { readonly do: "close"; readonly session: Session }
  /** A state to go on from, kept by the store under the step's key and `at`. */
  | { readonly do: "checkpoint"; readonly at: number; readonly state: Checkpoint }
  /**
   * A part of the result that other queries need too (a gradient, a basis, a factor, a solve): taken from the store where it is there, else computed
   * and stored. Its key is `of`, the contents of those of the step's inputs that `reads` lists, and the engine. Answers the part.
   */
  | {
      readonly do: "part";
      /** For people: `curvature`, `solve`. */
      readonly name: string;
      readonly of: Json;
      /** Numbers of the step's inputs whose contents the part depends on. */
      readonly reads: readonly number[];
      /**
       * What the checkpoints of `compute` are kept by instead of `of`, with the same inputs and engine: parts that lie on one way (a solve to several
       * tolerances) share them, and `from` may be the end of another part. Checkpoints then are never dropped when the part is done.
       */
      readonly trail?: Json;
      /** Parts that are computed at once, so many: what the first of them took is shared out among all that have this object. */
      readonly shared?: { readonly among: number };
      /** `from` is the part's last checkpoint, where a run before was stopped in the middle. */
      readonly compute: (from: Kept | undefined) => Algorithm<Checkpoint>;
    }
  /** A block of a result too large for memory, [rows, …] from row `from` on; the driver writes it to the step's array `array` of shape `shape`. */
  | {
      readonly do: "block";
      readonly array: string;
      readonly shape: readonly number[];
      readonly from: number;
      readonly values: Tensor;
    }
  /** Without a fraction: it goes on, and how far the whole is stays as it was said last. */
  | { readonly do: "progress"; readonly fraction?: number; readonly figures: Readonly<Record<string, number>> }
  | { readonly do: "warn"; readonly message: string }
  /** What follows is this; the driver counts its seconds. */
  | { readonly do: "phase"; readonly name: Phase };

export interface Run {
  readonly session: Session;
  readonly rows?: Rows;
  readonly feeds: readonly Tensor[];
}

/** What is done with the answers of run number `i`, at once or by commands. */
export type Take = (answers: readonly Tensor[], i: number) => void | Algorithm<void>;

/** Of an influence query: everything that comes to s, and its products with the training examples' gradients. */
export type Phase = "solving" | "scoring";

/** Named arrays and plain figures: what a checkpoint or a result is made of. */
export interface Checkpoint {
  readonly arrays: Readonly<Record<string, Tensor>>;
  readonly figures: Json;
}

/** A checkpoint and how far it is. */
export interface Kept {
  readonly at: number;
  readonly state: Checkpoint;
}

export type Session = number;

/** What the driver sends back: a session, arrays, a part, or nothing. */
export type Answer = Session | readonly Tensor[] | Checkpoint | undefined;

export type Algorithm<R> = Generator<Command, R, Answer>;

/** Raised inside an algorithm for a run that cannot go on: divergence, no convergence. The driver turns it into a diagnostic. */
export class AlgorithmFailure extends Error {
  readonly code: `MTT${number}`;
  readonly help: string;
  constructor(code: `MTT${number}`, message: string, help: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

export function* open(program: Program, resident: readonly Tensor[], rows?: Rows): Generator<Command, Session, Answer> {
  const answer = yield rows === undefined ? { do: "open", program, resident } : { do: "open", program, resident, rows };
  if (typeof answer !== "number") throw new TypeError("open answers a session");
  return answer;
}

export function* run(
  session: Session,
  feeds: readonly Tensor[],
  rows?: Rows,
  spent?: readonly Tensor[],
): Generator<Command, readonly Tensor[], Answer> {
  return arrays(
    yield {
      do: "run",
      session,
      feeds,
      ...(rows === undefined ? {} : { rows }),
      ...(spent === undefined ? {} : { spent }),
    },
  );
}

/** How independent runs are computed: see the command `runs`. */
export interface SideBySide {
  readonly most?: number;
  readonly alike?: boolean;
}

export function* runs(
  all: Iterable<Run>,
  take: Take,
  { most = Number.POSITIVE_INFINITY, alike = false }: SideBySide = {},
): Generator<Command, void, Answer> {
  yield { do: "runs", runs: all, take, most, alike, sum: false };
}

/** The sums of all runs' answers, f64; none where there are no runs. `taken` hears of each that is in them. */
export function* sumsOf(
  all: Iterable<Run>,
  taken: (i: number) => void | Algorithm<void>,
  { most = Number.POSITIVE_INFINITY, alike = false }: SideBySide = {},
): Generator<Command, readonly Sum[], Answer> {
  const sums = arrays(yield { do: "runs", runs: all, take: (_, i) => taken(i), most, alike, sum: true });
  if (!sums.every(isSum)) throw new TypeError("sums are f64");
  return sums;
}

const isSum = (value: Tensor): value is Sum => value.dtype === "f64";

export function* read(session: Session): Generator<Command, readonly Tensor[], Answer> {
  return arrays(yield { do: "read", session });
}

export function* close(session: Session): Generator<Command, void, Answer> {
  yield { do: "close", session };
}

/** See the command `part`. */
export function* part(
  name: string,
  of: Json,
  reads: readonly number[],
  compute: (from: Kept | undefined) => Algorithm<Checkpoint>,
  more: Pick<Extract<Command, { readonly do: "part" }>, "trail" | "shared"> = {},
): Generator<Command, Checkpoint, Answer> {
  const answer = yield { do: "part", name, of, reads, compute, ...more };
  if (answer === undefined || typeof answer === "number" || !("figures" in answer)) {
    throw new TypeError("part answers a checkpoint");
  }
  return answer;
}

const arrays = (answer: Answer): readonly Tensor[] => {
  if (answer === undefined || typeof answer === "number" || "figures" in answer) {
    throw new TypeError("run, read and sums answer arrays");
  }
  return answer;
};
