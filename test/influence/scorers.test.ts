import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { known } from "../../src/influence/asking.ts";
import { knnShapley, shapleyOfNeighbours } from "../../src/influence/knn-shapley.ts";
import type { Scorer, Sink } from "../../src/influence/method.ts";
import type { Problem } from "../../src/influence/problem.ts";
import { random } from "../../src/influence/random.ts";
import { representer } from "../../src/influence/representer.ts";
import { tracin } from "../../src/influence/tracin.ts";
import { trak } from "../../src/influence/trak.ts";
import { Words } from "../../src/random/philox.ts";
import { uniform } from "../../src/random/random.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes, crossEntropy, dropoutNet, linear } from "../learn/problems.ts";
import { distance, drawn, inverseOf, matrixOf, perExample, problem } from "./factors-support.ts";

const [n, m, features, outputs] = [30, 7, 4, 3];
const all = classes(n + m, features, outputs, "f64");
const part = (from: number, to: number): Columns => ({
  x: {
    dtype: "f64",
    shape: [to - from, features],
    data: Float64Array.from(all.x!.data.slice(from * features, to * features)),
  },
  label: { dtype: "i32", shape: [to - from], data: Int32Array.from(all.label!.data.slice(from, to)) },
});
const [train, tests] = [part(0, n), part(n, n + m)];
const net = dropoutNet(features, 5, outputs);
const loss = crossEntropy(outputs);
const weights = drawn(net);

/** The scores [m, n] (self: [1, n]), and what the method tells. */
const scored = (scorer: Scorer, of: Problem, width = of.n) => {
  const rows: number[] = [];
  const sink: Sink = {
    put(from, _count, scores) {
      expect(from * (of.self ? 1 : width)).toBe(rows.length);
      rows.push(...scores);
      return known(undefined);
    },
  };
  const driven = drive(scorer(of, sink), train, tests);
  expect(driven.open).toBe(0);
  return { ...driven, scores: Matrix.from1DArray(of.self ? 1 : of.m, n, rows) };
};

const gradientsAt = (parameters: Record<string, Tensor>, data: Columns, count: number): Matrix =>
  matrixOf(drive(perExample(problem(net, loss, parameters, count)), data).result);

const of = problem(net, loss, weights, n, { m });
const self = problem(net, loss, weights, n, { test: "self" });

describe("tracin", () => {
  const other = drawn(net, 0.2);
  const checkpoints = [
    { parameters: weights, rate: 0.1 },
    { parameters: other, rate: 0.03 },
  ];
  const products = (a: Columns, count: number) =>
    checkpoints
      .map(({ parameters, rate }) =>
        gradientsAt(parameters, a, count)
          .mmul(gradientsAt(parameters, train, n).transpose())
          .mul(rate / n),
      )
      .reduce((x, y) => Matrix.add(x, y));

  test("is the sum of rates times gradient products over checkpoints", () => {
    expect(distance(scored(tracin(checkpoints), of).scores, products(tests, m))).toBeLessThan(1e-12);
  });
  test("of an example on itself", () => {
    const expected = Matrix.rowVector(products(train, n).diag());
    expect(distance(scored(tracin(checkpoints), self).scores, expected)).toBeLessThan(1e-12);
  });
  test("test examples in blocks of the memory there is", () => {
    const small = scored(tracin(checkpoints), { ...of, budget: 20_000 });
    expect(small.counts.progress).toBeGreaterThan(1);
    expect(distance(small.scores, products(tests, m))).toBeLessThan(1e-12);
  });
  test("needs a checkpoint", () => {
    expect(() => scored(tracin([]), of)).toThrow("there are none");
  });
});

describe("trak", () => {
  const size = of.layout.size;
  test("is what its definition says, of two models with projections of their own", () => {
    const models = [weights, drawn(net, 0.3)];
    const k = 6;
    const found = scored(trak(k, 9, [models[1]!]), of).scores;
    const parts = models.map((parameters, model) => {
      const p = signs(size, k, 9, model);
      const g = gradientsAt(parameters, train, n);
      const odds = chances(parameters).map((p) => 1 - p);
      const phi = g.mmul(p);
      for (let i = 0; i < n; i++) phi.mulRow(i, -1 / odds[i]!);
      const kernel = phi.transpose().mmul(phi);
      kernel.add(Matrix.eye(k, k).mul((1e-6 * kernel.trace()) / k));
      const psi = gradientsAt(parameters, tests, m).mmul(p);
      return { tau: psi.mmul(inverseOf(kernel)).mmul(phi.transpose()), odds };
    });
    const expected = Matrix.add(parts[0]!.tau, parts[1]!.tau).div(-2);
    for (let i = 0; i < n; i++) expected.mulColumn(i, (parts[0]!.odds[i]! + parts[1]!.odds[i]!) / 2);
    expect(distance(found, expected)).toBeLessThan(1e-9 * expected.clone().abs().max());
    const own = scored(trak(k, 9), self).scores;
    const alone = parts[0]!;
    const g = gradientsAt(weights, train, n).mmul(signs(size, k, 9, 0));
    const phi = g.clone();
    for (let i = 0; i < n; i++) phi.mulRow(i, -1 / alone.odds[i]!);
    const kernel = phi.transpose().mmul(phi);
    kernel.add(Matrix.eye(k, k).mul((1e-6 * kernel.trace()) / k));
    const diagonal = Matrix.rowVector(g.mmul(inverseOf(kernel)).mmul(g.transpose()).diag());
    expect(distance(own, diagonal)).toBeLessThan(1e-9 * diagonal.max());
  });
});

describe("representer", () => {
  test("is the feature product times the products of the results' gradients, over a n", () => {
    const regular = problem(net, loss, weights, n, { m, regularize: { kind: "l2", strength: 0.2 } });
    const { scores, warnings } = scored(representer, regular);
    expect(warnings).toEqual([]);
    const [a, b] = [hidden(train, n), hidden(tests, m)];
    const expected = Matrix.mul(b.rows.mmul(a.rows.transpose()), b.residuals.mmul(a.residuals.transpose())).div(
      0.2 * n,
    );
    expect(distance(scores, expected)).toBeLessThan(1e-12);
  });
  test("is of the weights that the regularizer holds, without a bias that it does not", () => {
    const flat = linear(features, outputs);
    const own = drawn(flat);
    const held = problem(flat, loss, own, n, { m, regularize: { kind: "l2", strength: 0.2, only: "W" } });
    const gradients = (data: Columns, count: number): Matrix =>
      matrixOf(drive(perExample(problem(flat, loss, own, count)), data).result).subMatrix(
        0,
        count - 1,
        0,
        features * outputs - 1,
      );
    const expected = gradients(tests, m)
      .mmul(gradients(train, n).transpose())
      .div(0.2 * n);
    expect(distance(scored(representer, held).scores, expected)).toBeLessThan(1e-12);
  });
  test("warns where no regularizer gives a scale", () => {
    expect(scored(representer, of).warnings).toEqual([expect.stringContaining("no regularizer")]);
  });
});

describe("knn_shapley", () => {
  test("is the Shapley value over all orders of a tiny set, also with k above its size", () => {
    const count = 6;
    for (const k of [1, 2, 3, 9]) {
      const distances = uniform(k, "distances", 0, count);
      const labels = Int32Array.from({ length: count }, (_, i) => ((i * 5 + k) % 3 === 0 ? 1 : 0));
      const found = shapleyOfNeighbours(distances, labels, 1, k);
      expect(Array.from(found)).toEqual(bruteShapley(distances, labels, 1, k).map((v) => expect.closeTo(v, 12)));
    }
  });
  test("takes equal distances in the order of the examples", () => {
    const found = (labels: readonly number[]) => [
      ...shapleyOfNeighbours(new Float64Array(3).fill(2), Int32Array.from(labels), 1, 1),
    ];
    // The first alone votes; without it the second does.
    expect(found([1, 0, 0])).toEqual([1, 0, 0]);
    expect(found([0, 1, 0])).toEqual([-0.5, 0.5, 0].map((v) => expect.closeTo(v, 12)));
  });
  test("ranks by what enters the last layer, and tells so", () => {
    const { scores, result } = scored(knnShapley(3), of);
    expect(result).toMatchObject({ k: 3, features: "what enters layer2/W" });
    const [a, b] = [hidden(train, n).rows, hidden(tests, m).rows];
    for (let t = 0; t < m; t++) {
      const far = Float64Array.from({ length: n }, (_, i) => Matrix.sub(a.getRowVector(i), b.getRowVector(t)).norm());
      const expected = shapleyOfNeighbours(far, Int32Array.from(train.label!.data), tests.label!.data[t]!, 3);
      expect(scores.getRow(t)).toEqual(Array.from(expected, (v) => expect.closeTo(v, 12)));
    }
    const own = scored(knnShapley(3), self).scores.getRow(0);
    expect(own.every((v) => v > 0)).toBe(true);
  });
});

test("random: by test example, repeatable, of the seed", () => {
  const { scores } = scored(random(3), of);
  expect(distance(scored(random(3), of).scores, scores)).toBe(0);
  expect(distance(scored(random(4), of).scores, scores)).toBeGreaterThan(1);
  expect(scored(random(3), { ...of, m: 2 }).scores.getRow(1)).toEqual(scores.getRow(1));
});

/** tanh(x W), and softmax − one-hot. */
function hidden(data: Columns, count: number, parameters = weights) {
  const x = Matrix.from1DArray(count, features, Array.from(data.x!.data));
  const [w, v] = ["layer0/W", "layer2/W"].map((path) => {
    const { shape, data: values } = parameters[path]!;
    return Matrix.from1DArray(shape[0]!, shape[1]!, Array.from(values));
  });
  const rows = x.mmul(w!).tanh();
  const odds = rows.mmul(v!).exp();
  const residuals = odds.clone();
  for (let i = 0; i < count; i++) {
    const total = odds.getRow(i).reduce((a, c) => a + c, 0);
    residuals.mulRow(i, 1 / total);
    const label = data.label!.data[i]!;
    residuals.set(i, label, residuals.get(i, label) - 1);
  }
  return { rows, residuals };
}

/** p of each training example's label. */
function chances(parameters: Record<string, Tensor>): number[] {
  const { residuals } = hidden(train, n, parameters);
  return Array.from({ length: n }, (_, i) => 1 + residuals.get(i, train.label!.data[i]!));
}

/** The mean over all orders of what each example adds to the share of the k nearest with the label. */
function bruteShapley(distances: Float64Array, labels: Int32Array, label: number, k: number): number[] {
  const count = distances.length;
  const value = (set: readonly number[]) =>
    [...set]
      .sort((i, j) => distances[i]! - distances[j]!)
      .slice(0, k)
      .filter((i) => labels[i] === label).length / k;
  const sums = Array.from({ length: count }, () => 0);
  let orders = 0;
  const walk = (chosen: readonly number[]): void => {
    if (chosen.length === count) {
      orders++;
      chosen.forEach((i, at) => {
        sums[i]! += value(chosen.slice(0, at + 1)) - value(chosen.slice(0, at));
      });
      return;
    }
    for (let i = 0; i < count; i++) if (!chosen.includes(i)) walk([...chosen, i]);
  };
  walk([]);
  return sums.map((sum) => sum / orders);
}

/** Bits of the stream, ±1 / sqrt(k). */
function signs(size: number, k: number, seed: number, model: number): Matrix {
  const words = new Words(seed, "influence/trak", [model, 0, 0]);
  const bits = Array.from({ length: Math.ceil((size * k) / 32) }, () => words.next()).flatMap((word) =>
    Array.from({ length: 32 }, (_, bit) => ((word >>> bit) & 1 ? 1 : -1) / Math.sqrt(k)),
  );
  return Matrix.from1DArray(size, k, bits.slice(0, size * k));
}
