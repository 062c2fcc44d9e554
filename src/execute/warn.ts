import type * as Effect from "effect/Effect";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Step } from "../plan/plan.ts";
import { type Events, emit } from "./events.ts";

/** Says something a person should know about a step that goes on. */
export const warn = (
  step: Step,
  code: Diagnostic["code"],
  message: string,
  help?: string,
): Effect.Effect<void, never, Events> =>
  emit({
    event: "diagnostic",
    diagnostic: {
      code,
      severity: "warning",
      span: step.span,
      message: `\`${step.id}\`: ${message}`,
      notes: [],
      ...(help === undefined ? {} : { help }),
      fixes: [],
    },
  });
