import { describe, expect, it } from "vitest";
import { trainerOf } from "../../src/learn/together.ts";
import type { Trained, Trainer } from "../../src/learn/trained.ts";
import { train } from "../../src/learn/training.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";
import type { Training } from "../../src/plan/training.ts";
import { drive } from "./drive.ts";
import { batchNormNet, classes, crossEntropy, dropoutNet, linear, training } from "./problems.ts";

const n = 40;
const data = classes(n, 5, 3, "f64");
const logistic: Training = training({
  network: linear(5, 3),
  loss: crossEntropy(3),
  optimizer: { kind: "lbfgs", tolerance: 1e-10, history: 10, iterations: 1000 },
  regularize: { kind: "l2", strength: 0.01 },
});

/** Weight 0 for example i, 1 for the rest. */
const without = (i: number): Float64Array => new Float64Array(n).fill(1).fill(0, i, i + 1);

/** Trains, and releases: nothing is left open. */
function* all(
  trainer: Trainer,
  groups: readonly (readonly Float64Array[])[],
  pairs = 0,
): Algorithm<readonly Trained[]> {
  const curvature = pairs === 0 || trainer.curvature === undefined ? [] : yield* trainer.curvature(pairs);
  const found: Trained[] = [];
  for (const group of groups) found.push(...(yield* trainer.train(group, curvature)));
  yield* trainer.release();
  return found;
}

const flat = ({ parameters }: Pick<Trained, "parameters">): readonly number[] =>
  Object.values(parameters).flatMap((tensor) => Array.from(tensor.data));

const farthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe("training many times over by L-BFGS", () => {
  const alone = (i: number) => drive(train(logistic, { n, rowWeights: without(i) }), data).result;
  const groups = [
    [0, 1, 2, 3],
    [4, 5],
  ].map((group) => group.map(without));

  it("comes to the minimum of each training by itself, in one graph, the last group smaller", () => {
    const { result, open, counts } = drive(all(trainerOf(logistic, { n }, undefined, 4), groups), data);
    expect(result).toHaveLength(6);
    for (const [i, found] of result.entries()) {
      expect(farthest(flat(found), flat(alone(i)))).toBeLessThan(1e-8);
      expect(found.figures.converged).toBe(true);
      expect(found.figures.gradient).toBeLessThanOrEqual(1e-10);
    }
    expect([open, counts.open]).toEqual([0, 1]);
  });

  it("needs fewer iterations from a minimum, with the curvature around it", () => {
    const { parameters } = drive(train(logistic, { n }), data).result;
    const steps = (pairs: number) => {
      const { result } = drive(all(trainerOf(logistic, { n }, parameters, 4), groups, pairs), data);
      for (const [i, found] of result.entries()) expect(farthest(flat(found), flat(alone(i)))).toBeLessThan(1e-8);
      return result.reduce((sum, { figures }) => sum + figures.steps, 0);
    };
    expect(steps(30)).toBeLessThan(0.7 * steps(0));
  });

  it("stays at the minimum where nothing changed", () => {
    const { parameters } = drive(train(logistic, { n }), data).result;
    const { result } = drive(all(trainerOf(logistic, { n }, parameters, 2), [[new Float64Array(n).fill(1)]]), data);
    expect(result[0]!.figures.steps).toBe(0);
    expect(flat(result[0]!)).toEqual(flat({ parameters }));
  });
});

describe("training many times over by mini-batches", () => {
  const adam = {
    kind: "adam",
    rate: { kind: "constant", rate: 0.05 },
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  } as const;
  const groups = [
    [0, 1, 2],
    [3, 4],
  ].map((group) => group.map(without));

  it.each([
    ["dropout", dropoutNet(5, 4, 3), { epochs: 3 }],
    ["batch norm", batchNormNet(5, 3), { epochs: 2 }],
    ["a length in steps", linear(5, 3), { steps: 7 }],
  ])("steps side by side as each does by itself: %s", (_, network, length) => {
    const of = training({ network, loss: crossEntropy(3), optimizer: adam, batch: 16, length, precision: "f64" });
    const trainer = trainerOf(of, { n }, undefined, 3);
    expect(trainer.width).toBe(3);
    const { result, open } = drive(all(trainer, groups), data);
    expect(open).toBe(0);
    for (const [i, found] of result.entries()) {
      const alone = drive(train(of, { n, rowWeights: without(i) }), data).result;
      expect(farthest(flat(found), flat(alone))).toBeLessThan(1e-12);
      expect(found.figures.steps).toBe(alone.figures.steps);
    }
    // Another example left out is another model.
    expect(farthest(flat(result[0]!), flat(result[1]!))).toBeGreaterThan(1e-6);
  });

  it("goes one by one where each training decides when it ends", () => {
    const of = training({
      network: linear(5, 3),
      loss: crossEntropy(3),
      optimizer: adam,
      batch: 16,
      length: { epochs: 20 },
      earlyStop: { patience: 2, delta: 0.5, restore: true },
    });
    const trainer = trainerOf(of, { n }, undefined, 3);
    expect(trainer.width).toBe(1);
    const { result } = drive(all(trainer, [[without(0)]]), data);
    const alone = drive(train(of, { n, rowWeights: without(0) }), data).result;
    expect(alone.figures.stopped).toBe(true);
    expect(flat(result[0]!)).toEqual(flat(alone));
  });
});
