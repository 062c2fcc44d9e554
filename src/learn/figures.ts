import { AlgorithmFailure } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";

/** What is known after an epoch. */
export interface EpochFigures {
  /** Mean over the epoch's batches, each before its step. */
  readonly loss: number;
  /** Share of examples classified right, each batch after its step. */
  readonly accuracy?: number;
  readonly validation_loss?: number;
  readonly validation_accuracy?: number;
}

export interface Sums {
  readonly loss: number;
  readonly examples: number;
  /** Where there is an accuracy: the weight of the examples, and of those that are right. */
  readonly weight?: number;
  readonly hits?: number;
}

/** How far training is, as plain numbers: kept in checkpoints, so every one that decides what comes next is here. */
export interface Figures {
  /** Whole epochs, and steps, done. */
  readonly epochs: number;
  readonly steps: number;
  /** By epoch. */
  readonly history: readonly EpochFigures[];
  /** Sums over the epoch that a length in steps ended in. */
  readonly partial?: Sums;
  /** The epoch (from 1) with the lowest validation loss. */
  readonly best?: { readonly epoch: number; readonly loss: number };
  /** Stopped before its length, as `early_stop` asks. */
  readonly stopped?: boolean;
  /** L-BFGS: the largest |gradient| of the objective, and whether it is within the tolerance. */
  readonly gradient?: number;
  readonly converged?: boolean;
}

/** As JSON, with the latest epoch's figures beside `epochs` and `steps`, where a result's readers look for them. */
export const toFigures = ({ epochs, steps, history, partial, best, ...rest }: Figures): Json => ({
  ...lastOf(history, partial),
  epochs,
  steps,
  history: history.map((figures) => ({ ...figures })),
  ...(partial === undefined ? {} : { partial: { ...partial } }),
  ...(best === undefined ? {} : { best: { ...best } }),
  ...rest,
});

const lastOf = (history: readonly EpochFigures[], partial: Sums | undefined): { readonly [name: string]: Json } =>
  partial === undefined ? { ...history.at(-1) } : { ...means(partial) };

/** The figures of an epoch from its sums. */
export const means = ({ loss, examples, hits, weight }: Sums): EpochFigures => ({
  loss: loss / examples,
  ...(hits === undefined || weight === undefined ? {} : { accuracy: hits / weight }),
});

/** The inverse of `toFigures`. */
export const fromFigures = (json: Json): Figures => {
  const of = object(json);
  const { partial, best, stopped } = of;
  return {
    epochs: number(of, "epochs"),
    steps: number(of, "steps"),
    history: list(of, "history").map((entry) => epochFigures(object(entry))),
    ...(partial === undefined ? {} : { partial: sums(object(partial)) }),
    ...(best === undefined
      ? {}
      : { best: { epoch: number(object(best), "epoch"), loss: number(object(best), "loss") } }),
    ...(stopped === true ? { stopped } : {}),
    ...(of.gradient === undefined ? {} : { gradient: number(of, "gradient"), converged: of.converged === true }),
  };
};

type Obj = { readonly [name: string]: Json };

const epochFigures = (of: Obj): EpochFigures => ({
  loss: number(of, "loss"),
  ...(of.accuracy === undefined ? {} : { accuracy: number(of, "accuracy") }),
  ...(of.validation_loss === undefined ? {} : { validation_loss: number(of, "validation_loss") }),
  ...(of.validation_accuracy === undefined ? {} : { validation_accuracy: number(of, "validation_accuracy") }),
});

const sums = (of: Obj): Sums => ({
  loss: number(of, "loss"),
  examples: number(of, "examples"),
  ...(of.hits === undefined ? {} : { hits: number(of, "hits"), weight: number(of, "weight") }),
});

const object = (json: Json): Obj => (isObject(json) ? json : damaged("an object"));
const isObject = (json: Json): json is Obj => typeof json === "object" && json !== null && !Array.isArray(json);

export const number = (of: Obj, name: string): number => {
  const value = of[name];
  return typeof value === "number" ? value : damaged(`the number \`${name}\``);
};

const list = (of: Obj, name: string): readonly Json[] => {
  const value = of[name];
  return Array.isArray(value) ? value : damaged(`the list \`${name}\``);
};

const damaged = (what: string): never => {
  throw new AlgorithmFailure(
    "MTT5205",
    `the checkpoint lacks ${what}`,
    "it was written by something else: train from the beginning",
  );
};
