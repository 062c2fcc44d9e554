import type { Value as GraphValue } from "../ir/graph.ts";
import type { Field } from "../plan/dataset.ts";
import type { Formula } from "../plan/plan.ts";
import type { Block, Expression, Step } from "../syntax/ast.ts";
import type { Instance } from "./instance.ts";
import type { PlannedInfluence, PlannedTrain } from "./kinds/planned.ts";

/** What an expression comes to while a program is elaborated: known now, or a value of the graph being built. */
export type Value =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "size"; readonly y: number; readonly x: number }
  /** `same`, `auto`, `none`, `input`: what the expected type made of a bare word. */
  | { readonly kind: "word"; readonly word: string }
  | TensorValue
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | RecordValue
  | BlockValue
  | Made
  | DatasetValue
  | StepValue
  | ModelValue
  | ScoresValue
  | FigureValue;

/** A value of the graph that the scope builds; no other scope may use it. */
export interface TensorValue {
  readonly kind: "tensor";
  readonly value: GraphValue;
}

export interface RecordValue {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Value>;
}

/** A block, a primitive or a built-in function, with the arguments it has so far. A layer value is one without its tensor inputs. */
export interface BlockValue {
  readonly kind: "block";
  readonly callee: Callee;
  readonly bound: ReadonlyMap<string, Value>;
  /** Where a layer value was made: every use of it is this one instance. A block's bare name has none: each use is new. */
  readonly origin?: { readonly home: Instance | undefined; readonly expression: Expression };
}

export type Callee =
  | { readonly kind: "block"; readonly block: Block }
  | { readonly kind: "primitive" | "builtin"; readonly name: string };

/** `adam(rate: 0.1)`, `constant(0.1)`, `l2(0.01)`: what a built-in constructor was given; the reader of the value interprets it. */
export interface Made {
  readonly kind: "made";
  readonly name: string;
  readonly arguments: ReadonlyMap<string, Value>;
  readonly expression: Expression;
}

/** The result of a step that yields examples. */
export interface DatasetValue {
  readonly kind: "dataset";
  readonly step: string;
  readonly fields: readonly Field[];
}

/** A declared step: its figures are read by name, its model by `model:`. */
export interface StepValue {
  readonly kind: "step";
  readonly step: Step;
}

/** The model that a `best` picks. */
export interface ModelValue {
  readonly kind: "model";
  readonly model: PlannedTrain;
}

/** The scores of an influence, or those for one of its test examples. */
export interface ScoresValue {
  readonly kind: "scores";
  readonly influence: PlannedInfluence;
  readonly test?: number;
}

/** A number, text or flag that is known only after steps ran; `step` figures are numbered when an assert lists its inputs. */
export interface FigureValue {
  readonly kind: "figure";
  readonly formula: StepFormula;
}

/** A formula whose figures name their steps. */
export type StepFormula =
  | Exclude<Formula, { readonly kind: "figure" | "unary" | "binary" }>
  | { readonly kind: "figure"; readonly step: string; readonly name: string }
  | {
      readonly kind: "unary";
      readonly operator: Extract<Formula, { kind: "unary" }>["operator"];
      readonly operand: StepFormula;
    }
  | {
      readonly kind: "binary";
      readonly operator: Extract<Formula, { kind: "binary" }>["operator"];
      readonly left: StepFormula;
      readonly right: StepFormula;
    };

/** What a value is, in words for a message. */
export const describe = (value: Value): string => {
  switch (value.kind) {
    case "number":
      return `the number ${value.value}`;
    case "bool":
      return `${value.value}`;
    case "string":
      return JSON.stringify(value.value);
    case "size":
      return `the size ${value.y}x${value.x}`;
    case "word":
      return `\`${value.word}\``;
    case "tensor":
      return "a tensor";
    case "list":
      return "a list";
    case "record":
      return "a record";
    case "block":
      return `the block \`${calleeName(value.callee)}\``;
    case "made":
      return `\`${value.name}\``;
    case "dataset":
      return "a data set";
    case "step":
      return `the step \`${value.step.name.text}\``;
    case "model":
      return `the model \`${value.model.id}\``;
    case "scores":
      return `scores of \`${value.influence.id}\``;
    case "figure":
      return "a figure known only after a run";
  }
};

export const calleeName = (callee: Callee): string => (callee.kind === "block" ? callee.block.name.text : callee.name);
