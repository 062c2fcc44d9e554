import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as door from "./effect.ts";

export type {
  BackendError,
  Diagnostic,
  LoadOptions,
  Plan,
  RunEvent,
  RunOptions,
  RunResult,
  Step,
  StepSummary,
  StoreError,
} from "./effect.ts";
export { UsageError } from "./effect.ts";

/** A pipeline that was read and checked; see `mtt/effect` for what may fail. */
export interface Program extends Omit<door.Program, "run"> {
  readonly run: (targets?: readonly string[], options?: door.RunOptions) => Promise<door.RunResult>;
}

/** Reads and checks a pipeline and what it imports: `const { run } = await load("pipelines/mnist.mtt")`. */
export const load = async (file: string, options: door.LoadOptions = {}): Promise<Program> => {
  const program = await Effect.runPromise(door.load(file, options).pipe(Effect.provide(nodeServices)));
  return {
    ...program,
    run: (targets, runOptions) =>
      Effect.runPromise(program.run(targets, runOptions).pipe(Effect.provide(nodeServices))),
  };
};
