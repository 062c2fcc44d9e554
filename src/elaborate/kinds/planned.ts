import type { Field } from "../../plan/dataset.ts";
import type { Influence } from "../../plan/influence.ts";
import type { Measure, Network } from "../../plan/network.ts";
import type { Metric } from "../../plan/plan.ts";
import type { DatasetValue } from "../value.ts";

/** What other steps may ask of a declared step that has been planned. */
export type Planned = PlannedTrain | PlannedEvaluate | PlannedInfluence | PlannedValidate | PlannedReport;

export interface PlannedTrain {
  readonly kind: "train";
  readonly id: string;
  readonly network: Network;
  readonly loss: Measure;
  /** The field that the loss compares with, where the step says so. */
  readonly target: string | undefined;
  readonly data: DatasetValue;
}

export interface PlannedEvaluate {
  readonly kind: "evaluate";
  readonly id: string;
  readonly metrics: readonly Metric[];
  readonly model: PlannedTrain;
  readonly fields: readonly Field[];
}

export interface PlannedInfluence {
  readonly kind: "influence";
  readonly id: string;
  readonly influence: Influence;
  readonly model: PlannedTrain;
  /** Absent for self-influence. */
  readonly test: DatasetValue | undefined;
  /** The part of the model's data that is scored, where it is not all. */
  readonly part: DatasetValue | undefined;
}

export interface PlannedValidate {
  readonly kind: "validate";
  readonly id: string;
}

export interface PlannedReport {
  readonly kind: "report";
  readonly id: string;
}
