import type { Field } from "../../plan/dataset.ts";
import type { Influence } from "../../plan/influence.ts";
import type { Measure, Network } from "../../plan/network.ts";
import type { Member, Metric } from "../../plan/plan.ts";
import type { Training } from "../../plan/training.ts";
import type { Validation } from "../../plan/validation.ts";
import type { DatasetValue } from "../value.ts";

/** What other steps may ask of a declared step that has been planned. */
export type Planned =
  | PlannedTrain
  | PlannedSweep
  | PlannedEvaluate
  | PlannedInfluence
  | PlannedValidate
  | PlannedReport;

export interface PlannedTrain {
  readonly kind: "train";
  readonly id: string;
  readonly network: Network;
  readonly loss: Measure;
  /** The field that the loss compares with, where the step says so. */
  readonly target: string | undefined;
  readonly data: DatasetValue;
  /** How it is trained; several where a `best` picks one of them. */
  readonly trainings: readonly [Training, ...Training[]];
}

/** A family of models. */
export interface PlannedSweep {
  readonly kind: "sweep";
  readonly id: string;
  readonly members: readonly [PlannedMember, ...PlannedMember[]];
}

export interface PlannedMember {
  readonly member: Member;
  readonly model: PlannedTrain;
}

export interface PlannedEvaluate {
  readonly kind: "evaluate";
  readonly id: string;
  /** The model; of a sweep, the first. */
  readonly model: PlannedTrain;
  readonly metrics: readonly Metric[];
  /** The sweep whose members are each evaluated, where it is one. */
  readonly sweep: PlannedSweep | undefined;
  readonly fields: readonly Field[];
}

export interface PlannedInfluence {
  readonly kind: "influence";
  readonly id: string;
  readonly influence: Influence;
  /** One for each training of the model. */
  readonly specs: readonly Influence[];
  readonly model: PlannedTrain;
  /** Absent for self-influence. */
  readonly test: DatasetValue | undefined;
  /** The part of the model's data that is scored, where it is not all. */
  readonly part: DatasetValue | undefined;
}

export interface PlannedValidate {
  readonly kind: "validate";
  readonly id: string;
  readonly by: Validation["kind"];
}

export interface PlannedReport {
  readonly kind: "report";
  readonly id: string;
}
