import fc from "fast-check";
import { pseudoInverse } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { collector } from "../../src/influence/collect.ts";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import { problemOf } from "../../src/influence/problem.ts";
import type { Method } from "../../src/plan/influence.ts";
import { normal } from "../../src/random/random.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear, logistic, scalarLinear } from "../learn/problems.ts";
import { matrixOf, problem, units } from "./factors-support.ts";
import { ask, type Case, cg, distance, exact, failure, lissa, minimum, trained } from "./support.ts";

const [N, M, FEATURES] = [40, 4, 3];
const all = classes(N + M, FEATURES, 3, "f64");
const rows = (which: readonly number[]): Columns => ({
  x: tensor(
    "f64",
    [which.length, FEATURES],
    which.flatMap((i) => [...all.x!.data.slice(i * FEATURES, (i + 1) * FEATURES)]),
  ),
  label: tensor(
    "i32",
    [which.length],
    which.map((i) => all.label!.data[i]!),
  ),
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const [train, test] = [rows(range(0, N)), rows(range(N, N + M))];
const softmax = (strength: number, of: Columns = train): Case =>
  trained({
    network: linear(FEATURES, 3),
    loss: crossEntropy(3),
    regularize: { kind: "l2", strength },
    train: of,
    test,
  });

/** Softmax without a regularizer: moving all logits alike changes nothing, so that the Hessian is singular, and no gradient has a part there. */
const singular: Case = {
  network: linear(FEATURES, 3),
  loss: crossEntropy(3),
  train,
  test,
  parameters: softmax(0.1).parameters,
};

const low = (kind: "arnoldi" | "nystrom", rank: number): Method => ({
  kind,
  rank,
  damping: 0,
  seed: 0,
  hessian: "exact",
});

describe("a singular Hessian", () => {
  it.each<[string, Method]>([
    ["exact", exact()],
    ["lissa", lissa()],
    ["lissa, preconditioned", lissa({ precondition: "ekfac" })],
  ])("is refused by %s, before any step", (_, method) => {
    const { code, message, help } = failure(() => ask(singular, method));
    expect([code, message]).toEqual(["MTT5603", expect.stringContaining("singular")]);
    expect(help).toContain("damping");
  });

  it.each<[string, Method]>([
    ["cg", cg()],
    ["arnoldi of full rank", low("arnoldi", 12)],
    ["nystrom of full rank", low("nystrom", 12)],
  ])("has a pseudo-inverse, which %s gives", (_, method) => {
    const of = problemOf(
      { ...singular, measure: singular.loss, test: "data" },
      { parameters: singular.parameters, n: N, m: M },
    );
    const hessian = matrixOf(drive(operatorOf(of, "exact").apply(units(of.layout.size)), train).result);
    const [ofTest, ofTrain] = ([1, 0] as const).map((data) =>
      matrixOf(
        drive(gradientsOf(of, { measure: of.loss, data, examples: data ? M : N }).of(0, data ? M : N), train, test)
          .result,
      ),
    );
    const inverse = pseudoInverse(hessian, 1e-9);
    const expected = ofTest!.mmul(inverse).mmul(ofTrain!.transpose()).div(N).to1DArray();
    expect(distance(ask(singular, method).result.scores!.data, expected)).toBeLessThan(1e-6);
  });

  const blank = { ...train, x: tensor("f64", [N, FEATURES], new Float64Array(N * FEATURES)) };
  const flat: Case = { ...singular, train: blank };
  const weights = { layers: ["layer0/W"] };
  it("that is 0, of features that are constant, is refused by cg at once, and no score is made of nothing", () => {
    for (const method of [cg(), cg({ precondition: "ekfac" }), cg({ hessian: "gauss_newton" })])
      expect(failure(() => ask(flat, method, weights)).code).toBe("MTT5603");
    for (const kind of ["arnoldi", "nystrom"] as const)
      expect(ask(flat, low(kind, 4), weights).result.scores!.data.every((score) => score === 0)).toBe(true);
    const damped = ask(flat, cg({ damping: 0.1 }), weights).result;
    expect(damped.scores!.data.every((score) => score === 0)).toBe(true);
    expect(damped.certificate.residual!).toBeLessThan(1e-9);
  });
});

describe("LiSSA where the eigenvalues are far apart", () => {
  const far = softmax(1e-6);
  it("says so instead of walking for hours, and goes as deep as it is told", () => {
    const { code, message, help } = failure(() => ask(far, lissa()));
    expect([code, message]).toEqual(["MTT5610", expect.stringMatching(/would take [\d,]+ steps at a time/)]);
    expect(help).toContain("precondition: ekfac");
    const told = failure(() => ask(far, lissa({ depth: 3 })));
    expect([told.code, told.message]).toEqual(["MTT5610", expect.stringContaining("after 3 iterations")]);
  });
});

describe("few, equal and absent examples", () => {
  it("twice the same examples share between them what one has alone", () => {
    const twice = rows([...range(0, N), ...range(0, N)]);
    const [once, doubled] = [train, twice].map((of) => ask(softmax(0.05, of), cg()).result.scores!);
    for (let t = 0; t < M; t++)
      for (let j = 0; j < N; j++) {
        const [first, second] = [doubled!.data[t * 2 * N + j]!, doubled!.data[t * 2 * N + N + j]!];
        expect(Math.abs(first - second)).toBeLessThan(1e-12);
        expect(first + second).toBeCloseTo(once!.data[t * N + j]!, 8);
      }
  });

  it.each<[string, readonly number[]]>([
    ["one training example", [3]],
    ["examples of one label only", range(0, N).filter((i) => all.label!.data[i] === 1)],
    ["a class that no training example has", range(0, N).filter((i) => all.label!.data[i] !== 2)],
  ])("%s: cg, exact, and the slope of retraining with less weight on one", (_, which) => {
    const of = softmax(0.1, rows(which));
    const scores = ask(of, exact()).result.scores!;
    expect(distance(ask(of, cg()).result.scores!.data, scores.data)).toBeLessThan(1e-8);
    const n = which.length;
    const step = 1e-3;
    const lossesAt = (weight: number): readonly number[] => {
      const rowWeights = new Float64Array(n).fill(1);
      rowWeights[0] = weight;
      return losses(minimum(of, rowWeights));
    };
    const [less, more] = [lossesAt(1 - step), lossesAt(1 + step)];
    for (let t = 0; t < M; t++) {
      const slope = (less[t]! - more[t]!) / (2 * step);
      expect(Math.abs(scores.data[t * n]! - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
    }
  });

  /** Of the test examples under these weights, by hand. */
  const losses = (parameters: Readonly<Record<string, Tensor>>): readonly number[] => {
    const [w, b] = [parameters["layer0/W"]!.data, parameters["layer0/b"]!.data];
    return range(0, M).map((t) => {
      const logits = range(0, 3).map((k) =>
        range(0, FEATURES).reduce((sum, f) => sum + test.x!.data[t * FEATURES + f]! * w[f * 3 + k]!, b[k]!),
      );
      return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[test.label!.data[t]!]!;
    });
  };
});

describe("a regularizer of some weights only", () => {
  const binary = (n: number, seed: number): Columns => {
    const x = normal(seed, "x", 0, n * FEATURES);
    const noise = normal(seed, "noise", 0, n);
    const label = Int32Array.from({ length: n }, (_, i) => (x[i * 3]! + 0.7 + noise[i]! > 0 ? 1 : 0));
    return { x: tensor("f64", [n, FEATURES], x), label: tensor("i32", [n], label) };
  };
  const of = (strength: number): Case =>
    trained({
      network: scalarLinear(FEATURES),
      loss: logistic(),
      regularize: { kind: "l2", strength, only: "w" },
      train: binary(30, 3),
      test: binary(4, 4),
    });
  const losses = ({ parameters, test: { x, label } }: Case): readonly number[] =>
    range(0, 4).map((t) => {
      const z = range(0, FEATURES).reduce(
        (sum, f) => sum + x!.data[t * FEATURES + f]! * parameters["layer0/w"]!.data[f]!,
        Number(parameters["layer0/b"]!.data[0]),
      );
      return Math.log1p(Math.exp((1 - 2 * label!.data[t]!) * z));
    });

  it("has the effect of retraining with another strength, which the other weights follow", () => {
    const step = 1e-4;
    const [more, less] = [losses(of(0.1 + step)), losses(of(0.1 - step))];
    const effect = ask(of(0.1), cg()).result.strengthEffect!;
    for (let t = 0; t < 4; t++) expect(effect.data[t]!).toBeCloseTo((more[t]! - less[t]!) / (2 * step), 5);
  });
});

describe("`top`", () => {
  const columns = linear(FEATURES, 3);
  const weights = softmax(0.1).parameters;
  it("is the head of a stable sort either way, however many are asked for and however many are equal", () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(2, 9, 1000)
          .chain((most) =>
            fc.array(fc.integer({ min: -most, max: most }), { minLength: 1, maxLength: 400, size: "max" }),
          ),
        fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 500 })),
        (drawn, top) => {
          const n = drawn.length;
          const of = collector(problem(columns, crossEntropy(3), weights, n, { m: 1 }), top);
          drive(of.put(0, 1, Float64Array.from(drawn)));
          const { helpful, harmful } = of.finish().top!;
          const sorted = (sign: number) =>
            range(0, n)
              .toSorted((i, j) => sign * (drawn[j]! - drawn[i]!) || i - j)
              .slice(0, top);
          for (const [part, sign] of [
            [helpful, 1],
            [harmful, -1],
          ] as const) {
            expect(part.index.shape).toEqual([1, Math.min(top, n)]);
            expect([...part.index.data]).toEqual(sorted(sign));
            expect([...part.score.data]).toEqual(sorted(sign).map((i) => drawn[i]!));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
