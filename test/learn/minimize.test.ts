import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { weightedLoss } from "../../src/learn/objective.ts";
import { train } from "../../src/learn/training.ts";
import type { Checkpoint } from "../../src/plan/algorithm.ts";
import type { Training } from "../../src/plan/training.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { gradient } from "../../src/transform/vjp.ts";
import { type Columns, drive } from "./drive.ts";
import { classes, crossEntropy, linear, squaredError, training, values } from "./problems.ts";

const lbfgs = (tolerance = 1e-8, iterations = 1000) => ({ kind: "lbfgs", tolerance, history: 10, iterations }) as const;

const logisticRegression = (fields: Partial<Training> = {}): Training =>
  training({
    network: linear(5, 3),
    loss: crossEntropy(3),
    optimizer: lbfgs(),
    regularize: { kind: "l2", strength: 0.01 },
    ...fields,
  });

/** Each entry of the gradient of R at the parameters, straight from the definition. */
const gradientAt = (
  of: Training,
  data: Columns,
  n: number,
  parameters: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
) => {
  const graph = gradient(weightedLoss(of.network, of.loss, n, "f64", of.regularize), [0, 1]);
  const weights = of.network.weights.map(({ path, type }) => tensor("f64", type.shape, parameters[path]!.data));
  const rows = tensor("f64", [n], new Float64Array(n).fill(1 / n));
  return evaluate(graph, [...weights, data.x!, data.label!, rows])
    .slice(1)
    .flatMap(values);
};

describe("training by L-BFGS", () => {
  const n = 60;
  const data = classes(n, 5, 3, "f64");

  it("brings the gradient of regularized logistic regression below 1e-8", () => {
    const of = logisticRegression();
    const { result, warnings, open } = drive(train(of, { n }), data);
    const slopes = gradientAt(of, data, n, result.parameters);
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(1.1e-8);
    expect(result.figures.gradient).toBeLessThanOrEqual(1e-8);
    expect(result.figures.converged).toBe(true);
    expect(result.figures.history.at(-1)!.accuracy).toBeGreaterThan(0.7);
    expect(result.at).toBeLessThan(100);
    expect(warnings).toEqual([]);
    expect(open).toBe(0);
  });

  it("finds the ridge solution of a line", () => {
    // w = mean(x y) / (mean(x²) + a / 2) for the mean of (w x - y)² and a / 2 w², the data centred.
    const line: Columns = { x: tensor("f64", [4, 1], [1, -1, 2, -2]), y: tensor("f64", [4, 1], [3, -3, 5, -5]) };
    const of = logisticRegression({
      network: linear(1, 1),
      loss: squaredError(1),
      regularize: { kind: "l2", strength: 1 },
    });
    const { result } = drive(train(of, { n: 4 }), line);
    expect(values(result.parameters["layer0/W"])[0]).toBeCloseTo(6.5 / 3, 8);
    expect(values(result.parameters["layer0/b"])[0]).toBeCloseTo(0, 8);
    expect(result.figures.history.at(-1)!.accuracy).toBeUndefined();
  });

  it("gives an example of weight 0 no part, and divides by n", () => {
    const rowWeights = new Float64Array(n).fill(1);
    rowWeights[17] = 0;
    const of = logisticRegression();
    const { result } = drive(train(of, { n, rowWeights }), data);
    const graph = gradient(weightedLoss(of.network, of.loss, n, "f64", of.regularize), [0, 1]);
    const weights = of.network.weights.map(({ path }) => result.parameters[path]!);
    const slopes = evaluate(graph, [
      ...weights,
      data.x!,
      data.label!,
      tensor(
        "f64",
        [n],
        rowWeights.map((w) => w / n),
      ),
    ]);
    expect(Math.max(...slopes.slice(1).flatMap(values).map(Math.abs))).toBeLessThan(1.1e-8);
    expect(Math.max(...gradientAt(of, data, n, result.parameters).map(Math.abs))).toBeGreaterThan(1e-6);
  });

  it("resumed from a checkpoint ends in the same bytes", () => {
    const whole = drive(train(logisticRegression({ optimizer: lbfgs(1e-8, 60) }), { n }), data);
    const part = drive(train(logisticRegression({ optimizer: lbfgs(1e-8, 12) }), { n }), data);
    expect(part.warnings[0]).toMatch(
      /^L-BFGS ended after its 12 iterations: the largest \|gradient\| is .* above the tolerance 1e-8/,
    );
    const kept: Checkpoint = { ...part.result.state, figures: JSON.parse(JSON.stringify(part.result.state.figures)) };
    const rest = drive(train(logisticRegression({ optimizer: lbfgs(1e-8, 60) }), { n }, { checkpoint: kept }), data);
    expect(rest.result.parameters).toEqual(whole.result.parameters);
    expect(rest.result.state).toEqual(whole.result.state);
    expect(rest.result.at).toBe(whole.result.at);
  });

  it("with a length of 0 only loads parameters", () => {
    const { result, counts } = drive(train(logisticRegression({ length: { epochs: 0 } }), { n: 0 }));
    expect(counts.open).toBe(0);
    expect(Object.keys(result.parameters)).toEqual(["layer0/W", "layer0/b"]);
  });

  it("fails where the objective is not finite", () => {
    const broken = classes(n, 5, 3, "f64");
    broken.x!.data[0] = Number.POSITIVE_INFINITY;
    expect(() => drive(train(logisticRegression(), { n }), broken)).toThrow("the objective is not finite");
  });

  it("holds the data in the engine: it is fed once", () => {
    const { counts } = drive(train(logisticRegression({ optimizer: lbfgs(1e-6) }), { n }), data);
    expect(counts.open).toBe(2);
    expect(counts.run).toBeGreaterThan(10);
  });

  it("takes no more memory than it may: data streamed in chunks gives the same weights", () => {
    const of = logisticRegression({ optimizer: lbfgs(1e-10) });
    const whole = drive(train(of, { n }), data);
    // 60 examples of 44 bytes; 4 kB hold them and a pass over all of them, 3 kB a part of them, 1 kB no two.
    const chunks = [4000, 3000, 1000].map((memory) => {
      const { result, counts } = drive(train(of, { n, memory }), data);
      for (const path of ["layer0/W", "layer0/b"])
        result.parameters[path]!.data.forEach((value, i) => {
          expect(value).toBeCloseTo(Number(whole.result.parameters[path]!.data[i]), 9);
        });
      return { open: counts.open, run: counts.run };
    });
    expect(chunks.map(({ run }) => run > whole.counts.run)).toEqual([true, true, true]);
    expect(chunks[2]!.run).toBeGreaterThan(chunks[1]!.run);
  });

  it("says where single precision ends", () => {
    const single = classes(n, 5, 3);
    const { warnings, result } = drive(
      train(logisticRegression({ precision: "f32", optimizer: lbfgs(1e-13) }), { n }),
      single,
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("`precision: f64` goes further");
    expect(result.figures.converged).toBe(false);
    expect(result.figures.gradient).toBeLessThan(1e-4);
  });
});
