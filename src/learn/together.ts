import type { Algorithm, Answer, Command } from "../plan/algorithm.ts";
import type { Training } from "../plan/training.ts";
import type { Parameters } from "./metrics.ts";
import { minimizing } from "./minimize-together.ts";
import { stepping, widthOf } from "./steps-together.ts";
import type { TrainData, Trained, Trainer } from "./trained.ts";
import { train } from "./training.ts";

/** One training many times over, so many in all: as many at once as go into one graph. */
export const trainerOf = (
  training: Training,
  data: TrainData,
  start: Parameters | undefined,
  trainings: number,
): Trainer => {
  const { optimizer } = training;
  if (optimizer.kind === "lbfgs") return minimizing(training, optimizer, data, start, trainings);
  const width = widthOf(training, trainings);
  return width > 1 ? stepping(training, data, start, width) : oneByOne(training, data, start);
};

const oneByOne = (training: Training, data: TrainData, start: Parameters | undefined): Trainer => ({
  width: 1,
  *train(rowWeights) {
    const results: Trained[] = [];
    for (const weights of rowWeights) {
      const from = start === undefined ? undefined : { parameters: start };
      results.push(yield* quietly(train(training, { ...data, rowWeights: weights }, from)));
    }
    return results;
  },
  *release() {},
});

/** Without what is told of each of hundreds of trainings. */
function* quietly<R>(algorithm: Algorithm<R>): Generator<Command, R, Answer> {
  let next = algorithm.next(undefined);
  while (!next.done) {
    const command = next.value;
    const told = command.do === "progress" || command.do === "warn" || command.do === "checkpoint";
    next = algorithm.next(told ? undefined : yield command);
  }
  return next.value;
}
