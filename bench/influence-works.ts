import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type { Backend } from "../src/backend/backend.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { parseIdx, unpackIdx } from "../src/data/idx.ts";
import { makeSource } from "../src/data/view.ts";
import { drive } from "../src/execute/drive.ts";
import { ekfac } from "../src/influence/ekfac.ts";
import { influence } from "../src/influence/influence.ts";
import { operatorOf } from "../src/influence/operator.ts";
import { type Problem, problemOf, toArrays } from "../src/influence/problem.ts";
import type { InfluenceResult } from "../src/influence/result.ts";
import { scoringPass } from "../src/influence/score.ts";
import { type Block, zeroBlock } from "../src/influence/vectors.ts";
import type { Parameters } from "../src/learn/metrics.ts";
import { train } from "../src/learn/training.ts";
import type { Algorithm } from "../src/plan/algorithm.ts";
import type { Influence, Method } from "../src/plan/influence.ts";
import type { Training } from "../src/plan/training.ts";
import { normal } from "../src/random/random.ts";
import { tensor } from "../src/shape/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/store/safetensors.ts";
import { trainingOf } from "./network.ts";
import { post, type Spec } from "./specs.ts";

/** Ten-class logistic regression: 7,850 parameters. Batches are the others'; ours takes what memory allows. */
const logistic: Spec = {
  name: "logistic",
  batch: 10_000,
  image: [28, 28, 1],
  classes: 10,
  layers: [{ kind: "dense", units: 10 }],
};
/** Strength of the penalty: half of it times the sum of squares. */
export const specs = [
  { ...logistic, strength: 0.01 },
  { ...post, batch: 1000, strength: 0 },
] as const;
const TOLERANCE = 1e-5;

interface Subject {
  readonly training: Training;
  readonly parameters: Parameters;
  readonly train: Dataset;
  readonly test: Dataset;
}

const fields = [
  { name: "image", type: { dtype: "f32", shape: [28, 28, 1] } },
  { name: "label", type: { dtype: "i32", shape: [] }, classes: 10 },
] as const;

export const readData = (folder: string, part: "train" | "t10k"): Dataset => {
  const column = (name: string, i: 0 | 1) => {
    const file = join(folder, `${part}-${name}-ubyte`);
    const path = existsSync(file) ? file : `${file}.gz`;
    return parseIdx(unpackIdx(readFileSync(path), path), path, fields[i]);
  };
  return makeSource([column("images-idx3", 0), column("labels-idx1", 1)], folder);
};

/** An algorithm over the subject's data; parts are computed anew. */
export const driven = <A>(
  algorithm: Algorithm<A>,
  backend: Backend,
  { train, test }: Pick<Subject, "train" | "test">,
  precision: "f32" | "f64" = "f32",
) =>
  Effect.runPromise(
    drive(algorithm, {
      backend,
      precision,
      data: [train, test],
      checkpoint: () => Effect.void,
      progress: () => Effect.void,
      warn: () => Effect.void,
      phase: () => Effect.void,
      part: (_part, compute) => compute(undefined, () => Effect.void),
      block: () => Effect.die("scores of a few test examples come in no blocks"),
    }),
  );

/** Trains the networks, or takes what an earlier call left in the folder. Both sides read the parameters from there. */
export async function subjectsOf(
  folder: string,
  backend: Backend,
  data: Pick<Subject, "train" | "test">,
  epochs: number,
): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  for (const spec of specs) {
    const plain = trainingOf(spec);
    const { strength } = spec;
    const training: Training =
      strength > 0
        ? {
            ...plain,
            regularize: { kind: "l2", strength },
            optimizer: { kind: "lbfgs", tolerance: 1e-6, history: 20, iterations: 1000 },
            length: { epochs: 1000 },
          }
        : { ...plain, batch: post.batch, length: { epochs } };
    const file = join(folder, `${spec.name}.safetensors`);
    if (!existsSync(file)) {
      const { parameters } = await driven(train(training, { n: data.train.index.length }), backend, data);
      writeFileSync(file, encodeSafetensors(parameters));
    }
    subjects.push({ ...data, training, parameters: decodeSafetensors(readFileSync(file)) });
  }
  return subjects;
}

const specOf = ({ training: { network, loss, regularize } }: Subject, method: Method): Influence => ({
  network,
  loss,
  measure: loss,
  ...(regularize === undefined ? {} : { regularize }),
  test: "data",
  of: "example",
  method,
});

const contextOf = ({ parameters, train }: Subject, m: number) => ({ parameters, n: train.index.length, m });

const cg: Method = {
  kind: "cg",
  damping: 0,
  tolerance: TOLERANCE,
  iterations: 1000,
  precondition: "none",
  hessian: "exact",
};

const directions = (problem: Problem, count: number): Block => {
  const block = zeroBlock(count, problem.layout.size);
  block.data.set(normal(1, "bench/directions", 0, block.data.length));
  return block;
};

const problemOn = (subject: Subject, m: number): Problem =>
  problemOf(specOf(subject, { kind: "ekfac", damping: "auto", seed: 0 }), contextOf(subject, m));

/** One run: its seconds, what the others are compared with, and the iterations of a solve. */
export interface Measured {
  readonly seconds: number;
  /** Arrays by name: `scores` [k, n], or `directions/…` and `products/…` by weight, [k, …]. */
  readonly answer: Parameters;
  readonly iterations?: number;
}

function* timed<A>(algorithm: Algorithm<A>): Algorithm<{ readonly seconds: number; readonly answered: A }> {
  const begin = performance.now();
  const answered = yield* algorithm;
  return { seconds: (performance.now() - begin) / 1000, answered };
}

/** A block of vectors by the weights' paths. */
const named = (problem: Problem, what: string, block: Block): Parameters =>
  Object.fromEntries(
    toArrays(problem, block).map((array, i) => [`${what}/${problem.layout.parts[i]!.path}`, array] as const),
  );

/** What is timed, by the name that all sides know it under. */
export const works = {
  *query(subject: Subject, count: number): Algorithm<Measured> {
    const { seconds, answered } = yield* timed(influence(specOf(subject, cg), contextOf(subject, count)));
    const { iterations } = answered.certificate;
    return { seconds, answer: { scores: answered.scores! }, ...(iterations === undefined ? {} : { iterations }) };
  },
  /** The mean of `repeats`, one after another. */
  *products(subject: Subject, count: number, repeats: number): Algorithm<Measured> {
    const problem = problemOn(subject, count);
    const operator = operatorOf(problem, "exact");
    const vectors = directions(problem, count);
    // As an iteration finds it: opened.
    yield* operator.apply(vectors);
    let sum = 0;
    let products = vectors;
    for (let i = 0; i < repeats; i++) {
      const { seconds, answered } = yield* timed(operator.apply(vectors));
      sum += seconds;
      products = answered;
    }
    yield* operator.release();
    const answer = { ...named(problem, "directions", vectors), ...named(problem, "products", products) };
    return { seconds: sum / repeats, answer };
  },
  *scores(subject: Subject, count: number): Algorithm<Measured> {
    const problem = problemOn(subject, count);
    const vectors = directions(problem, count);
    const { seconds, answered } = yield* timed(along(problem, vectors));
    const scores = tensor("f32", [count, problem.n], answered);
    return { seconds, answer: { ...named(problem, "directions", vectors), scores } };
  },
  *factors(subject: Subject, _count: number): Algorithm<Measured> {
    const { seconds } = yield* timed(factored(problemOn(subject, 1)));
    return { seconds, answer: {} };
  },
} as const;

function* along(problem: Problem, vectors: Block): Algorithm<Float64Array> {
  const pass = scoringPass(problem, false);
  const found = yield* pass.along(vectors);
  yield* pass.release();
  return found;
}

function* factored(problem: Problem): Algorithm<void> {
  const factors = yield* ekfac(problem, 0);
  yield* factors.close();
}

/** Scores through EK-FAC: what one who scores by nothing else is compared with. */
export const scoresByFactors = (subject: Subject, count: number): Algorithm<InfluenceResult> =>
  influence(specOf(subject, { kind: "ekfac", damping: "auto", seed: 0 }), contextOf(subject, count));
