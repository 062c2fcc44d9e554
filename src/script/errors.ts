import * as Data from "effect/Data";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";

/** The program, or what a script adds to it, is wrong. `message` is what `mtt check` would print. */
export class ProgramError extends Data.TaggedError("ProgramError")<{
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}> {}

/** A step could not be computed. What was computed before it is stored. */
export class RunError extends Data.TaggedError("RunError")<{
  readonly message: string;
  readonly diagnostics: readonly Diagnostic[];
}> {}
