import { GraphBuilder } from "../ir/builder.ts";
import { batchWithin } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { type Answer, type Command, close, open, run } from "../plan/algorithm.ts";
import type { Training } from "../plan/training.ts";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";
import { gradient } from "../transform/vjp.ts";
import { vmap } from "../transform/vmap.ts";
import type { Evaluation } from "./line-search.ts";
import type { Parameters } from "./metrics.ts";
import { fedFields, parameterCount, regularized, weightedLoss } from "./objective.ts";
import type { TrainData } from "./trained.ts";

const DEFAULT_MEMORY = 1536 * 1024 * 1024;
/** Shares of the memory: for one run, and for data that stays in the engine; more data than that is streamed on every pass. */
const RUN = 1 / 3;
const DATA = 2 / 3;

/** Objectives over all the data that differ in the weights of the examples, `width` of them in one graph that reads the data once. */
export interface FullObjective {
  /** For these weights, 1 each where absent: the value and the gradient of each objective, at a point of its own. */
  readonly of: (
    rowWeights: readonly (Float64Array | undefined)[],
  ) => (points: readonly Float64Array[]) => Generator<Command, readonly Evaluation[], Answer>;
  readonly close: () => Generator<Command, void, Answer>;
}

/** Points are the flat weights; the data is held in sessions where it fits. Sums over chunks of it are float64 here whatever the engine's precision. */
export function* openObjective(
  training: Training,
  { n, memory = DEFAULT_MEMORY }: Pick<TrainData, "n" | "memory">,
  states: readonly Tensor[],
  width: number,
): Generator<Command, FullObjective, Answer> {
  const { network, loss, precision, regularize } = training;
  const shapes = network.weights.map(({ type }) => type.shape);
  // Chunks of one size, so that the last is not mostly padding.
  const graphOf = (size: number) => chunkGradient(training, size, width);
  const size = Math.ceil(n / Math.ceil(n / batchWithin(graphOf, memory * RUN, n)));
  const fields = fedFields(network, [loss], precision);
  const bytes = fields.reduce(
    (sum, { type }) => sum + sizeOf(type.shape) * constructors[type.dtype].BYTES_PER_ELEMENT,
    0,
  );
  const resident = n * bytes <= memory * DATA;
  const graph = graphOf(size);
  const names = fields.map(({ name }) => name);
  const chunks = Array.from({ length: Math.ceil(n / size) }, (_, chunk) => {
    const at = Int32Array.from({ length: size }, (_, i) => Math.min(n - 1, chunk * size + i));
    return { from: chunk * size, rows: { data: 0, fields: names, at } };
  });
  const sessions: number[] = [];
  if (resident) {
    const program = { graph, resident: states.length + names.length, updated: 0 };
    for (const { rows } of chunks) sessions.push(yield* open(program, states, rows));
  } else sessions.push(yield* open({ graph, resident: states.length, updated: 0 }, states));

  /** [width, size] from example `from` on, 1 / n each times its weight; what the last chunk is filled up with has none. */
  const rowWeights = (given: readonly (Float64Array | undefined)[], from: number): Tensor => {
    const data = new constructors[precision](width * size);
    given.forEach((weights, k) => {
      for (let i = 0; i < size && from + i < n; i++) data[k * size + i] = (weights?.[from + i] ?? 1) / n;
    });
    return { dtype: precision, shape: width === 1 ? [size] : [width, size], data };
  };

  return {
    of: (given) => {
      const weights = chunks.map(({ from }) => rowWeights(given, from));
      return function* (points) {
        const fed = stacked(points, shapes, precision);
        const found = points.map((x) => {
          const gradient = new Float64Array(x.length);
          if (regularize !== undefined) addPenaltyGradient(training, x, gradient);
          return { value: penalty(training, x), gradient };
        });
        for (const [i, { rows }] of chunks.entries()) {
          const [sums, ...parts] = resident
            ? yield* run(sessions[i]!, [weights[i]!, ...fed])
            : yield* run(sessions[0]!, [weights[i]!, ...fed], rows);
          for (const [k, one] of found.entries()) {
            one.value += sums!.data[k]!;
            let offset = 0;
            for (const { data } of parts) {
              const each = data.length / width;
              for (let j = 0; j < each; j++) one.gradient[offset + j]! += data[k * each + j]!;
              offset += each;
            }
          }
        }
        return found;
      };
    },
    *close() {
      for (const session of sessions) yield* close(session);
    },
  };
}

/** (states…, fields…, row weights, weights…) -> (weighted loss, gradient…), the last two and the results for `width` objectives at once. */
const chunkGradient = ({ network, loss, precision }: Training, size: number, width: number): Graph => {
  const graph = gradient(
    weightedLoss(network, loss, size, precision),
    network.weights.map((_, i) => i),
  );
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const weights = inputs.slice(0, network.weights.length);
  const states = inputs.slice(network.weights.length, parameterCount(network));
  const fields = inputs.slice(parameterCount(network), -1);
  const rows = inputs.slice(-1);
  const one = b.build(b.inline(graph, inputs), [...states, ...fields, ...rows, ...weights]);
  const first = states.length + fields.length;
  return over(
    one,
    one.inputs.flatMap((_, i) => (i < first ? [] : [i])),
    width,
  );
};

/** The graph for `width` of these inputs at once. */
const over = (graph: Graph, inputs: readonly number[], width: number): Graph =>
  width === 1
    ? graph
    : vmap(
        graph,
        graph.inputs.map((_, i) => (inputs.includes(i) ? 0 : null)),
        { size: width, axis: "objectives" },
      );

/** (a / 2) |x|², over the weights that the regularizer names. */
export const penalty = ({ network, regularize }: Training, x: Float64Array): number => {
  if (regularize === undefined) return 0;
  let squares = 0;
  for (const [begin, end] of ranges(
    network.weights.map(({ type }) => type.shape),
    regularized(network, regularize.only),
  ))
    for (let i = begin; i < end; i++) squares += x[i]! * x[i]!;
  return (regularize.strength / 2) * squares;
};

const addPenaltyGradient = ({ network, regularize }: Training, x: Float64Array, gradient: Float64Array): void => {
  if (regularize === undefined) return;
  for (const [begin, end] of ranges(
    network.weights.map(({ type }) => type.shape),
    regularized(network, regularize.only),
  ))
    for (let i = begin; i < end; i++) gradient[i]! += regularize.strength * x[i]!;
};

/** Where these of the arrays lie in the flat vector. */
const ranges = (
  shapes: readonly (readonly number[])[],
  which: readonly number[],
): readonly (readonly [number, number])[] => {
  const ends: number[] = [];
  for (const shape of shapes) ends.push((ends.at(-1) ?? 0) + sizeOf(shape));
  return which.map((i) => [ends[i - 1] ?? 0, ends[i]!]);
};

export const flatten = (tensors: readonly Tensor[]): Float64Array =>
  Float64Array.from(tensors.flatMap(({ data }) => Array.from(data)));

/** The weights of each point, one array for each weight: [points, …shape], or of one point without that axis. */
const stacked = (
  points: readonly Float64Array[],
  shapes: readonly (readonly number[])[],
  dtype: "f32" | "f64",
): readonly Tensor[] => {
  if (points.length === 1) return split(points[0]!, shapes, dtype);
  return ranges(
    shapes,
    shapes.map((_, i) => i),
  ).map(([begin, end], i) => {
    const data = new constructors[dtype](points.length * (end - begin));
    points.forEach((x, k) => {
      data.set(x.subarray(begin, end), k * (end - begin));
    });
    return { dtype, shape: [points.length, ...shapes[i]!], data };
  });
};

const split = (x: Float64Array, shapes: readonly (readonly number[])[], dtype: "f32" | "f64"): readonly Tensor[] =>
  ranges(
    shapes,
    shapes.map((_, i) => i),
  ).map(([begin, end], i) => ({
    dtype,
    shape: shapes[i]!,
    data: constructors[dtype].from(x.subarray(begin, end)),
  }));

/** Weights and states by path. */
export const parametersOf = (
  { network, precision }: Training,
  states: readonly Tensor[],
  x: Float64Array,
): Parameters => {
  const weights = split(
    x,
    network.weights.map(({ type }) => type.shape),
    precision,
  );
  return Object.fromEntries(
    [...network.weights, ...network.states].map(({ path }, i) => [path, [...weights, ...states][i]!]),
  );
};
