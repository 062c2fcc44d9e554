import type { Span } from "../diagnostic/diagnostic.ts";
import type { DataOperation, Field, Source } from "./dataset.ts";
import type { Influence } from "./influence.ts";
import type { Json } from "./json.ts";
import type { Measure, Network } from "./network.ts";
import type { Schedule, Training } from "./training.ts";
import type { Validate } from "./validation.ts";

/** What a step computes, without its inputs. A new kind of step is a new member here, and tsc lists the tables that lack it. */
export type Body =
  /** -> data set. Examples are verified against the declared fields. */
  | { readonly kind: "data"; readonly source: Source; readonly fields: readonly Field[] }
  /** inputs: data set, then what the operation names -> data set */
  | { readonly kind: "query"; readonly operation: DataOperation; readonly fields: readonly Field[] }
  /** inputs: data set [, validation data set] [, model to start from] -> model */
  | { readonly kind: "train"; readonly training: Training }
  /** inputs: model, data set -> one array [n, …] of `measure` of every example */
  | { readonly kind: "predict"; readonly network: Network; readonly measure: Measure }
  /** inputs: model, data set -> metrics by name */
  | {
      readonly kind: "evaluate";
      readonly network: Network;
      readonly loss: Measure;
      readonly metrics: readonly Metric[];
    }
  /**
   * inputs: model, its training data [, test data, unless `influence.test` is self] [, the part of the training data that is scored, where `part`]
   * [, other models of an ensemble] -> scores, and their certificate
   */
  | {
      readonly kind: "influence";
      readonly influence: Influence;
      readonly part: boolean;
      /** For tracin: how the training that is traced went, and of how many epochs it keeps one. */
      readonly traced?: {
        readonly rate: Schedule;
        readonly batch: number;
        readonly bySteps: boolean;
        readonly every: number;
      };
    }
  /** inputs: scores, a set of training examples -> the effect of removing the whole set */
  | { readonly kind: "group"; readonly order: 1; readonly test?: number }
  /** inputs: model, its training data, test data, a set of training examples -> that effect to second order */
  | { readonly kind: "group"; readonly order: 2; readonly influence: Influence; readonly test?: number }
  /** inputs: scores, scores of the same examples -> their correlation, for all test examples or for one of each */
  | { readonly kind: "correlation"; readonly tests?: readonly [number, number] }
  /** inputs: a step for each member of a sweep -> their figures by member */
  | { readonly kind: "family"; readonly members: readonly Member[] }
  /** inputs: the figures of a family, then for each member what may be chosen -> that of the member with the best figure `by` */
  | { readonly kind: "best"; readonly by: string; readonly order: Order }
  /** One of these: that of the member which a `best` chose, the first of the inputs that is one. */
  | { readonly kind: "chosen"; readonly of: readonly Body[] }
  /**
   * inputs: scores, model, its training data [, test data, unless `test` is self], then what the training reads besides its data -> agreement.
   * For mislabel_detection: what ranks, scores or the loss of each example; the training data.
   */
  | { readonly kind: "validate"; readonly validate: Validate; readonly influence: Influence }
  /** inputs: the steps whose figures it reads -> passes or fails */
  | { readonly kind: "assert"; readonly condition: Formula; readonly text: string; readonly message?: string }
  /** inputs: the steps it shows -> an HTML file */
  | { readonly kind: "report"; readonly show: readonly Json[]; readonly title?: string };

/** A member of a sweep: its name, `rate 0.01, seed 1`, and what it was given. */
export interface Member {
  readonly name: string;
  readonly given: { readonly [name: string]: Json };
  /** A training that ends with the weights of its best epoch. */
  readonly restores: boolean;
}

export type Order = "highest" | "lowest";

export type Metric =
  | { readonly kind: "accuracy" | "loss" | "auc"; readonly name: string }
  | { readonly kind: "top"; readonly name: string; readonly k: number }
  | { readonly kind: "mean"; readonly name: string; readonly measure: Measure };

/** A condition over figures that are known only after their steps ran. */
export type Formula =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "string"; readonly value: string }
  /** A figure of input `input` of the step: `accuracy`, `epochs`; `count` of a data set. */
  | { readonly kind: "figure"; readonly input: number; readonly name: string }
  | { readonly kind: "unary"; readonly operator: "-" | "not"; readonly operand: Formula }
  | {
      readonly kind: "binary";
      readonly operator: "or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/";
      readonly left: Formula;
      readonly right: Formula;
    };

export interface Step {
  /** Unique in the plan and stable: the declared name (`classifier`), or made from its place (`digits.train`, `blame.test/where`). Never part of a key. */
  readonly id: string;
  /** False for the views a query is made of: people see them in `mtt plan`, not in the progress. */
  readonly declared: boolean;
  readonly body: Body;
  /** Ids of the steps whose results it reads, in the body's order. */
  readonly inputs: readonly string[];
  readonly span: Span;
}

/** How the model that a step yields is trained: of a `best` as its first member is, whose network and loss all have. Nothing where it yields none. */
export const trainingBehind = (plan: Plan, { body, inputs }: Step): Training | undefined => {
  if (body.kind === "train") return body.training;
  const member = body.kind === "best" ? plan.steps.find(({ id }) => id === inputs[1]) : undefined;
  return member && trainingBehind(plan, member);
};

/** Steps in an order in which each comes after its inputs. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What `mtt run FILE` without targets computes: asserts, reports, and the steps nothing else uses. */
  readonly targets: readonly string[];
}
