import { influence } from "../../src/influence/influence.ts";
import type { InfluenceContext } from "../../src/influence/result.ts";
import type { Parameters } from "../../src/learn/metrics.ts";
import { minimize } from "../../src/learn/minimize.ts";
import { AlgorithmFailure } from "../../src/plan/algorithm.ts";
import type { Influence, Method } from "../../src/plan/influence.ts";
import type { Measure, Network } from "../../src/plan/network.ts";
import type { Regularizer, Training } from "../../src/plan/training.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { training } from "../learn/problems.ts";

/** A trained model and the examples to ask about. */
export interface Case {
  readonly network: Network;
  readonly loss: Measure;
  readonly regularize?: Regularizer;
  readonly train: Columns;
  readonly test: Columns;
  readonly parameters: Parameters;
}

const exactly: Extract<Training["optimizer"], { kind: "lbfgs" }> = {
  kind: "lbfgs",
  tolerance: 1e-12,
  history: 20,
  iterations: 2000,
};

export const sizeOfColumns = (columns: Columns): number => Object.values(columns)[0]!.shape[0]!;

/** Parameters that minimize the objective to rounding, with weights of the examples where given (0 removes one, n stays). */
export const minimum = (
  { network, loss, regularize, train }: Omit<Case, "parameters" | "test">,
  rowWeights?: Float64Array,
): Parameters => {
  const of = training({
    network,
    loss,
    optimizer: exactly,
    precision: "f64",
    ...(regularize === undefined ? {} : { regularize }),
  });
  const data = { n: sizeOfColumns(train), ...(rowWeights === undefined ? {} : { rowWeights }) };
  return drive(minimize(of, exactly, data), train).result.parameters;
};

export const trained = (of: Omit<Case, "parameters">): Case => ({ ...of, parameters: minimum(of) });

/** Runs an influence query with the reference evaluator. */
export const ask = (
  of: Case,
  method: Method,
  more: Partial<Influence> & { readonly context?: Partial<InfluenceContext> } = {},
) => {
  const { context, ...spec } = more;
  const self = spec.test === "self";
  return drive(
    influence(
      {
        network: of.network,
        loss: of.loss,
        measure: of.loss,
        test: "data",
        of: "example",
        method,
        ...(of.regularize === undefined ? {} : { regularize: of.regularize }),
        ...spec,
      },
      { parameters: of.parameters, n: sizeOfColumns(of.train), m: sizeOfColumns(of.test), ...context },
    ),
    ...(self ? [of.train] : [of.train, of.test]),
  );
};

export const cg = (more: Partial<Extract<Method, { kind: "cg" }>> = {}): Method => ({
  kind: "cg",
  damping: "auto",
  tolerance: 1e-10,
  iterations: 200,
  precondition: "none",
  hessian: "exact",
  ...more,
});

export const lissa = (more: Partial<Extract<Method, { kind: "lissa" }>> = {}): Method => ({
  kind: "lissa",
  damping: "auto",
  scale: "auto",
  depth: "auto",
  repeats: "auto",
  tolerance: 1e-2,
  seed: 0,
  precondition: "none",
  hessian: "exact",
  ...more,
});

export const exact = (more: Partial<Extract<Method, { kind: "exact" }>> = {}): Method => ({
  kind: "exact",
  damping: 0,
  hessian: "exact",
  ...more,
});

/** ‖a − b‖ / ‖b‖ */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new RangeError(`${a.length} against ${b.length}`);
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
};

/** How a computation fails; an error where it does not. */
export const failure = (run: () => unknown): AlgorithmFailure => {
  try {
    run();
  } catch (error) {
    if (error instanceof AlgorithmFailure) return error;
    throw error;
  }
  throw new Error("nothing failed");
};
