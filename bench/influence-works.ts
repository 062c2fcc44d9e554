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
import { type Problem, problemOf } from "../src/influence/problem.ts";
import { scoringPass } from "../src/influence/score.ts";
import { type Block, zeroBlock } from "../src/influence/vectors.ts";
import type { Parameters } from "../src/learn/metrics.ts";
import { train } from "../src/learn/training.ts";
import type { Algorithm } from "../src/plan/algorithm.ts";
import type { Influence, Method } from "../src/plan/influence.ts";
import type { Training } from "../src/plan/training.ts";
import { normal } from "../src/random/random.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/store/safetensors.ts";
import { trainingOf } from "./network.ts";
import { post, type Spec } from "./specs.ts";

/** Ten-class logistic regression: 7,850 parameters. */
const logistic: Spec = {
  name: "logistic",
  batch: 256,
  image: [28, 28, 1],
  classes: 10,
  layers: [{ kind: "dense", units: 10 }],
};
const specs = [logistic, post];

/** Strength of the penalty of logistic regression. */
const STRENGTH = 0.01;
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
    const training: Training =
      spec === logistic
        ? {
            ...plain,
            regularize: { kind: "l2", strength: STRENGTH },
            optimizer: { kind: "lbfgs", tolerance: 1e-6, history: 20, iterations: 1000 },
            length: { epochs: 1000 },
          }
        : { ...plain, length: { epochs } };
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

/** Runs an algorithm so many times; seconds of each. */
function* timed<A>(runs: number, once: () => Algorithm<A>): Algorithm<readonly number[]> {
  const seconds: number[] = [];
  for (let i = 0; i < runs; i++) {
    const begin = performance.now();
    yield* once();
    seconds.push((performance.now() - begin) / 1000);
  }
  return seconds;
}

/** What is timed, by the name that all sides know it under. */
export const works = {
  query: (subject: Subject, count: number, runs: number) =>
    timed(runs, () => influence(specOf(subject, cg), contextOf(subject, count))),
  *products(subject: Subject, count: number, runs: number): Algorithm<readonly number[]> {
    const problem = problemOn(subject, count);
    const operator = operatorOf(problem, "exact");
    const vectors = directions(problem, count);
    // As an iteration finds it: opened.
    yield* operator.apply(vectors);
    const seconds = yield* timed(runs, () => operator.apply(vectors));
    yield* operator.release();
    return seconds;
  },
  *scores(subject: Subject, count: number, runs: number): Algorithm<readonly number[]> {
    const problem = problemOn(subject, count);
    const vectors = directions(problem, count);
    return yield* timed(runs, function* () {
      const pass = scoringPass(problem, false);
      yield* pass.along(vectors);
      yield* pass.release();
    });
  },
  factors: (subject: Subject, _count: number, runs: number) =>
    timed(runs, function* () {
      const factored = yield* ekfac(problemOn(subject, 1), 0);
      yield* factored.close();
    }),
} as const;
