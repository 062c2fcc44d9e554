import type { Algorithm, Answer, Command } from "../plan/algorithm.ts";
import type { Training } from "../plan/training.ts";
import type { Parameters } from "./metrics.ts";
import type { TrainData, TrainResult } from "./trained.ts";
import { train } from "./training.ts";

/** Trains once for each of these weights of the examples, from these parameters or from freshly drawn ones. Without progress, checkpoints or warnings. */
export function* trainTogether(
  training: Training,
  data: TrainData,
  rowWeights: readonly Float64Array[],
  start: Parameters | undefined,
): Algorithm<readonly TrainResult[]> {
  const from = start === undefined ? undefined : { parameters: start };
  const results: TrainResult[] = [];
  for (const weights of rowWeights)
    results.push(yield* quietly(train(training, { ...data, rowWeights: weights }, from)));
  return results;
}

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
