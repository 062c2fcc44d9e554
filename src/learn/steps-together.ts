import { cost } from "../ir/cost.ts";
import { AlgorithmFailure, close, open, read, run } from "../plan/algorithm.ts";
import type { Program } from "../plan/program.ts";
import type { Training } from "../plan/training.ts";
import { permutation } from "../random/random.ts";
import { constructors, type Tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import { vmap } from "../transform/vmap.ts";
import type { Parameters } from "./metrics.ts";
import { type TrainingStep, trainingStep } from "./step.ts";
import type { TrainData, Trainer } from "./trained.ts";
import { allFinite, batchOf, begin, endOf, parametersOf } from "./training.ts";

const ROWS = "row_weights";
/** Beyond so many arithmetic operations a step is bound by them, and many in one graph save nothing; convolutions lose (bench/together.ts). */
const SMALL_STEP = 5e7;
/** Logistic regression: 3.5 ms a step alone, 0.57 ms eight together. */
const WIDEST = 8;

/** How many trainings go together: one where nothing is gained, or where each decides by itself when it ends. */
export const widthOf = (training: Training, trainings: number): number => {
  if (training.earlyStop !== undefined || training.validate) return 1;
  const { graph } = trainingStep(training, training.batch, { accuracy: false }).program;
  const bound = graph.nodes.some(({ op }) => op.startsWith("conv2d")) || cost(graph).flops > SMALL_STEP;
  return bound ? 1 : Math.min(WIDEST, trainings);
};

/** Mini-batch trainings side by side: they see the same batches in the same order and draw the same numbers, so that one graph steps all of them. */
export const stepping = (
  training: Training,
  { n }: TrainData,
  start: Parameters | undefined,
  width: number,
): Trainer => {
  const step = trainingStep(training, training.batch, { accuracy: false });
  const program = sideBySide(step, width);
  const end = endOf(training, n);
  const first = begin(training, step, start === undefined ? undefined : { parameters: start }).arrays;
  return {
    width,
    *train(rowWeights) {
      const session = yield* open(
        program,
        first.map((tensor) => repeated(tensor, width)),
      );
      const losses = new Float64Array(width);
      for (let steps = 0; steps < end.steps; ) {
        const epoch = Math.floor(steps / end.batches);
        const order = permutation(training.seed, "shuffle", epoch, n);
        losses.fill(0);
        for (let i = 0; i < end.batches && steps < end.steps; i++, steps++) {
          const batch = batchOf(training, { n }, order, epoch, i, end);
          const [means] = yield* run(session, feedsOf(step, batch, rowWeights, width), {
            data: 0,
            fields: step.fields,
            at: batch.at,
          });
          for (let k = 0; k < width; k++) losses[k]! += (means!.data[k]! * batch.count) / n;
        }
      }
      const last = yield* read(session);
      yield* close(session);
      if (!last.every(allFinite))
        throw new AlgorithmFailure(
          "MTT5206",
          "retraining met a number that is not finite",
          "see that the training itself stays finite from another seed, or train with a lower rate",
        );
      return rowWeights.map((_, k) => ({
        parameters: parametersOf(
          step,
          last.map((tensor) => slice(tensor, k, width)),
        ),
        figures: { epochs: Math.floor(end.steps / end.batches), steps: end.steps, history: [{ loss: losses[k]! }] },
      }));
    },
    *release() {},
  };
};

/** The step of `width` trainings: what is resident and the weights of the examples are their own, data and random keys are shared. */
const sideBySide = ({ program: { graph, resident } }: TrainingStep, width: number): Program => {
  const own = graph.inputs.map(({ name }, i) => (i < resident || name === ROWS ? 0 : null));
  return { graph: simplify(vmap(graph, own, { size: width, axis: "trainings" })), resident, updated: resident };
};

type Batch = ReturnType<typeof batchOf>;

/** The step's feeds with the weights of every training, [width, B]; the last is repeated where there are fewer. */
const feedsOf = (
  step: TrainingStep,
  batch: Batch,
  rowWeights: readonly Float64Array[],
  width: number,
): readonly Tensor[] => {
  const { inputs } = step.program.graph;
  const feeds = step.feeds(batch);
  const rows = inputs.findIndex(({ name }) => name === ROWS) - (inputs.length - feeds.length);
  return feeds.map((feed, i) => {
    if (i !== rows || (feed.dtype !== "f32" && feed.dtype !== "f64")) return feed;
    const data = new constructors[feed.dtype](width * batch.at.length);
    for (let k = 0; k < width; k++) {
      const weights = rowWeights[Math.min(k, rowWeights.length - 1)]!;
      for (let j = 0; j < batch.count; j++) data[k * batch.at.length + j] = weights[batch.at[j]!]!;
    }
    return { dtype: feed.dtype, shape: [width, ...feed.shape], data };
  });
};

const repeated = ({ dtype, shape, data }: Tensor, width: number): Tensor => {
  const all = new constructors[dtype](width * data.length);
  for (let k = 0; k < width; k++) all.set(data, k * data.length);
  return { dtype, shape: [width, ...shape], data: all };
};

const slice = ({ dtype, shape, data }: Tensor, k: number, width: number): Tensor => {
  const size = data.length / width;
  return { dtype, shape: shape.slice(1), data: data.slice(k * size, (k + 1) * size) };
};
