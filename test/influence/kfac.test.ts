import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { ekfac } from "../../src/influence/ekfac.ts";
import { blocksOf } from "../../src/influence/factors.ts";
import type { Factored } from "../../src/influence/factors-spectral.ts";
import { factoredSolver, kfac, kroneckerBasis } from "../../src/influence/kfac.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import type { Problem } from "../../src/influence/problem.ts";
import { scoringPass } from "../../src/influence/score.ts";
import { predict } from "../../src/learn/metrics.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";
import type { Measure, Network } from "../../src/plan/network.ts";
import { normal } from "../../src/random/random.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { planOf, stepOf } from "../elaborate/program.ts";
import { type Columns, drive } from "../learn/drive.ts";
import {
  batchNormNet,
  classes,
  crossEntropy,
  dropoutNet,
  linear,
  scalarLinear,
  squaredError,
} from "../learn/problems.ts";
import {
  columnsOf,
  convolutional,
  distance,
  drawn,
  drawnLabels,
  images,
  inverseOf,
  matrixOf,
  pearson,
  perExample,
  problem,
  units,
} from "./factors-support.ts";

/** The dense matrix of (C + damping)^exponent. */
function* assembled(method: Algorithm<Factored>, size: number, exponent = 1, damping = 0): Algorithm<Matrix> {
  const spectral = yield* method;
  const rows = matrixOf(yield* spectral.power(units(size), exponent, damping));
  yield* spectral.close();
  return rows;
}

const identityOf = (of: Network): Measure => ({
  name: "results",
  targets: [],
  graph: { inputs: [{ name: "result", type: of.results[0]!.type }], nodes: [], outputs: [0] },
});

/** Pseudo-gradients of every example, by the data set with the labels that the method draws: [n, p]. */
const pseudoGradients = (of: Problem, parameters: Record<string, Tensor>, data: Columns, seed: number): Matrix => {
  const { network } = of;
  const logits = drive(predict(network, parameters, identityOf(network), of.n), data).result;
  const [, k] = logits.shape;
  const rows = Array.from({ length: of.n }, (_, i) => Array.from(logits.data.slice(i * k!, (i + 1) * k!)));
  const relabeled = { ...data, label: tensor("i32", [of.n], drawnLabels(rows, seed)) };
  return matrixOf(drive(perExample(of), relabeled).result);
};

const [features, outputs, n, seed] = [4, 3, 40, 5];
const dense = linear(features, outputs);
const denseData = classes(n, features, outputs, "f64");
const denseWeights = drawn(dense);
const loss = crossEntropy(outputs);

/** sum x xᵀ / n over rows */
const secondMoment = (rows: Matrix): Matrix => rows.transpose().mmul(rows).div(rows.rows);

const homogeneous = (): Matrix =>
  new Matrix(Array.from({ length: n }, (_, i) => [...denseData.x!.data.slice(i * features, (i + 1) * features), 1]));

describe("K-FAC of one dense layer", () => {
  const of = problem(dense, loss, denseWeights, n);
  const size = of.layout.size;

  test("is A ⊗ G, the inputs' and the sampled gradients' second moments", () => {
    const a = secondMoment(homogeneous());
    // The bias's gradient is the pre-activations' gradient.
    const g = secondMoment(
      pseudoGradients(of, denseWeights, denseData, seed).subMatrix(0, n - 1, features * outputs, size - 1),
    );
    const found = drive(assembled(kfac(of, seed), size), denseData).result;
    expect(distance(found, a.kroneckerProduct(g))).toBeLessThan(1e-10);
  });

  test("(C + damping)⁻¹ is the inverse of the assembled matrix, the regularizer in it", () => {
    const regular = problem(dense, loss, denseWeights, n, { regularize: { kind: "l2", strength: 0.03 } });
    const whole = drive(assembled(kfac(of, seed), size), denseData).result;
    const expected = inverseOf(Matrix.add(whole, Matrix.eye(size, size).mul(0.03 + 0.2)));
    const found = drive(assembled(kfac(regular, seed), size, -1, 0.2), denseData).result;
    expect(distance(found, expected)).toBeLessThan(1e-9);
    const halves = drive(assembled(kfac(regular, seed), size, -0.5, 0.2), denseData).result;
    expect(distance(halves.mmul(halves), expected)).toBeLessThan(1e-9);
  });

  test("damping auto is a tenth of the mean eigenvalue of each layer", () => {
    const whole = drive(assembled(kfac(of, seed), size), denseData).result;
    const damping = (0.1 * whole.trace()) / size;
    function* solved() {
      const solver = yield* factoredSolver(of, yield* kfac(of, seed), "auto");
      const { s } = yield* solver.solve(units(size));
      yield* solver.close();
      return { s: matrixOf(s), certificate: solver.certificate() };
    }
    const { result, open } = drive(solved(), denseData);
    expect(distance(result.s, inverseOf(Matrix.add(whole, Matrix.eye(size, size).mul(damping))))).toBeLessThan(1e-7);
    expect(result.certificate.details.dampings).toEqual({ "layer0/W": expect.closeTo(damping, 10) });
    expect(open).toBe(0);
  });

  test("a regularizer of the weight alone enters as its diagonal in the eigenbasis", () => {
    const only = problem(dense, loss, denseWeights, n, { regularize: { kind: "l2", strength: 0.5, only: "W" } });
    function* both() {
      const { layers } = yield* kroneckerBasis(only, blocksOf(only), seed);
      return { layers, whole: yield* assembled(kfac(only, seed), size) };
    }
    const { layers, whole } = drive(both(), denseData).result;
    const q = columnsOf(layers[0]!.qa.data, features + 1, features + 1).kroneckerProduct(
      columnsOf(layers[0]!.qg.data, outputs, outputs),
    );
    const strengths = Matrix.diag(Array.from({ length: size }, (_, i) => (i < features * outputs ? 0.5 : 0)));
    const added = q.transpose().mmul(strengths).mmul(q).diag();
    const expected = Matrix.add(Matrix.diag(Array.from(layers[0]!.values)), Matrix.diag(added));
    expect(distance(q.transpose().mmul(whole).mmul(q), expected)).toBeLessThan(1e-10);
  });
});

describe("where K-FAC is exact", () => {
  test("one output and squared loss: the Gauss-Newton matrix and the Hessian", () => {
    const net = scalarLinear(features);
    const data = { x: denseData.x!, y: tensor("f64", [n], normal(1, "y", 0, n)) };
    const of = problem(net, squaredError(), drawn(net), n, { regularize: { kind: "l2", strength: 0.1 } });
    const hessian = matrixOf(drive(operatorOf(of, "exact").apply(units(features + 1)), data).result);
    for (const method of [kfac, ekfac])
      expect(distance(drive(assembled(method(of, seed), features + 1), data).result, hessian)).toBeLessThan(1e-10);
  });

  test("several outputs and squared loss: as the signs average out", () => {
    const many = 4000;
    const data = {
      x: tensor("f64", [many, 2], normal(1, "x", 0, 2 * many)),
      y: tensor("f64", [many, 2], normal(1, "y", 0, 2 * many)),
    };
    const net = linear(2, 2);
    const of = problem(net, squaredError(2), drawn(net), many);
    const hessian = matrixOf(drive(operatorOf(of, "gauss_newton").apply(units(6)), data).result);
    // Independent of the inputs, signs leave 2 / sqrt(n) off the diagonal.
    expect(distance(drive(assembled(kfac(of, seed), 6), data).result, hessian)).toBeLessThan((4 * 2) / Math.sqrt(many));
  });
});

describe("EK-FAC", () => {
  const network = convolutional(3);
  const parameters = drawn(network);
  const data = images(24, 3);
  const of = problem(network, crossEntropy(3), parameters, 24);

  test("holds the exact second moments of gradients in the factors' eigenbasis: convolutions with and without bias, a dense layer", () => {
    function* both() {
      const { layers } = yield* kroneckerBasis(of, blocksOf(of), seed);
      return { layers, whole: yield* assembled(ekfac(of, seed), of.layout.size) };
    }
    const { layers, whole } = drive(both(), data).result;
    const gradients = pseudoGradients(of, parameters, data, seed);
    // Weights from … to with their bias: in order, each layer is one run of the flat vector.
    const runs = [
      { from: 0, rows: 19, columns: 3 },
      { from: 57, rows: 12, columns: 2 },
      { from: 81, rows: 9, columns: 3 },
    ];
    const expected = Matrix.zeros(of.layout.size, of.layout.size);
    runs.forEach(({ from, rows, columns }, i) => {
      const { qa, qg } = layers[i]!;
      const q = columnsOf(qa.data, rows, rows).kroneckerProduct(columnsOf(qg.data, columns, columns));
      const turned = gradients.subMatrix(0, 23, from, from + rows * columns - 1).mmul(q);
      const moments = Matrix.mul(turned, turned).mean("column");
      expected.setSubMatrix(q.mmul(Matrix.diag(moments)).mmul(q.transpose()), from, from);
    });
    expect(distance(whole, expected)).toBeLessThan(1e-10 * expected.max());
    expect(expected.max()).toBeGreaterThan(0.01);
  });

  test("K-FAC of a convolution: sums of patches and means of gradients over positions", () => {
    const { layers } = drive(kroneckerBasis(of, blocksOf(of), seed), data).result;
    // The trace of A is the patches' squares and the ones; that of A ⊗ G is the sum of the eigenvalues.
    const patches = Array.from({ length: 24 }, (_, example) => {
      let sum = 0;
      for (let oy = 0; oy < 3; oy++)
        for (let ox = 0; ox < 3; ox++)
          for (let ky = 0; ky < 3; ky++)
            for (let kx = 0; kx < 3; kx++) {
              const [y, x] = [2 * oy + ky, 2 * ox + kx];
              if (y >= 6 || x >= 6) continue;
              for (let c = 0; c < 2; c++) sum += data.x!.data[((example * 6 + y) * 6 + x) * 2 + c]! ** 2;
            }
      return sum;
    }).reduce((x, y) => x + y, 0);
    const { qa, values } = layers[0]!;
    expect(qa.shape).toEqual([19, 19]);
    const traceA = patches / 24 + 9;
    const total = values.reduce((x, y) => x + y, 0);
    const whole = drive(assembled(kfac(of, seed), of.layout.size), data).result;
    expect(whole.subMatrix(0, 56, 0, 56).trace()).toBeCloseTo(total, 10);
    // tr(A ⊗ G) = tr A tr G, and the corner of the bias is T G.
    const corner = whole.subMatrix(54, 56, 54, 56).trace();
    expect(total / corner).toBeCloseTo(traceA / 9, 8);
  });

  test("K-FAC of a convolution over equal positions, whose mean is taken: that of the dense layer, by the number of positions", () => {
    const [positions, channels] = [4, 3];
    const asked = (input: string, body: string) =>
      stepOf(
        planOf(`let rows = csv("rows.csv", fields: { x: ${input}, label: class[3] })
network Net(x: ${input}) -> f32[3] = x |> ${body}
train model { network: Net, data: rows, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
influence blame { model: model, test: rows, method: kfac() }`),
        "blame",
        "influence",
      ).body.influence.network;
    const flat = classes(24, channels, 3, "f64");
    const spread = Float64Array.from(
      { length: 24 * positions * channels },
      (_, i) => flat.x!.data[Math.floor(i / (positions * channels)) * channels + (i % channels)]!,
    );
    const wide: Columns = { ...flat, x: tensor("f64", [24, 2, 2, channels], spread) };
    const [w, b] = [normal(1, "w", 0, 9), normal(1, "b", 0, 3)];
    const weights = (shape: readonly number[]) => ({
      "layer0/W": tensor("f64", shape, w),
      "layer0/b": tensor("f64", [3], b),
    });
    const [conv, one] = [
      problem(
        asked("f32[2, 2, 3]", "conv(3, kernel: 1x1) |> global_avg_pool"),
        crossEntropy(3),
        weights([1, 1, 3, 3]),
        24,
      ),
      problem(asked("f32[3]", "dense(3)"), crossEntropy(3), weights([3, 3]), 24),
    ];
    const [found, expected] = [
      drive(assembled(kfac(conv, seed), 12), wide).result,
      drive(assembled(kfac(one, seed), 12), flat).result.div(positions),
    ];
    expect(distance(found, expected)).toBeLessThan(1e-12);
    expect(expected.max()).toBeGreaterThan(0.01);
  });

  test("is the same to the bit when repeated, the same whatever the batch", () => {
    const once = drive(assembled(ekfac(of, seed), of.layout.size), data).result;
    expect(distance(drive(assembled(ekfac(of, seed), of.layout.size), data).result, once)).toBe(0);
    const small = { ...of, budget: 120_000 };
    const { result, counts } = drive(assembled(ekfac(small, seed), of.layout.size), data);
    expect(counts.run).toBeGreaterThan(drive(assembled(ekfac(of, seed), of.layout.size), data).counts.run);
    expect(distance(result, once)).toBeLessThan(1e-12);
    expect(distance(drive(assembled(ekfac(of, seed + 1), of.layout.size), data).result, once)).toBeGreaterThan(1e-4);
  });

  test("restricted to a layer, it is that layer's block", () => {
    const last = problem(network, crossEntropy(3), parameters, 24, { layers: ["layer2"] });
    const whole = drive(assembled(ekfac(of, seed), of.layout.size), data).result;
    const part = drive(assembled(ekfac(last, seed), 27), data).result;
    expect(distance(part, whole.subMatrix(81, 107, 81, 107))).toBeLessThan(1e-12);
  });
});

describe("weights of other kinds", () => {
  test("get the diagonal of their Fisher matrix, and a warning", () => {
    const net = batchNormNet(features, outputs);
    const parameters = { ...drawn(net), "layer1/variance": tensor("f64", [outputs], [1, 2, 3]) };
    const of = problem(net, loss, parameters, n);
    expect(blocksOf(of).others).toEqual([]);
    // A bias alone has no layer.
    const bias = problem(dense, loss, denseWeights, n, { layers: ["layer0/b"] });
    const { result, warnings } = drive(assembled(ekfac(bias, seed), outputs), denseData);
    const gradients = pseudoGradients(bias, denseWeights, denseData, seed);
    expect(distance(result, Matrix.diag(Matrix.mul(gradients, gradients).mean("column")))).toBeLessThan(1e-12);
    expect(warnings).toEqual([expect.stringContaining("layer0/b")]);
  });

  test("dense layers without bias are found through what stands between them", () => {
    const net = dropoutNet(features, 5, outputs);
    const found = blocksOf(problem(net, loss, drawn(net), n)).layers;
    expect(found.map(({ weight, bias, inputs, outputs }) => ({ weight, bias, inputs, outputs }))).toEqual([
      { weight: 0, bias: undefined, inputs: 4, outputs: 5 },
      { weight: 1, bias: undefined, inputs: 5, outputs: 3 },
    ]);
  });
});

test("logistic regression with a regularizer: EK-FAC's scores and the exact ones", () => {
  const many = 300;
  const data = classes(many, 6, 3, "f64");
  const net = linear(6, 3);
  // Near the optimum by plain gradient descent on the mean loss.
  let parameters = drawn(net, 0);
  const of = (at: Record<string, Tensor>) =>
    problem(net, loss, at, many, { regularize: { kind: "l2", strength: 0.01 } });
  for (let step = 0; step < 60; step++) {
    const rows = matrixOf(drive(perExample(of(parameters)), data).result).mean("column");
    const moved = (name: string, shape: readonly number[], from: number) => {
      const { data } = parameters[name]!;
      return tensor(
        "f64",
        shape,
        Array.from(data, (w, i) => w - 1.5 * (rows[from + i]! + 0.01 * w)),
      );
    };
    parameters = { "layer0/W": moved("layer0/W", [6, 3], 0), "layer0/b": moved("layer0/b", [3], 18) };
  }
  const now = of(parameters);
  const gradients = matrixOf(drive(perExample(now), data).result);
  const hessian = matrixOf(drive(operatorOf(now, "exact").apply(units(21)), data).result);
  const exact = gradients
    .mmul(inverseOf(hessian))
    .mmul(gradients.transpose())
    .subMatrix(0, 19, 0, many - 1);
  function* scores(method: Algorithm<Factored>, damping: "auto" | number) {
    const solver = yield* factoredSolver(now, yield* method, damping);
    const { s } = yield* solver.solve({
      count: 20,
      size: 21,
      data: Float64Array.from(gradients.subMatrix(0, 19, 0, 20).to1DArray()),
    });
    yield* solver.close();
    const pass = scoringPass(now, false);
    const result = yield* pass.along(s);
    yield* pass.release();
    return result;
  }
  const correlation = (method: Algorithm<Factored>, damping: "auto" | number) =>
    pearson(drive(scores(method, damping), data).result, exact.to1DArray());
  const found = {
    ekfac: correlation(ekfac(now, seed), 0),
    "ekfac, damping auto": correlation(ekfac(now, seed), "auto"),
    kfac: correlation(kfac(now, seed), 0),
  };
  expect(found.ekfac).toBeGreaterThan(0.9);
  expect(found["ekfac, damping auto"]).toBeGreaterThan(0.9);
  expect(found.kfac).toBeGreaterThan(0.85);
});
