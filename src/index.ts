import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as door from "./effect.ts";

export type * from "./effect.ts";
export { AxisArray, mtt, network, operations, ProgramError, RunError, UsageError } from "./effect.ts";

/** A pipeline that was read and checked; see `mtt/effect` for what may fail. Promises reject with those errors. */
export interface Program extends Omit<door.Program, "run" | "get"> {
  readonly run: (targets?: readonly string[], options?: door.RunOptions) => Promise<door.RunResult>;
  readonly get: <A>(handle: door.Handle<A>, options?: door.RunOptions) => Promise<A>;
}

/** Reads and checks a pipeline and what it imports: `const { run } = await load("pipelines/mnist.mtt")`. */
export const load = async (file: string, options: door.LoadOptions = {}): Promise<Program> => {
  const program = await Effect.runPromise(door.load(file, options).pipe(Effect.provide(nodeServices)));
  return {
    ...program,
    run: (targets, runOptions) =>
      Effect.runPromise(program.run(targets, runOptions).pipe(Effect.provide(nodeServices))),
    get: (handle, runOptions) => Effect.runPromise(program.get(handle, runOptions).pipe(Effect.provide(nodeServices))),
  };
};
