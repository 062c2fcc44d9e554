import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Step } from "../plan/plan.ts";
import type { Warning } from "../store/store.ts";
import { type Events, emit } from "./events.ts";

/** Where what a step warns of is gathered while it is computed, to be kept beside its result: who shows it later shows that too. */
export const Warnings = Context.Reference<Warning[] | undefined>("mtt/execute/Warnings", {
  defaultValue: () => undefined,
});

/** What was mended on the way says nothing of the result. */
const MENDED = "MTT5003";

/** Says something a person should know about a step that goes on. */
export const warn = (
  step: Step,
  code: Diagnostic["code"],
  message: string,
  help?: string,
): Effect.Effect<void, never, Events> =>
  Effect.flatMap(Warnings, (gathered) => {
    const more = help === undefined ? {} : { help };
    if (code !== MENDED) gathered?.push({ code, message, ...more });
    const severity = "warning";
    const told = {
      code,
      severity,
      span: step.span,
      message: `\`${step.id}\`: ${message}`,
      notes: [],
      fixes: [],
    } as const;
    return emit({ event: "diagnostic", diagnostic: { ...told, ...more } });
  });
