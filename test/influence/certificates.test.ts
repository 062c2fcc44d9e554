import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import type { Asking } from "../../src/influence/asking.ts";
import { blockCg } from "../../src/influence/cg.ts";
import { curvatureEnds } from "../../src/influence/eigenvalues.ts";
import { arnoldi, nystrom } from "../../src/influence/low-rank.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import { problemOf } from "../../src/influence/problem.ts";
import { symmetricEigen } from "../../src/influence/symmetric-eigen.ts";
import { type Block, norm, row, zeroBlock } from "../../src/influence/vectors.ts";
import { normal } from "../../src/random/random.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear } from "../learn/problems.ts";
import { matrixOf, units } from "./factors-support.ts";
import { ask, type Case, cg, exact, lissa, trained } from "./support.ts";

const [N, M, FEATURES] = [100, 3, 4];
const all = classes(N + M, FEATURES, 3, "f64");
const rows = (from: number, to: number, scale: readonly number[]): Columns => ({
  x: tensor(
    "f64",
    [to - from, FEATURES],
    all.x!.data.slice(from * FEATURES, to * FEATURES).map((value, i) => value * scale[i % FEATURES]!),
  ),
  label: tensor("i32", [to - from], all.label!.data.slice(from, to)),
});
const softmax = (strength: number, scale: readonly number[] = [1, 1, 1, 1]): Case =>
  trained({
    network: linear(FEATURES, 3),
    loss: crossEntropy(3),
    regularize: { kind: "l2", strength },
    train: rows(0, N, scale),
    test: rows(N, N + M, scale),
  });

describe("the residual", () => {
  it("is of a fresh product, where the recurrence believes less than the products can tell", () => {
    const size = 30;
    const diagonal = Float64Array.from({ length: size }, (_, i) => 1.3 ** i);
    // Products in single precision: the recurrence goes on to shrink, the residual stays.
    function* apply(block: Block): Asking<Block> {
      yield { do: "progress", fraction: 0, figures: {} };
      const result = zeroBlock(block.count, size);
      for (let i = 0; i < result.data.length; i++) result.data[i] = Math.fround(diagonal[i % size]! * block.data[i]!);
      return result;
    }
    const rhs = { count: 2, size, data: normal(1, "rhs", 0, 2 * size) };
    const { state, residuals, end } = drive(
      blockCg(apply, rhs, { tolerance: 1e-11, iterations: 60, round: 1e-30 }),
    ).result;
    expect(state.estimates.at(-1)!).toBeLessThan(1e-11);
    expect(end).toBe("iterations");
    for (const i of [0, 1]) {
      const v = row(rhs, i);
      const left = row(state.x, i).map((value, j) => Math.fround(diagonal[j]! * value) - v[j]!);
      expect(residuals[i]).toBeCloseTo(norm(left) / norm(v), 14);
      expect(residuals[i]!).toBeGreaterThan(1e-9);
    }
  });
});

it("the eigenvalues are the curvature's own, whatever damping was added", () => {
  const of = softmax(0.02);
  const { smallest, largest } = ask(of, exact()).result.certificate.eigenvalues!;
  for (const damping of [0, 0.3]) {
    for (const method of [cg({ damping }), exact({ damping }), lissa({ damping: damping || "auto" })]) {
      const found = ask(of, method).result.certificate.eigenvalues!;
      expect(found.largest).toBeCloseTo(largest, 4);
      expect(found.smallest).toBeGreaterThan(smallest - 1e-6);
      // Of all of the space, or of what the right-hand sides span.
      expect(found.smallest).toBeLessThan(0.1);
    }
  }
});

describe("a low-rank approximation", () => {
  it.each<[string, number, number]>([
    ["what is left out has the regularizer's curvature", 0.02, 0],
    ["and the damping", 0.02, 0.3],
    ["or the damping alone", 0, 0.3],
  ])("is inverted with all of its spectrum: %s", (_, strength, damping) => {
    const whole = softmax(0.02);
    const of: Case = { ...whole, regularize: { kind: "l2", strength } };
    const problem = problemOf({ ...of, measure: of.loss, test: "data" }, { parameters: of.parameters, n: N, m: M });
    const p = problem.layout.size;
    for (const approximate of [arnoldi, nystrom]) {
      const run = function* () {
        const spectral = yield* approximate(operatorOf(problem, "exact"), 5, 0);
        const matrix = matrixOf(yield* spectral.power(units(p), 1, 0));
        const inverse = matrixOf(yield* spectral.power(units(p), -1, damping));
        const root = matrixOf(yield* spectral.power(units(p), -0.5, damping));
        yield* spectral.close();
        return { matrix, inverse, root, spectral };
      };
      const { matrix, inverse, root, spectral } = drive(run(), of.train).result;
      const { values } = symmetricEigen({ rows: p, columns: p, data: Float64Array.from(matrix.to1DArray()) });
      expect(values.filter((value) => Math.abs(value - strength) > 1e-6)).toHaveLength(5);
      expect(spectral.mean).toBeCloseTo(matrix.trace() / p, 10);
      const damped = Matrix.add(matrix, Matrix.eye(p, p).mul(damping));
      expect(Matrix.sub(inverse.mmul(damped), Matrix.eye(p, p)).norm()).toBeLessThan(1e-8);
      expect(Matrix.sub(root.mmul(root), inverse).norm()).toBeLessThan(1e-8 * inverse.norm());
    }
  });
});

describe("the count of products", () => {
  it("of lissa is that of the examples it read: its eigenvalues', its batches', and the residual's", () => {
    const of = softmax(0.1);
    const problem = problemOf({ ...of, measure: of.loss, test: "data" }, { parameters: of.parameters, n: N, m: M });
    const { products } = drive(curvatureEnds(operatorOf(problem, "exact")), of.train).result;
    const { certificate } = ask(of, lissa({ depth: 150, repeats: 2, tolerance: 5 })).result;
    const batch = 64;
    expect(certificate.details).toMatchObject({ batch, depth: 300, repeats: 2 });
    expect(certificate.hvps).toBeCloseTo(products + (2 * 150 * batch * M) / N + M, 9);
  });

  it("of cg falls by its preconditioner, where features differ in size", () => {
    const whole = softmax(1e-3, [1, 30, 0.1, 3]);
    const of = { ...whole, test: rows(N, N + 1, [1, 30, 0.1, 3]) };
    const [plain, ekfac, nystrom] = (["none", "ekfac", "nystrom"] as const).map(
      (precondition) => ask(of, cg({ precondition, tolerance: 1e-8 })).result.certificate.iterations!,
    );
    expect(ekfac!).toBeLessThan(0.7 * plain!);
    expect(nystrom!).toBeLessThan(0.7 * plain!);
  });
});
