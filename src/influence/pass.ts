import { batchWithin, bytesOf, fixedBytes, peakBytes } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import type { FedField } from "../learn/objective.ts";
import { close, open, type Run, runs, type Session, type SideBySide, sumsOf } from "../plan/algorithm.ts";
import type { Sum } from "../plan/sums.ts";
import { constructors, type Tensor } from "../shape/tensor.ts";
import { stage } from "../transform/stage.ts";
import type { Asking } from "./asking.ts";
import type { Problem } from "./problem.ts";

/** A computation over examples in batches. */
export interface Streamed {
  /** For batches of B: (weights…, states…, held…, fields [B, …]…, row weights [B] where weighted, fed…) -> what a run answers. */
  readonly graph: (batch: number) => Graph;
  /** Arrays besides the parameters that stay in the engine. */
  readonly held?: readonly Tensor[];
  readonly fields: readonly FedField[];
  /** Each example has a weight: 1, and 0 where it is padding. */
  readonly weighted?: boolean;
  /** Which data set, and how many examples it has. */
  readonly data: 0 | 1;
  readonly examples: number;
  /** All the data is read more than once, in order: it stays in the engine where it fits, with what follows from it and the parameters alone. */
  readonly again?: boolean;
  /** Most examples in one run; or how many exactly, memory allowing, with padding for those that lack. */
  readonly most?: number;
  readonly exactly?: number;
  /** What an example answers has the same bits whichever others are asked for. */
  readonly alike?: boolean;
}

export interface Pass {
  readonly sessions: readonly Session[];
  /** Examples in a run. */
  readonly size: number;
  readonly examples: number;
  /** Runs batches; the answers of each are given to `take` in their order, and are nobody's after it. */
  readonly each: (over: Iterable<Batch>, fed: Fed, take: TakeBatch) => Asking<void>;
  /** The sums of their answers, f64: none where there are no batches. `taken` hears of each that is in them. */
  readonly sum: (
    over: Iterable<Batch>,
    fed: Fed,
    taken?: (batch: Batch) => void | Asking<void>,
  ) => Asking<readonly Sum[]>;
}

export type Fed = (batch: Batch) => readonly Tensor[];

export type TakeBatch = (answers: readonly Tensor[], batch: Batch) => void | Asking<void>;

/** Positions of examples, filled up to the pass's size; those from `count` on are padding. */
export interface Batch {
  /** Number of the first in the order that is streamed. */
  readonly from: number;
  readonly count: number;
  readonly at: Int32Array;
}

/** Shares of the budget: for values of one run, and for data that stays in the engine. */
const VALUES = 1 / 16;
const DATA = 1 / 3;
const MOST = 2048;
/** Runs under way share half of the budget. */
const UNDER_WAY = 1 / 2;
/** Data stays in the engine in so many sessions, a batch each of at most so many examples: a session costs its compilation, and saves every run's copy. */
const SESSIONS = 16;
const LARGEST = 16_384;

/** The number of batches is rounded up to a multiple of so many, which lanes share evenly. */
const ROUND = 4;

/** Makes the program and its sessions. The batch depends on the graph and the budget alone, so that equal questions are computed in equal bits. */
export function* openPass(problem: Problem, streamed: Streamed): Asking<Pass> {
  const { examples, fields, data, held = [], weighted = false } = streamed;
  const size = batchSize(problem, streamed);
  const values = [...problem.parameters, ...held];
  // All but the last are full.
  const full = rowWeights(problem, { from: 0, count: size, at: new Int32Array(size) });
  const weights = (batch: Batch) =>
    weighted
      ? [batch.count === full.data.length && batch.at.length === full.data.length ? full : rowWeights(problem, batch)]
      : [];
  const how = (graph: Graph) => ({ most: sideBySide(problem, graph), alike: streamed.alike === true });
  const part = partSize(problem, streamed, size);
  if (part !== undefined) {
    const sessions = yield* residentSessions(problem, streamed, { size: part, values, weights });
    if (sessions !== undefined) {
      const hints = how(streamed.graph(part));
      const runOf =
        (fed: Fed) =>
        (batch: Batch): Run => ({ session: sessions[batch.from / part]!, feeds: fed(batch) });
      return {
        sessions,
        size: part,
        examples,
        each: (over, fed, take) => eachOf(over, runOf(fed), take, hints),
        sum: (over, fed, taken = nothingElse) => sumOf(over, runOf(fed), taken, hints),
      };
    }
  }
  const graph = streamed.graph(size);
  const session = yield* open({ graph, resident: values.length, updated: 0 }, values);
  const names = fields.map(({ name }) => name);
  const hints = how(graph);
  const runOf =
    (fed: Fed) =>
    (batch: Batch): Run => ({
      session,
      feeds: [...weights(batch), ...fed(batch)],
      rows: { data, fields: names, at: batch.at },
    });
  function* progress(batch: Batch, asked: void | Asking<void>): Asking<void> {
    if (asked !== undefined) yield* asked;
    yield { do: "progress", figures: { examples: batch.from + batch.count, of: examples } };
  }
  return {
    sessions: [session],
    size,
    examples,
    each: (over, fed, take) =>
      eachOf(over, runOf(fed), (answers, batch) => progress(batch, take(answers, batch)), hints),
    sum: (over, fed, taken = nothingElse) => sumOf(over, runOf(fed), (batch) => progress(batch, taken(batch)), hints),
  };
}

const nothingElse = (): void => undefined;

/** Batches whose runs are under way, until their answers are taken: answers come in the order of the runs. */
const eachOf = (
  over: Iterable<Batch>,
  runOf: (batch: Batch) => Run,
  take: TakeBatch,
  hints: SideBySide,
): Asking<void> => {
  const { all, next } = asRuns(over, runOf);
  return runs(all, (answers) => take(answers, next()), hints);
};

const sumOf = (
  over: Iterable<Batch>,
  runOf: (batch: Batch) => Run,
  taken: (batch: Batch) => void | Asking<void>,
  hints: SideBySide,
): Asking<readonly Sum[]> => {
  const { all, next } = asRuns(over, runOf);
  return sumsOf(all, () => taken(next()), hints);
};

/** Runs of batches, and the batches again, in the order in which their answers are taken. */
const asRuns = (over: Iterable<Batch>, runOf: (batch: Batch) => Run) => {
  const ahead: Batch[] = [];
  function* all(): Iterable<Run> {
    for (const batch of over) {
      ahead.push(batch);
      yield runOf(batch);
    }
  }
  return { all: all(), next: () => ahead.shift()! };
};

/** Runs under way at once that the budget allows: what does not grow with the batch is there for each of them. */
const sideBySide = ({ budget }: Problem, graph: Graph): number =>
  Math.max(1, Math.floor((budget * UNDER_WAY) / peakBytes(graph)));

/** A session for each batch, with its data and what is computed from it once; undefined where that does not fit. */
function* residentSessions(
  problem: Problem,
  { graph, examples, fields, data, weighted = false }: Streamed,
  of: {
    readonly size: number;
    readonly values: readonly Tensor[];
    readonly weights: (batch: Batch) => readonly Tensor[];
  },
): Asking<readonly Session[] | undefined> {
  const { budget } = problem;
  const { size, values, weights } = of;
  const first = values.length;
  const rows = weighted ? [first + fields.length] : [];
  // Fields come last, as a session takes its resident values.
  const known = [...values.keys(), ...rows, ...fields.map((_, i) => first + i)];
  const { before, after, reads } = stage(graph(size), known);
  const resident = before.outputs.length + reads.length;
  const bytes = after.inputs.slice(0, resident).reduce((sum, { type }) => sum + bytesOf(type), 0);
  if (bytes * Math.ceil(examples / size) > budget * DATA) return undefined;
  const names = fields.map(({ name }) => name);
  const early =
    before.outputs.length === 0 ? undefined : yield* open({ graph: before, resident: first, updated: 0 }, values);
  const program = { graph: after, resident, updated: 0 };
  const sessions: Session[] = [];
  function* opening(residuals: readonly Tensor[], batch: Batch): Asking<void> {
    const arrays = reads.flatMap((i) => (i < first ? [values[i]!] : rows.includes(i) ? weights(batch) : []));
    const read = names.filter((_, i) => reads.includes(first + i));
    sessions.push(yield* open(program, [...residuals, ...arrays], { data, fields: read, at: batch.at }));
  }
  const all = batches({ size, examples });
  if (early === undefined) for (const batch of all) yield* opening([], batch);
  else {
    const runOf = (batch: Batch): Run => ({
      session: early,
      feeds: weights(batch),
      rows: { data, fields: names, at: batch.at },
    });
    yield* eachOf(all, runOf, opening, { most: sideBySide(problem, before), alike: false });
    yield* close(early);
  }
  return sessions;
}

export function* closePass({ sessions }: Pass): Asking<void> {
  for (const session of sessions) yield* close(session);
}

/** The examples from number `first` to `end` (exclusive), batch by batch: all in order where nothing is said. */
export function* batches(
  { size, examples }: Pick<Pass, "size" | "examples">,
  first = 0,
  end = examples,
): Iterable<Batch> {
  for (let from = first; from < end; from += size) {
    const count = Math.min(size, end - from);
    yield { from, count, at: positions(from, count, size) };
  }
}

/** What is fed to a pass that reads only its data. */
export const nothing = (): readonly Tensor[] => [];

/** These examples in their order, batch by batch. */
export function* batchesOf({ size }: Pass, which: Int32Array): Iterable<Batch> {
  for (let from = 0; from < which.length; from += size) {
    const count = Math.min(size, which.length - from);
    yield { from, count, at: Int32Array.from({ length: size }, (_, i) => which[from + Math.min(i, count - 1)]!) };
  }
}

/** f[B]: 1 for each example, 0 for padding. */
export const rowWeights = ({ precision }: Problem, { count, at }: Batch): Tensor => ({
  dtype: precision,
  shape: [at.length],
  data: new constructors[precision](at.length).fill(1, 0, count),
});

/** A loop, because every run asks: a callback for each element took a tenth of logistic regression's solve. */
const positions = (from: number, count: number, size: number): Int32Array => {
  const at = new Int32Array(size);
  for (let i = 0; i < size; i++) at[i] = from + Math.min(i, count - 1);
  return at;
};

const roundUp = (n: number, to: number): number => to * Math.ceil(n / to);

const batchSize = (problem: Problem, { graph, examples, most, exactly }: Streamed): number => {
  if (exactly !== undefined) return fitting(problem, graph, exactly);
  const least = Math.ceil(examples / fitting(problem, graph, Math.min(most ?? MOST, examples)));
  // Batches of one size, so that the last is not mostly padding. Samples are one or few anyway.
  const count = least === 1 || most !== undefined ? least : roundUp(least, ROUND);
  return Math.ceil(examples / count);
};

/** Examples of a session whose data stays; undefined where it does not. What stays is there once, whatever the batch: small ones need less besides. */
const partSize = (
  problem: Problem,
  { graph, examples, exactly, again }: Streamed,
  size: number,
): number | undefined => {
  if (again !== true) return undefined;
  if (exactly !== undefined) return examples <= size * SESSIONS ? size : undefined;
  const part = Math.ceil(examples / SESSIONS);
  return part <= LARGEST && part <= fitting(problem, graph, part) ? part : undefined;
};

/** The largest batch that fits. The share is for the examples: parameters, vectors and sums are the same for all batches. */
const fitting = ({ budget }: Problem, graph: Streamed["graph"], most: number): number =>
  batchWithin(graph, fixedBytes(graph) + budget * VALUES, most);
