import * as Effect from "effect/Effect";
import type { Optimizer, Training } from "../plan/training.ts";
import { sizeOf } from "../shape/tensor.ts";
import { StepFailure } from "./failure.ts";
import type { Setting } from "./setting.ts";

/** Arrays like the weights that an optimizer keeps. */
const kept: { readonly [K in Optimizer["kind"]]: (optimizer: Extract<Optimizer, { readonly kind: K }>) => number } = {
  sgd: () => 0,
  adagrad: () => 1,
  momentum: () => 1,
  nesterov: () => 1,
  rmsprop: () => 1,
  adam: () => 2,
  adamw: () => 2,
  // Two vectors for each step of its history, and those of the line search.
  lbfgs: ({ history }) => 2 * history + 3,
};
const slots = <K extends Optimizer["kind"]>(optimizer: Extract<Optimizer, { readonly kind: K }>): number => {
  const of: (given: Extract<Optimizer, { readonly kind: K }>) => number = kept[optimizer.kind];
  return of(optimizer);
};

/** Bytes that training takes for its weights alone: they and what the optimizer keeps, before and after a step, and the gradient. */
export const trainingBytes = ({ network, optimizer, precision }: Training): number => {
  const weights = network.weights.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  return weights * (precision === "f64" ? 8 : 4) * (2 * (1 + slots(optimizer)) + 1);
};

/** Refuses at once what would end after minutes with a process that the system killed. */
export const fitsIntoMemory = (
  training: Training,
  free = process.availableMemory(),
): Effect.Effect<void, StepFailure> => {
  const needed = trainingBytes(training);
  return needed <= free
    ? Effect.void
    : Effect.fail(
        new StepFailure({
          code: "MTT5407",
          message: `training \`${training.network.name}\` takes ${gibibytes(needed)} for its weights and its optimizer, and ${gibibytes(free)} are free`,
          help: "is a size larger than meant? `mtt shapes` shows the weights of each stage; `sgd` and `momentum` keep less than `adam`",
        }),
      );
};

/** What a pass over examples may plan for, of the bytes that the run may take: its batch follows from it. */
export const memoryOf = ({ memory, backend }: Pick<Setting, "memory" | "backend">): { readonly memory?: number } =>
  memory === undefined ? {} : { memory: memory / backend.overhead };

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
