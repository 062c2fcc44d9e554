import { Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { wayOf } from "../../src/influence/methods.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import { problemOf } from "../../src/influence/problem.ts";
import type { Method } from "../../src/plan/influence.ts";
import { normal } from "../../src/random/random.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear } from "../learn/problems.ts";
import { matrixOf, units } from "./factors-support.ts";
import { ask, trained } from "./support.ts";

const N = 60;
const P = 15;
const softmax = trained({
  network: linear(4, 3),
  loss: crossEntropy(3),
  regularize: { kind: "l2", strength: 0.02 },
  train: classes(N, 4, 3, "f64"),
  test: classes(2, 4, 3, "f64"),
});
const low = (kind: "arnoldi" | "nystrom", rank: number, damping: number): Method => ({
  kind,
  rank,
  damping,
  seed: 0,
  hessian: "exact",
});

/** sqrt(Σ ‖(H + D)(C + D)⁻¹g − g‖² / Σ ‖g‖²) over all training examples, by the dense matrix of H. */
const farByHand = (method: Method, damping: number): number => {
  const spec = { ...softmax, measure: softmax.loss, test: "data", of: "example", method } as const;
  const problem = problemOf(spec, { parameters: softmax.parameters, n: N, m: 2 });
  const run = function* () {
    const hessian = matrixOf(yield* operatorOf(problem, "exact").apply(units(P)));
    const gradients = yield* gradientsOf(problem, { measure: softmax.loss, data: 0, examples: N }).of(0, N);
    const way = wayOf(method);
    if (!("solves" in way)) throw new TypeError(`${method.kind} solves nothing`);
    const solver = yield* way.solves(problem);
    const { s } = yield* solver.solve(gradients);
    return { hessian, s: matrixOf(s), gradients: matrixOf(gradients) };
  };
  const { hessian, s, gradients } = drive(run(), softmax.train, softmax.test).result;
  const image = s.mmul(Matrix.add(hessian, Matrix.eye(P, P).mul(damping)));
  return Matrix.sub(image, gradients).norm() / gradients.norm();
};

describe("how far an approximation is", () => {
  it.each<[string, Method, number]>([
    ["arnoldi", low("arnoldi", 5, 0), 0],
    ["arnoldi, damped", low("arnoldi", 8, 0.1), 0.1],
    ["nystrom", low("nystrom", 6, 0.01), 0.01],
    ["kfac", { kind: "kfac", damping: 0.05, seed: 0 }, 0.05],
    ["ekfac", { kind: "ekfac", damping: 0.05, seed: 0 }, 0.05],
  ])("%s: the root mean square over training examples, from two products", (_, method, damping) => {
    const { certificate } = ask(softmax, method).result;
    const expected = farByHand(method, damping);
    expect(expected).toBeGreaterThan(0.01);
    expect(certificate.residual! / expected).toBeGreaterThan(0.4);
    expect(certificate.residual! / expected).toBeLessThan(2);
    expect(certificate.details.residual_of).toContain("training examples");
  });

  it("of more training examples than it looks at, takes them evenly, also where memory lets few in at a time", () => {
    const [n, count, damping] = [400, 256, 0.05];
    // Sorted by label, so that the first are of one kind.
    const drawn = classes(n, 4, 3, "f64");
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => drawn.label!.data[a]! - drawn.label!.data[b]!);
    const train: Columns = {
      x: tensor(
        "f64",
        [n, 4],
        order.flatMap((i) => [...drawn.x!.data.slice(4 * i, 4 * i + 4)]),
      ),
      label: tensor(
        "i32",
        [n],
        order.map((i) => drawn.label!.data[i]!),
      ),
    };
    const of = trained({ ...softmax, train });
    const method = low("arnoldi", 5, damping);
    const spec = { ...of, measure: of.loss, test: "data", of: "example", method } as const;
    const problem = problemOf(spec, { parameters: of.parameters, n, m: 2 });
    const run = function* () {
      const way = wayOf(method);
      if (!("solves" in way)) throw new TypeError(`${method.kind} solves nothing`);
      const hessian = matrixOf(yield* operatorOf(problem, "exact").apply(units(P)));
      const gradients = matrixOf(yield* gradientsOf(problem, { measure: of.loss, data: 0, examples: n }).of(0, n));
      const chosen = gradients.selection(
        Array.from({ length: count }, (_, i) => Math.floor((i * n) / count)),
        Array.from({ length: P }, (_, j) => j),
      );
      const signs = new Matrix([0, 1].map((i) => [...normal(0, "influence/far", i, count)].map(Math.sign)));
      const sums = signs.mmul(chosen);
      const solver = yield* way.solves(problem);
      const { s } = yield* solver.solve({ count: 2, size: P, data: Float64Array.from(sums.to1DArray()) });
      return { hessian, sums, s: matrixOf(s) };
    };
    const { hessian, sums, s } = drive(run(), of.train, of.test).result;
    const left = Matrix.sub(s.mmul(Matrix.add(hessian, Matrix.eye(P, P).mul(damping))), sums);
    const shares = [0, 1].map((i) => left.getRowVector(i).norm() / sums.getRowVector(i).norm());
    const expected = Math.hypot(...shares) / Math.sqrt(2);
    expect(ask(of, method).result.certificate.residual!).toBeCloseTo(expected, 10);
    const tight = ask(of, method, { context: { budget: 12_000 } });
    expect(tight.counts.run).toBeGreaterThan(2 * ask(of, method).counts.run);
    expect(tight.result.certificate.residual!).toBeCloseTo(expected, 8);
  });

  it("is nothing for a basis of full rank", () => {
    const { certificate } = ask(softmax, low("arnoldi", P, 0)).result;
    expect(certificate.residual!).toBeLessThan(1e-9);
    // The softmax leaves 4 directions of the 15 to the regularizer alone.
    expect(certificate.hvps).toBeLessThan(P + 2);
  });

  it("with each layer's own damping is of the matrix so damped", () => {
    const { residual, details } = ask(softmax, { kind: "ekfac", damping: "auto", seed: 0 }).result.certificate;
    const [damping] = Object.values(details.dampings as { readonly [layer: string]: number });
    const expected = farByHand({ kind: "ekfac", damping: damping!, seed: 0 }, damping!);
    expect(residual! / expected).toBeGreaterThan(0.4);
    expect(residual! / expected).toBeLessThan(2);
  });
});
