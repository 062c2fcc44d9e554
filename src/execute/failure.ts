import * as Schema from "effect/Schema";
import type { BackendError } from "../backend/backend.ts";
import type { DataError } from "../data/error.ts";
import type { AlgorithmFailure } from "../plan/algorithm.ts";
import type { StoreError } from "../store/store.ts";

/** A step could not be computed: becomes the diagnostic at the step's place in the program. */
export class StepFailure extends Schema.TaggedError<StepFailure>()("StepFailure", {
  code: Schema.TemplateLiteral(["MTT", Schema.Number]),
  message: Schema.String,
  help: Schema.String,
}) {}

/** The engine failed: out of memory, no such device. */
const BACKEND_CODE = "MTT5301";

/** What can fail a step. */
export type Failing = StoreError | BackendError | DataError | AlgorithmFailure | StepFailure;

export const stepFailure = (error: Failing): StepFailure =>
  error instanceof StepFailure
    ? error
    : new StepFailure({
        code: "code" in error ? error.code : BACKEND_CODE,
        message: error.message,
        help: error.help,
      });
