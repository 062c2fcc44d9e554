import { inverse, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { groupInfluence } from "../../src/influence/group.ts";
import type { Method } from "../../src/plan/influence.ts";
import type { Regularizer } from "../../src/plan/training.ts";
import { normal } from "../../src/random/random.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { logistic, scalarLinear, squaredError, values } from "../learn/problems.ts";
import { ask, type Case, cg, distance, exact, minimum, trained } from "./support.ts";

const FEATURES = 3;
const regularize: Regularizer = { kind: "l2", strength: 0.1 };

const regression = (n: number, seed: number): Columns => {
  const x = normal(seed, "x", 0, n * FEATURES);
  const noise = normal(seed, "noise", 0, n);
  const y = Float64Array.from({ length: n }, (_, i) => x[i * 3]! - 2 * x[i * 3 + 1]! + 0.5 + 0.3 * noise[i]!);
  return { x: tensor("f64", [n, FEATURES], x), y: tensor("f64", [n], y) };
};

const binary = (n: number, seed: number): Columns => {
  const x = normal(seed, "x", 0, n * FEATURES);
  const noise = normal(seed, "noise", 0, n);
  const label = Int32Array.from({ length: n }, (_, i) => (x[i * 3]! - x[i * 3 + 1]! + noise[i]! > 0 ? 1 : 0));
  return { x: tensor("f64", [n, FEATURES], x), label: tensor("i32", [n], label) };
};

const linearCase: Case = trained({
  network: scalarLinear(FEATURES),
  loss: squaredError(),
  regularize,
  train: regression(20, 1),
  test: regression(4, 2),
});
const logisticCase: Case = trained({
  network: scalarLinear(FEATURES),
  loss: logistic(),
  regularize,
  train: binary(30, 3),
  test: binary(4, 4),
});

/** Rows (x, 1): the weights are w and then b. */
const design = ({ x }: Columns): Matrix => {
  const n = x!.shape[0]!;
  return new Matrix(
    Array.from({ length: n }, (_, i) => [...Array.from(x!.data.subarray(i * FEATURES, (i + 1) * FEATURES)), 1]),
  );
};

const theta = ({ parameters }: Case): Matrix =>
  Matrix.columnVector([...values(parameters["layer0/w"]), ...values(parameters["layer0/b"])]);

/** L = l(z), z = x · θ: slopes l' and curvatures l'' by hand. */
const derivatives = {
  linear: (of: Case, data: Columns) => {
    const z = design(data).mmul(theta(of)).to1DArray();
    return { slopes: z.map((value, i) => 2 * (value - data.y!.data[i]!)), curvatures: z.map(() => 2) };
  },
  logistic: (of: Case, data: Columns) => {
    const z = design(data).mmul(theta(of)).to1DArray();
    const p = z.map((value) => 1 / (1 + Math.exp(-value)));
    return {
      slopes: p.map((value, i) => value - data.label!.data[i]!),
      curvatures: p.map((value) => value * (1 - value)),
    };
  },
};

/** g = l' x, H = mean of l'' x xᵀ + a I, scores = g_test H⁻¹ g_train / n. */
const byHand = (of: Case, kind: keyof typeof derivatives) => {
  const [x, t] = [design(of.train), design(of.test)];
  const n = x.rows;
  const train = derivatives[kind](of, of.train);
  const test = derivatives[kind](of, of.test);
  const gradients = (rows: Matrix, slopes: readonly number[]) => Matrix.diag([...slopes]).mmul(rows);
  const hessian = x
    .transpose()
    .mmul(Matrix.diag(train.curvatures.map((c) => c / n)))
    .mmul(x)
    .add(Matrix.eye(x.columns).mul(regularize.strength));
  const [trainGradients, testGradients] = [gradients(x, train.slopes), gradients(t, test.slopes)];
  const s = testGradients.mmul(inverse(hessian));
  return {
    hessian,
    s,
    trainGradients,
    scores: s.mmul(trainGradients.transpose()).div(n).to1DArray(),
    self: Array.from(
      { length: n },
      (_, i) =>
        trainGradients
          .getRowVector(i)
          .mmul(inverse(hessian))
          .mmul(trainGradients.getRowVector(i).transpose())
          .get(0, 0) / n,
    ),
    strength: s.mmul(theta(of)).mul(-1).to1DArray(),
  };
};

describe.each([
  ["linear", linearCase],
  ["logistic", logisticCase],
] as const)("influence of a %s regression in closed form", (kind, of) => {
  const hand = byHand(of, kind);

  it.each<[string, Method]>([
    ["exact", exact()],
    ["cg", cg()],
    ["cg with a Gauss-Newton matrix, which is the Hessian here", cg({ hessian: "gauss_newton" })],
    ["arnoldi of full rank", { kind: "arnoldi", rank: 4, damping: 0, seed: 0, hessian: "exact" }],
    ["nystrom of full rank", { kind: "nystrom", rank: 4, damping: 0, seed: 0, hessian: "exact" }],
  ])("is what %s gives", (_, method) => {
    const { result, open } = ask(of, method);
    expect(distance(result.scores!.data, hand.scores)).toBeLessThan(1e-9);
    expect(distance(result.strengthEffect!.data, hand.strength)).toBeLessThan(1e-9);
    expect(open).toBe(0);
  });

  it("adds the damping to the Hessian's eigenvalues", () => {
    const damped = inverse(Matrix.add(hand.hessian, Matrix.eye(4).mul(0.3)));
    const expected = hand.s
      .mmul(hand.hessian)
      .mmul(damped)
      .mmul(hand.trainGradients.transpose())
      .div(hand.trainGradients.rows);
    for (const method of [exact({ damping: 0.3 }), cg({ damping: 0.3 })])
      expect(distance(ask(of, method).result.scores!.data, expected.to1DArray())).toBeLessThan(1e-9);
  });

  it("of each training example on itself", () => {
    const { result } = ask(of, exact(), { test: "self" });
    expect(result.scores!.shape).toEqual([hand.self.length]);
    expect(distance(result.scores!.data, hand.self)).toBeLessThan(1e-9);
  });

  it("of a group, first and second order", () => {
    const group = Int32Array.of(1, 4, 5, 11);
    const n = hand.trainGradients.rows;
    const { curvatures } = derivatives[kind](of, of.train);
    const x = design(of.train);
    const sum = Matrix.zeros(4, 1);
    const bent = Matrix.zeros(4, 4);
    for (const i of group) {
      sum.add(hand.trainGradients.getRowVector(i).transpose());
      bent.add(x.getRowVector(i).transpose().mmul(x.getRowVector(i)).mul(curvatures[i]!));
    }
    const first = hand.s.mmul(sum).div(n).to1DArray();
    const second = hand.s
      .mmul(bent)
      .mmul(inverse(hand.hessian))
      .mmul(sum)
      .div(n * n)
      .to1DArray();
    const spec = {
      network: of.network,
      loss: of.loss,
      measure: of.loss,
      regularize,
      test: "data",
      of: "example",
      method: cg(),
    } as const;
    const context = { parameters: of.parameters, n, m: 4 };
    const one = drive(groupInfluence(spec, context, group, 1), of.train, of.test);
    const two = drive(groupInfluence(spec, context, group, 2), of.train, of.test);
    expect(distance(one.result.change, first)).toBeLessThan(1e-9);
    expect(distance(two.result.second, second)).toBeLessThan(1e-9);
    expect(
      distance(
        two.result.change,
        first.map((value, i) => value + second[i]!),
      ),
    ).toBeLessThan(1e-9);
    expect(two.open).toBe(0);
  });
});

describe("influence against retraining", () => {
  const measureAt = (of: Case, removed: number, weight: number): number[] => {
    const rowWeights = new Float64Array(of.train.x!.shape[0]!).fill(1);
    rowWeights[removed] = weight;
    const parameters = minimum(of, rowWeights);
    const z = design(of.test)
      .mmul(theta({ ...of, parameters }))
      .to1DArray();
    return z.map((value, i) => Math.log1p(Math.exp((1 - 2 * of.test.label!.data[i]!) * value)));
  };

  it("is the slope of the test loss as an example's weight goes down from 1", () => {
    const scores = ask(logisticCase, exact()).result.scores!;
    const n = scores.shape[1]!;
    const step = 1e-3;
    for (const removed of [0, 7, 20]) {
      const [less, more] = [measureAt(logisticCase, removed, 1 - step), measureAt(logisticCase, removed, 1 + step)];
      for (let t = 0; t < 4; t++) {
        const slope = (less[t]! - more[t]!) / (2 * step);
        expect(Math.abs(scores.data[t * n + removed]! - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
      }
    }
  });

  it("has the sign of leaving the example out, and about the size", () => {
    const scores = ask(logisticCase, exact()).result.scores!;
    const n = scores.shape[1]!;
    const whole = measureAt(logisticCase, 0, 1);
    for (const removed of [2, 13]) {
      const left = measureAt(logisticCase, removed, 0);
      for (let t = 0; t < 4; t++) {
        const change = left[t]! - whole[t]!;
        expect(Math.abs(scores.data[t * n + removed]! - change)).toBeLessThan(0.4 * Math.abs(change) + 1e-5);
      }
    }
  });

  it("by the regularizer's strength is the slope of retraining with another strength", () => {
    const effect = ask(logisticCase, cg()).result.strengthEffect!;
    const at = (strength: number) => measureAt({ ...logisticCase, regularize: { kind: "l2", strength } }, 0, 1);
    const step = 1e-4;
    const [more, less] = [at(0.1 + step), at(0.1 - step)];
    for (let t = 0; t < 4; t++) expect(effect.data[t]!).toBeCloseTo((more[t]! - less[t]!) / (2 * step), 5);
  });

  it("by input is by how much the test loss falls, with the model trained again, as a pixel of a training example rises", () => {
    const { result } = ask(logisticCase, exact(), { of: "input" });
    const { x, label } = logisticCase.train;
    const movedBy = (at: number, by: number): number[] => {
      const data = Float64Array.from(x!.data);
      data[at]! += by;
      return measureAt({ ...logisticCase, train: { x: tensor("f64", x!.shape, data), label: label! } }, 0, 1);
    };
    const step = 1e-4;
    for (const at of [0, 7 * FEATURES + 2, 29 * FEATURES + 1]) {
      const [up, down] = [movedBy(at, step), movedBy(at, -step)];
      for (let t = 0; t < 4; t++) {
        const slope = (up[t]! - down[t]!) / (2 * step);
        expect(Math.abs(slope)).toBeGreaterThan(1e-6);
        expect(Math.abs(result.scores!.data[t * 30 * FEATURES + at]! + slope)).toBeLessThan(
          1e-4 * Math.abs(slope) + 1e-9,
        );
      }
    }
  });

  it("of a group, to second order, is how least squares move, trained again with less weight on it", () => {
    const of = linearCase;
    const group = Int32Array.of(2, 9, 13, 16);
    const n = of.train.x!.shape[0]!;
    const { network, loss } = of;
    const spec = { network, loss, measure: loss, regularize, test: "data", of: "example", method: exact() } as const;
    const context = { parameters: of.parameters, n, m: 4 };
    const [one, two] = ([1, 2] as const).map(
      (order) => drive(groupInfluence(spec, context, group, order), of.train, of.test).result.change,
    );
    const { slopes } = derivatives.linear(of, of.test);
    /** ∇m · (θ - θ(1)), trained with the group at this weight. */
    const along = (weight: number): number[] => {
      const rowWeights = new Float64Array(n).fill(1);
      for (const i of group) rowWeights[i] = weight;
      const moved = theta({ ...of, parameters: minimum(of, rowWeights) });
      const values = design(of.test)
        .mmul(Matrix.sub(moved, theta(of)))
        .to1DArray();
      return values.map((z, t) => z * slopes[t]!);
    };
    const step = 1e-2;
    const [less, more] = [along(1 - step), along(1 + step)];
    for (let t = 0; t < 4; t++) {
      const first = (less[t]! - more[t]!) / (2 * step);
      const second = (less[t]! + more[t]!) / (2 * step * step);
      expect(Math.abs(one![t]! - first)).toBeLessThan(1e-3 * Math.abs(first));
      expect(Math.abs(second)).toBeGreaterThan(0.01 * Math.abs(first));
      expect(Math.abs(two![t]! - one![t]! - second)).toBeLessThan(1e-3 * Math.abs(second));
    }
  });

  it("by input is the score's derivative by the pixels of the training example", () => {
    const { result } = ask(logisticCase, exact(), { of: "input" });
    expect(result.scores!.shape).toEqual([4, 30, FEATURES]);
    const x = logisticCase.train.x!;
    const { s } = byHand(logisticCase, "logistic");
    // s · ∇L(z_j) / n as x_j moves, the model and s held
    const scoreAt = (t: number, j: number, feature: number, by: number): number => {
      const row = [...Array.from(x.data.subarray(j * FEATURES, (j + 1) * FEATURES)), 1];
      row[feature]! += by;
      const z = theta(logisticCase)
        .to1DArray()
        .reduce((sum, w, i) => sum + w * row[i]!, 0);
      const slope = 1 / (1 + Math.exp(-z)) - logisticCase.train.label!.data[j]!;
      return row.reduce((sum, value, i) => sum + s.get(t, i) * slope * value, 0) / 30;
    };
    for (const [t, j, f] of [
      [0, 0, 0],
      [1, 7, 2],
      [3, 29, 1],
    ] as const) {
      const slope = (scoreAt(t, j, f, 1e-5) - scoreAt(t, j, f, -1e-5)) / 2e-5;
      expect(result.scores!.data[(t * 30 + j) * FEATURES + f]!).toBeCloseTo(slope, 8);
    }
  });
});
