import type { Step, StepKind } from "../../syntax/ast.ts";
import type { Signature, TensorTypeSymbolic, Type } from "../checked.ts";
import type { Context } from "../context.ts";
import { factsOf } from "../steps.ts";
import { evaluate } from "./evaluate.ts";
import { influence } from "./influence.ts";
import type { Kind } from "./kind.ts";
import { report } from "./report.ts";
import { sweep } from "./sweep.ts";
import { train } from "./train.ts";
import { validate } from "./validate.ts";

export const kinds = { train, evaluate, influence, validate, report, sweep } as const satisfies {
  readonly [K in StepKind]: Kind;
};

/** What may be read of a step: `classifier.loss`. */
export const figureOf = (c: Context, step: Step): ReadonlyMap<string, Type> | undefined =>
  kinds[step.step].figures(c, step);

/** The fields of the data that a model was trained with, or that an influence step scores. */
export const dataOf = (c: Context, step: Step): ReadonlyMap<string, TensorTypeSymbolic> | undefined =>
  factsOf(c, step).data;

/** The network of a model. */
export const networkOf = (c: Context, step: Step): Signature | undefined => factsOf(c, step).network;
