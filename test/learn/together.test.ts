import { describe, expect, it } from "vitest";
import { type Trained, type Trainer, trainerOf } from "../../src/learn/together.ts";
import { train } from "../../src/learn/training.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";
import type { Training } from "../../src/plan/training.ts";
import { drive } from "./drive.ts";
import { classes, crossEntropy, linear, training } from "./problems.ts";

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
