import { GraphBuilder } from "../ir/builder.ts";
import { bytesOf, peakBytes } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { type FedField, parameterCount } from "../learn/objective.ts";
import { close, open, run, type Session } from "../plan/algorithm.ts";
import { constructors, type Tensor } from "../shape/tensor.ts";
import type { Asking } from "./asking.ts";
import type { Problem } from "./problem.ts";

/** A computation over examples in batches. */
export interface Streamed {
  /** For batches of B: (weights…, states…, held…, fields [B, …]…, fed…) -> what a run answers. */
  readonly graph: (batch: number) => Graph;
  /** Arrays besides the parameters that stay in the engine. */
  readonly held?: readonly Tensor[];
  readonly fields: readonly FedField[];
  /** Which data set, and how many examples it has. */
  readonly data: 0 | 1;
  readonly examples: number;
  /** The data is read more than once: it stays in the engine where it fits. */
  readonly again?: boolean;
  /** Most examples in one run; or how many exactly, memory allowing, with padding for those that lack. */
  readonly most?: number;
  readonly exactly?: number;
}

export interface Pass {
  readonly session: Session;
  /** Examples in a run. */
  readonly size: number;
  readonly examples: number;
  readonly run: (batch: Batch, fed: readonly Tensor[]) => Asking<readonly Tensor[]>;
}

/** Positions of examples, filled up to the pass's size; those from `count` on are padding. */
export interface Batch {
  /** Number of the first in the order that is streamed. */
  readonly from: number;
  readonly count: number;
  readonly at: Int32Array;
}

/** Shares of the budget: for values of one run, and for data that stays in the engine. Two sessions may hold the data at once. */
const VALUES = 1 / 4;
const DATA = 1 / 4;
const MOST = 1024;
/** The batch at which a graph's memory is measured. */
const TRIAL = 8;

/** Makes the program and the session. The batch depends on the graph and the budget alone, so that equal questions are computed in equal bits. */
export function* openPass(problem: Problem, streamed: Streamed): Asking<Pass> {
  const { examples, fields, data, held = [] } = streamed;
  const size = batchSize(problem, streamed);
  const graph = streamed.graph(size);
  const names = fields.map(({ name }) => name);
  const first = parameterCount(problem.network) + held.length;
  const values = [...problem.parameters, ...held];
  const bytes = fields.reduce((sum, { type }) => sum + bytesOf(type), 0) * examples;
  if (streamed.again === true && bytes <= problem.budget * DATA) {
    const program = {
      graph: gathering(graph, first, fields.length, examples),
      resident: first + names.length,
      updated: 0,
    };
    const session = yield* open(program, values, { data, fields: names, at: positions(0, examples, examples) });
    return {
      session,
      size,
      examples,
      run: ({ at }, fed) => run(session, [{ dtype: "i32", shape: [size], data: at }, ...fed]),
    };
  }
  const session = yield* open({ graph, resident: first, updated: 0 }, values);
  return { session, size, examples, run: ({ at }, fed) => run(session, fed, { data, fields: names, at }) };
}

export const closePass = ({ session }: Pass): Asking<void> => close(session);

/** All examples in order, batch by batch. */
export function* batches({ size, examples }: Pass): Iterable<Batch> {
  for (let from = 0; from < examples; from += size) {
    const count = Math.min(size, examples - from);
    yield { from, count, at: positions(from, count, size) };
  }
}

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

const positions = (from: number, count: number, size: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => from + Math.min(i, count - 1));

const batchSize = ({ budget }: Problem, { graph, held = [], examples, most = MOST, exactly }: Streamed): number => {
  const trial = graph(TRIAL);
  const fixed = held.reduce((sum, { data }) => sum + data.byteLength, 0);
  const each = Math.max(1, (peakBytes(trial) - fixed) / TRIAL);
  const fits = Math.max(1, Math.floor((budget * VALUES) / each));
  if (exactly !== undefined) return Math.min(exactly, fits);
  const largest = Math.min(most, examples, fits);
  // Batches of one size, so that the last is not mostly padding.
  return Math.ceil(examples / Math.ceil(examples / largest));
};

/** The graph with whole data sets [n, …] for fields, and positions i32[B] fed first: it takes the batch itself. */
const gathering = (graph: Graph, first: number, fields: number, examples: number): Graph => {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ name, type }, i) =>
    i < first || i >= first + fields
      ? b.input(name, type)
      : b.input(name, { ...type, shape: [examples, ...type.shape.slice(1)] }),
  );
  const at = b.input("at", { dtype: "i32", shape: [graph.inputs[first]!.type.shape[0]!] });
  const values = inputs.map((value, i) =>
    i < first || i >= first + fields ? value : b.apply("gather", [value, at], { axis: 0, batch_dims: 0 }),
  );
  const outputs = b.inline(graph, values);
  return b.build(outputs, [...inputs.slice(0, first + fields), at, ...inputs.slice(first + fields)]);
};
