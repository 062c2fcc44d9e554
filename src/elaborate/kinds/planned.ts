import type { Field } from "../../plan/dataset.ts";
import type { Measure, Network } from "../../plan/network.ts";
import type { Metric } from "../../plan/plan.ts";
import type { DatasetValue } from "../value.ts";

/** What other steps may ask of a declared step that has been planned. */
export type Planned = PlannedTrain | PlannedEvaluate | PlannedReport;

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

export interface PlannedReport {
  readonly kind: "report";
  readonly id: string;
}
