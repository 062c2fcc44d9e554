import * as Runtime from "effect/Runtime";
import * as Schema from "effect/Schema";

/** 0 done; 1 the program is wrong, or an assertion failed; 2 wrong use; 3 the run failed; 130 interrupted. */
export const EXIT = { done: 0, program: 1, usage: 2, run: 3, interrupted: 130 } as const;

/** Ends the process with a code; what there was to say has been said. */
export class Finished extends Schema.TaggedError<Finished>()("Finished", { exit: Schema.Int }) {
  override get [Runtime.errorExitCode]() {
    return this.exit;
  }
  override readonly [Runtime.errorReported] = true;
}

/** Wrong use: a flag, a missing file, a key of mtt.yaml. Printed as `mtt: message`. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  message: Schema.String,
  help: Schema.optional(Schema.String),
}) {}
