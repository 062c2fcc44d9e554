import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Dataset } from "../data/dataset.ts";
import type { Described } from "../data/describe.ts";
import type { Json } from "../plan/json.ts";
import type { Step } from "../plan/plan.ts";
import type { Tensor } from "../shape/tensor.ts";
import type { Warning } from "../store/store.ts";
import type { Figures } from "./events.ts";
import type { StepFailure } from "./failure.ts";
import type { Arrays } from "./outcome.ts";
import type { About } from "./setting.ts";

/** A step that a report stands on: one that it shows, or one behind those. */
export interface Shown {
  readonly step: Step;
  readonly key: string;
  readonly seconds: number;
  readonly figures: Figures;
  readonly cost?: Figures;
  readonly arrays: (group: string) => Effect.Effect<Arrays, StepFailure>;
  readonly data?: Dataset;
  /** What a data set holds. */
  readonly described?: Described;
  /** Computed by the run that made the report, or taken from the store. */
  readonly status: "ran" | "cached";
  /** Rows `from` to `to` (exclusive) of an array that is too large to be read whole: `scores.npy`. Nothing where the step has no such file. */
  readonly rows: (file: string, from: number, to: number) => Effect.Effect<Tensor | undefined, StepFailure>;
}

/** All that a report is made of. */
export interface ReportSource {
  /** The program's name: its file's, without folder and ending. */
  readonly program: string;
  readonly name: string;
  readonly title?: string;
  /** The pictures, as the plan declares them. */
  readonly show: readonly Json[];
  /** The step's inputs, in the order of the numbers in `show`. */
  readonly inputs: readonly Shown[];
  /** The inputs and all that they came from, in the plan's order. */
  readonly steps: readonly Shown[];
  /** When it is made: milliseconds since 1970. */
  readonly made: number;
  readonly about?: About;
  /** Of the program, then of the steps. */
  readonly warnings: readonly Said[];
}

/** A warning, and where in the program it stands. */
export interface Said extends Warning {
  readonly notes: readonly string[];
  /** The step whose computing warned. */
  readonly step?: string;
  readonly at?: { readonly file: string; readonly line: number; readonly column: number; readonly text: string };
}

/** Makes reports: a service, because what people see is made after and outside of what computes. */
export class Reports extends Context.Service<
  Reports,
  {
    /** Raised with what the same source looks like. */
    readonly version: number;
    /** One HTML file that needs nothing beside it. */
    readonly render: (source: ReportSource) => Effect.Effect<string, StepFailure>;
  }
>()("mtt/execute/Reports") {}
