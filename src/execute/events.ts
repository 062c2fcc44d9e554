import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Json } from "../plan/json.ts";

export type Figures = { readonly [name: string]: Json };

export type StepStatus = "ran" | "cached" | "skipped" | "failed";

export interface StepSummary {
  readonly status: StepStatus;
  readonly key: string;
  readonly seconds: number;
  readonly result: Figures;
}

/** What happens in a run, as it happens; `--format json` prints each as one line. */
export type RunEvent =
  /** `waiting`: another run on the same store computes it. */
  | {
      readonly event: "step.started" | "step.waiting";
      readonly step: string;
      readonly kind: string;
      readonly key: string;
    }
  /** `fraction` is what is done, 0 to 1; `figures` stand beside it in the JSON line. */
  | {
      readonly event: "step.progress";
      readonly step: string;
      readonly fraction: number;
      readonly figures: Figures;
    }
  | {
      readonly event: "step.finished" | "step.cached";
      readonly step: string;
      readonly kind: string;
      readonly key: string;
      readonly seconds: number;
      readonly result: Figures;
    }
  | { readonly event: "diagnostic"; readonly diagnostic: Diagnostic }
  | {
      readonly event: "run.finished";
      readonly status: "done" | "failed" | "interrupted";
      readonly steps: { readonly [name: string]: StepSummary };
    };

/** Where a run's events go: a terminal, lines of JSON, a test. */
export class Events extends Context.Service<Events, { readonly emit: (event: RunEvent) => Effect.Effect<void> }>()(
  "mtt/execute/Events",
) {}

export const emit = (event: RunEvent): Effect.Effect<void, never, Events> =>
  Effect.flatMap(Events, (events) => events.emit(event));
