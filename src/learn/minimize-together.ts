import type { Answer, Command } from "../plan/algorithm.ts";
import type { Training } from "../plan/training.ts";
import type { Tensor } from "../shape/tensor.ts";
import { curvaturePairs, type EvaluateMany } from "./curvature.ts";
import { type FullObjective, flatten, openObjective, parametersOf, penalty } from "./full-objective.ts";
import { initialParameters } from "./init.ts";
import { type LbfgsEnd, type LbfgsState, largest, lbfgs, type Pair } from "./lbfgs.ts";
import type { Evaluation } from "./line-search.ts";
import { inOrder, type Parameters } from "./metrics.ts";
import { iterationsOf, type Lbfgs, notFinite } from "./minimize.ts";
import { toPrecision } from "./precision.ts";
import type { TrainData, Trained, Trainer } from "./trained.ts";

/**
 * Objectives in one graph: logistic regression over 55,000 images in f64 takes 0.21 s an evaluation alone, and 0.045 s each of ten. Beyond these
 * the products gain little, and all wait for the slowest.
 */
const WIDEST = 10;

/** L-BFGS over several objectives in one graph: they share the products with the data. */
export const minimizing = (
  training: Training,
  optimizer: Lbfgs,
  data: TrainData,
  start: Parameters | undefined,
  trainings: number,
): Trainer => {
  const width = Math.min(WIDEST, trainings);
  const { network, precision } = training;
  const parameters = inOrder(network, start ?? initialParameters(network, training.seed, precision)).map((tensor) =>
    toPrecision(tensor, precision),
  );
  const states = parameters.slice(network.weights.length);
  const begin = flatten(parameters.slice(0, network.weights.length));
  const options = { ...optimizer, iterations: iterationsOf(training, optimizer) };
  let opened: FullObjective | undefined;

  /** The graph has one width: the last is repeated where there are fewer. */
  const fill = <T>(some: readonly T[]): readonly T[] =>
    Array.from({ length: width }, (_, k) => some[Math.min(k, some.length - 1)]!);

  function* objectives(rowWeights: readonly (Float64Array | undefined)[]): Generator<Command, EvaluateMany, Answer> {
    opened ??= yield* openObjective(training, data, states, width);
    const evaluate = opened.of(fill(rowWeights));
    return function* (points) {
      return (yield* evaluate(fill(points))).slice(0, points.length);
    };
  }

  return {
    width,
    *train(rowWeights, curvature) {
      const own = { ...options, history: options.history + curvature.length };
      const minimizations = rowWeights.map(() => minimization(begin, curvature, own));
      const found = yield* inStep(minimizations, yield* objectives(rowWeights));
      return found.map(({ state, end }) => trained(training, states, state, end));
    },
    // In f32 differences of gradients are rounding.
    ...(precision === "f32"
      ? {}
      : {
          *curvature(most: number) {
            return yield* curvaturePairs(yield* objectives([undefined]), begin, { seed: training.seed, width, most });
          },
        }),
    *release() {
      if (opened !== undefined) yield* opened.close();
      opened = undefined;
    },
  };
};

interface Minimum {
  readonly state: LbfgsState;
  readonly end: LbfgsEnd;
}

/** L-BFGS that asks for the objective at one point after another. */
type Minimization = Generator<Float64Array, Minimum, Evaluation>;

function* minimization(begin: Float64Array, pairs: readonly Pair[], options: Lbfgs): Minimization {
  const first = yield* ask(begin);
  const state = { x: begin, ...first, pairs, iteration: 0 };
  return yield* lbfgs<Float64Array, Evaluation>(ask, state, options, silent);
}

function* ask(x: Float64Array): Generator<Float64Array, Evaluation, Evaluation> {
  return yield x;
}

function* silent(): Generator<never, void, Evaluation> {}

/** Answers what all of them ask at once, until the last is done; one that is done is asked for its minimum again. */
function* inStep(all: readonly Minimization[], evaluate: EvaluateMany): Generator<Command, readonly Minimum[], Answer> {
  let asked = all.map((one) => one.next());
  for (;;) {
    const done = asked.flatMap((step) => (step.done ? [step.value] : []));
    if (done.length === all.length) return done;
    const answers = yield* evaluate(asked.map((step) => (step.done ? step.value.state.x : step.value)));
    asked = asked.map((step, k) => (step.done ? step : all[k]!.next(answers[k]!)));
  }
}

const trained = (training: Training, states: readonly Tensor[], state: LbfgsState, end: LbfgsEnd): Trained => {
  if (end === "non_finite") throw notFinite(state);
  return {
    parameters: parametersOf(training, states, state.x),
    figures: {
      epochs: state.iteration,
      steps: state.iteration,
      history: [{ loss: state.value - penalty(training, state.x) }],
      gradient: largest(state.gradient),
      converged: end === "converged",
    },
  };
};
