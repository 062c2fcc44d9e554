import { GraphBuilder } from "../ir/builder.ts";
import type { Graph } from "../ir/graph.ts";
import {
  type Algorithm,
  AlgorithmFailure,
  type Answer,
  type Checkpoint,
  type Command,
  close,
  open,
  run,
} from "../plan/algorithm.ts";
import type { Optimizer, Training } from "../plan/training.ts";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";
import { gradient } from "../transform/vjp.ts";
import { classifierOf } from "./classify.ts";
import { type Figures, fromFigures, toFigures } from "./figures.ts";
import { initialParameters } from "./init.ts";
import { fromArrays, type LbfgsEnd, type LbfgsState, largest, lbfgs, toArrays } from "./lbfgs.ts";
import type { Evaluate } from "./line-search.ts";
import { batchFor, evaluate, inOrder, type Parameters } from "./metrics.ts";
import { exampleMeasures, fedFields, parameterCount, regularized, weightedLoss } from "./objective.ts";
import { toPrecision } from "./precision.ts";
import type { TrainData, TrainFrom, TrainResult } from "./trained.ts";

type Lbfgs = Extract<Optimizer, { kind: "lbfgs" }>;

/** Memory for the values of one run, and for data that stays in the engine; more data than that is streamed on every pass. */
const RUN_BYTES = 512 * 1024 * 1024;
const DATA_BYTES = 1024 * 1024 * 1024;
const CHECKPOINT_EVERY = 50;

/**
 * L-BFGS over the objective that influence differentiates: all examples, dropout off, batch norm on its running statistics, with the regularizer.
 * Sums over chunks of the data are float64 here whatever the engine's precision. Ends with a warning where the tolerance is not reached, and
 * fails with MTT5206 where the objective is not finite.
 */
export function* minimize(
  training: Training,
  optimizer: Lbfgs,
  data: TrainData,
  from?: TrainFrom,
): Algorithm<TrainResult> {
  if (data.n === 0 && iterationsOf(training, optimizer) > 0)
    throw new AlgorithmFailure(
      "MTT5202",
      "there is no example to train on",
      "the data set is empty: see what its query leaves",
    );
  const { network, precision } = training;
  const begin = start(training, from);
  const limit = iterationsOf(training, optimizer);
  if (limit === 0) return untrained(training, begin);
  const states = begin.parameters.slice(network.weights.length);
  const { evaluate: objective, sessions } = yield* openObjective(training, data, states);
  const history = [...begin.history];
  let steepest = 0;
  const { state, end } = yield* lbfgs(objective, begin.at, { ...optimizer, iterations: limit }, function* (state) {
    const slope = largest(state.gradient);
    steepest = Math.max(steepest, slope);
    history.push({ loss: state.value - penalty(training, state.x) });
    const fraction = Math.log(steepest / slope) / Math.log(steepest / optimizer.tolerance);
    yield {
      do: "progress",
      fraction: Math.min(1, Math.max(fraction || 0, state.iteration / limit)),
      figures: { iteration: state.iteration, loss: state.value - penalty(training, state.x), gradient: slope },
    };
    if (state.iteration % CHECKPOINT_EVERY === 0)
      yield {
        do: "checkpoint",
        at: state.iteration,
        state: toCheckpoint(training, states, state, figuresOf(state, history)),
      };
  });
  for (const session of sessions) yield* close(session);

  const slope = largest(state.gradient);
  if (end === "non_finite")
    throw new AlgorithmFailure(
      "MTT5206",
      `the objective is not finite after ${state.iteration} iterations of L-BFGS`,
      "see that the data is finite, or begin from smaller weights",
    );
  if (end !== "converged")
    yield { do: "warn", message: unconverged(end, state.iteration, slope, optimizer.tolerance, precision) };
  const parameters = parametersOf(training, states, state.x);
  const accuracy = yield* accuracyOf(training, parameters, data.n);
  const figures: Figures = {
    ...figuresOf(
      state,
      history.length === 0 ? [{ loss: state.value - penalty(training, state.x) }] : history,
      accuracy,
    ),
    gradient: slope,
    converged: end === "converged",
  };
  const checkpoint = toCheckpoint(training, states, state, figures);
  yield { do: "checkpoint", at: state.iteration, state: checkpoint };
  return { parameters, figures, state: checkpoint, at: state.iteration };
}

/** A length in epochs bounds the iterations too; 0 only loads the parameters. */
const iterationsOf = ({ length }: Training, { iterations }: Lbfgs): number =>
  length === undefined ? iterations : Math.min(iterations, "epochs" in length ? length.epochs : length.steps);

const untrained = (training: Training, { parameters, history }: Begin): TrainResult => {
  const figures: Figures = { epochs: 0, steps: 0, history };
  const named = Object.fromEntries(
    [...training.network.weights, ...training.network.states].map(({ path }, i) => [path, parameters[i]!]),
  );
  const arrays = Object.fromEntries(Object.entries(named).map(([path, tensor]) => [GROUP + path, tensor]));
  return { parameters: named, figures, state: { arrays, figures: toFigures(figures) }, at: 0 };
};

const unconverged = (
  end: Exclude<LbfgsEnd, "converged" | "non_finite">,
  iterations: number,
  slope: number,
  tolerance: number,
  precision: string,
): string => {
  const where = `the largest |gradient| is ${slope.toPrecision(3)}, above the tolerance ${tolerance}`;
  return end === "iterations"
    ? `L-BFGS ended after its ${iterations} iterations: ${where}; raise \`iterations\``
    : `L-BFGS found no better point after ${iterations} iterations: ${where}${precision === "f32" ? "; `precision: f64` goes further" : ""}`;
};

interface Begin {
  /** In the network's order: weights, then states. */
  readonly parameters: readonly Tensor[];
  readonly at: Float64Array | LbfgsState;
  readonly history: Figures["history"];
}

const start = ({ network, seed, precision }: Training, from: TrainFrom | undefined): Begin => {
  if (from !== undefined && "checkpoint" in from) {
    const { arrays } = from.checkpoint;
    const figures = fromFigures(from.checkpoint.figures);
    const at = fromArrays(arrays, figures.steps);
    if (at === undefined)
      throw new AlgorithmFailure("MTT5205", "the checkpoint lacks L-BFGS's state", "train from the beginning");
    const named = Object.fromEntries(
      Object.entries(arrays).flatMap(([name, tensor]) =>
        name.startsWith(GROUP) ? [[name.slice(GROUP.length), tensor]] : [],
      ),
    );
    // The accuracy is of the end, and this is no longer the end.
    const history = figures.steps === 0 ? [] : figures.history.map(({ loss }) => ({ loss }));
    return { parameters: inOrder(network, named), at, history };
  }
  const given = from?.parameters ?? initialParameters(network, seed, precision);
  const parameters = inOrder(network, given).map((tensor) => toPrecision(tensor, precision));
  return { parameters, at: flatten(parameters.slice(0, network.weights.length)), history: [] };
};

/** The objective and its gradient by the flat weights, over sessions that hold the data where it fits. */
function* openObjective(
  training: Training,
  { n, rowWeights }: TrainData,
  states: readonly Tensor[],
): Generator<Command, { readonly evaluate: Evaluate; readonly sessions: readonly number[] }, Answer> {
  const { network, loss, precision, regularize } = training;
  const types = network.weights.map(({ type }) => type.shape);
  const each = exampleMeasures(network, [loss], precision);
  // The gradient keeps about three times the values of the loss.
  const size = Math.ceil(n / Math.ceil(n / batchFor(each, RUN_BYTES / 3, n)));
  const fields = fedFields(network, [loss], precision);
  const bytes = fields.reduce(
    (sum, { type }) => sum + sizeOf(type.shape) * constructors[type.dtype].BYTES_PER_ELEMENT,
    0,
  );
  const resident = n * bytes <= DATA_BYTES;
  const graph = chunkGradient(training, size, resident);
  const names = fields.map(({ name }) => name);

  const chunks = Array.from({ length: Math.ceil(n / size) }, (_, chunk) => {
    const at = Int32Array.from({ length: size }, (_, i) => Math.min(n - 1, chunk * size + i));
    const data = new constructors[precision](size);
    for (let i = 0; i < size && chunk * size + i < n; i++) data[i] = (rowWeights?.[chunk * size + i] ?? 1) / n;
    return {
      rows: { data: 0, fields: names, at },
      weights: { dtype: precision, shape: [size], data } satisfies Tensor,
    };
  });
  const sessions: number[] = [];
  if (resident) {
    const program = { graph, resident: states.length + 1 + names.length, updated: 0 };
    for (const { rows, weights } of chunks) sessions.push(yield* open(program, [...states, weights], rows));
  } else sessions.push(yield* open({ graph, resident: states.length, updated: 0 }, states));

  const evaluate: Evaluate = function* (x) {
    const weights = split(x, types, precision);
    let value = penalty(training, x);
    const gradient = new Float64Array(x.length);
    if (regularize !== undefined) addPenaltyGradient(training, x, gradient);
    for (const [i, chunk] of chunks.entries()) {
      const [sum, ...parts] = resident
        ? yield* run(sessions[i]!, weights)
        : yield* run(sessions[0]!, [chunk.weights, ...weights], chunk.rows);
      value += sum!.data[0]!;
      let offset = 0;
      for (const { data } of parts) {
        for (let j = 0; j < data.length; j++) gradient[offset + j]! += data[j]!;
        offset += data.length;
      }
    }
    return { value, gradient };
  };
  return { evaluate, sessions };
}

/** (states…, row weights, fields…, weights…), or with the row weights after the fields where those are fed -> (weighted loss, gradient…). */
const chunkGradient = ({ network, loss, precision }: Training, size: number, resident: boolean): Graph => {
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
  const outputs = b.inline(graph, inputs);
  return b.build(outputs, [...states, ...(resident ? [...rows, ...fields] : [...fields, ...rows]), ...weights]);
};

/** (a / 2) |x|², over the weights that the regularizer names. */
const penalty = ({ network, regularize }: Training, x: Float64Array): number => {
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

const flatten = (tensors: readonly Tensor[]): Float64Array =>
  Float64Array.from(tensors.flatMap(({ data }) => Array.from(data)));

const split = (x: Float64Array, shapes: readonly (readonly number[])[], dtype: "f32" | "f64"): readonly Tensor[] =>
  ranges(
    shapes,
    shapes.map((_, i) => i),
  ).map(([begin, end], i) => ({
    dtype,
    shape: shapes[i]!,
    data: constructors[dtype].from(x.subarray(begin, end)),
  }));

const GROUP = "parameters/";

const parametersOf = ({ network, precision }: Training, states: readonly Tensor[], x: Float64Array): Parameters => {
  const weights = split(
    x,
    network.weights.map(({ type }) => type.shape),
    precision,
  );
  return Object.fromEntries(
    [...network.weights, ...network.states].map(({ path }, i) => [path, [...weights, ...states][i]!]),
  );
};

const toCheckpoint = (
  training: Training,
  states: readonly Tensor[],
  state: LbfgsState,
  figures: Figures,
): Checkpoint => ({
  arrays: {
    ...Object.fromEntries(
      Object.entries(parametersOf(training, states, state.x)).map(([path, tensor]) => [GROUP + path, tensor]),
    ),
    ...toArrays(state),
  },
  figures: toFigures(figures),
});

/** An iteration counts as an epoch: it sees all the data. */
const figuresOf = ({ iteration }: LbfgsState, history: Figures["history"], accuracy?: number): Figures => ({
  epochs: iteration,
  steps: iteration,
  history: accuracy === undefined ? [...history] : [...history.slice(0, -1), { ...history.at(-1)!, accuracy }],
});

function* accuracyOf(
  { network, loss }: Training,
  parameters: Parameters,
  n: number,
): Generator<Command, number | undefined, Answer> {
  if (classifierOf(network, loss) === undefined) return undefined;
  const found = yield* evaluate(network, parameters, loss, [{ kind: "accuracy", name: "accuracy" }], n, {
    quiet: true,
  });
  return found.metrics.accuracy;
}
