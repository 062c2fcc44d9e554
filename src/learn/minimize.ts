import { type Algorithm, AlgorithmFailure, type Answer, type Checkpoint, type Command } from "../plan/algorithm.ts";
import type { Optimizer, Training } from "../plan/training.ts";
import type { Tensor } from "../shape/tensor.ts";
import { classifierOf } from "./classify.ts";
import { type Figures, fromFigures, toFigures } from "./figures.ts";
import { flatten, openObjective, parametersOf, penalty } from "./full-objective.ts";
import { initialParameters } from "./init.ts";
import { fromArrays, type LbfgsEnd, type LbfgsState, largest, lbfgs, toArrays } from "./lbfgs.ts";
import type { Evaluate } from "./line-search.ts";
import { evaluate, inOrder, type Parameters } from "./metrics.ts";
import { toPrecision } from "./precision.ts";
import type { TrainData, TrainFrom, TrainResult } from "./trained.ts";

export type Lbfgs = Extract<Optimizer, { kind: "lbfgs" }>;

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
  const objective = yield* openObjective(training, data, states, 1);
  const evaluateAll = objective.of([data.rowWeights]);
  const evaluateOne: Evaluate = function* (x) {
    return (yield* evaluateAll([x]))[0]!;
  };
  const history = [...begin.history];
  let steepest = 0;
  const { state, end } = yield* lbfgs<Command, Answer>(
    evaluateOne,
    begin.at,
    { ...optimizer, iterations: limit },
    function* (state) {
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
    },
  );
  yield* objective.close();

  const slope = largest(state.gradient);
  if (end === "non_finite") throw notFinite(state);
  if (end !== "converged")
    yield { do: "warn", message: unconverged(end, state.iteration, slope, optimizer.tolerance, precision) };
  const parameters = parametersOf(training, states, state.x);
  const accuracy = yield* accuracyOf(training, parameters, data);
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
export const iterationsOf = ({ length }: Training, { iterations }: Lbfgs): number =>
  length === undefined ? iterations : Math.min(iterations, "epochs" in length ? length.epochs : length.steps);

const untrained = (training: Training, { parameters, history }: Begin): TrainResult => {
  const figures: Figures = { epochs: 0, steps: 0, history };
  const named = Object.fromEntries(
    [...training.network.weights, ...training.network.states].map(({ path }, i) => [path, parameters[i]!]),
  );
  const arrays = Object.fromEntries(Object.entries(named).map(([path, tensor]) => [GROUP + path, tensor]));
  return { parameters: named, figures, state: { arrays, figures: toFigures(figures) }, at: 0 };
};

export const notFinite = ({ iteration }: LbfgsState): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5206",
    `the objective is not finite after ${iteration} iterations of L-BFGS`,
    "see that the data is finite, or begin from smaller weights",
  );

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

const GROUP = "parameters/";

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
  { n, memory }: TrainData,
): Generator<Command, number | undefined, Answer> {
  if (classifierOf(network, loss) === undefined) return undefined;
  const found = yield* evaluate(network, parameters, loss, [{ kind: "accuracy", name: "accuracy" }], n, {
    quiet: true,
    ...(memory === undefined ? {} : { memory }),
  });
  return found.metrics.accuracy;
}
