import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import * as op from "../../src/ir/operations.ts";
import { auc, evaluate, predict } from "../../src/learn/metrics.ts";
import type { Measure } from "../../src/plan/network.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { drive } from "./drive.ts";
import { classes, crossEntropy, linear, logistic, scalarLinear, squaredError, values } from "./problems.ts";

/** Scores are the features themselves. */
const identity = {
  "layer0/W": tensor("f64", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
  "layer0/b": tensor("f64", [3], [0, 0, 0]),
};
const data = {
  // Predicted: 0, 2, 1, 0 (the first of equals), 2. Ranks of the labels: 0, 1, 0, 1, 2.
  x: tensor("f64", [5, 3], [3, 1, 2, 0, 1, 2, -1, 4, 2, 1, 1, 0, 2, 1, 5]),
  label: tensor("i32", [5], [0, 1, 1, 1, 1]),
};
const top = (k: number) => ({ kind: "top", name: `top(${k})`, k }) as const;
const accuracy = { kind: "accuracy", name: "accuracy" } as const;
const loss = { kind: "loss", name: "loss" } as const;

describe("evaluation", () => {
  it("counts what the classes say", () => {
    const metrics = [accuracy, top(1), top(2), top(3)];
    const { result, open } = drive(evaluate(linear(3, 3), identity, crossEntropy(3), metrics, 5, { batch: 2 }), data);
    expect(result.metrics).toEqual({ accuracy: 2 / 5, "top(1)": 2 / 5, "top(2)": 4 / 5, "top(3)": 1 });
    expect(values({ dtype: "i32", shape: [5], data: result.classified!.predicted })).toEqual([0, 2, 1, 0, 2]);
    expect([...result.classified!.confusion]).toEqual([1, 0, 0, 1, 1, 2, 0, 0, 0]);
    expect(open).toBe(0);
  });

  it("gives the mean loss, and each example's", () => {
    const { result } = drive(evaluate(linear(3, 3), identity, crossEntropy(3), [loss], 5), data);
    const expected = [0, 1, 2, 3, 4].map((i) => {
      const scores = [...data.x.data.subarray(3 * i, 3 * i + 3)];
      return Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0)) - scores[data.label.data[i]!]!;
    });
    expected.forEach((value, i) => {
      expect(result.losses[i]).toBeCloseTo(value, 13);
    });
    expect(result.metrics.loss).toBeCloseTo(expected.reduce((a, b) => a + b) / 5, 13);
  });

  it("means a user's measure", () => {
    const b = new GraphBuilder();
    const result = b.input("result", { dtype: "f32", shape: [3] });
    const largest: Measure = { name: "largest", targets: [], graph: b.build([op.reduceMax(b, result)]) };
    const metric = { kind: "mean", name: "largest", measure: largest } as const;
    const run = drive(evaluate(linear(3, 3), identity, crossEntropy(3), [metric], 5, { batch: 3 }), data);
    expect(run.result.metrics.largest).toBeCloseTo((3 + 2 + 4 + 1 + 5) / 5, 14);
  });

  it("does not depend on the memory it may take", () => {
    const examples = classes(40, 3, 3, "f64");
    const within = (memory: number) =>
      drive(evaluate(linear(3, 3), identity, crossEntropy(3), [accuracy, loss], 40, { memory }), examples).result;
    const all = within(1e9);
    for (const memory of [1, 1500, 4000]) {
      const few = within(memory);
      expect(few.metrics.accuracy).toBe(all.metrics.accuracy);
      few.losses.forEach((value, i) => {
        expect(value).toBeCloseTo(all.losses[i]!, 13);
      });
    }
  });

  it("does not depend on the batch", () => {
    const examples = classes(17, 3, 3, "f64");
    const with_ = (batch: number) =>
      drive(evaluate(linear(3, 3), identity, crossEntropy(3), [accuracy, loss, top(2)], 17, { batch }), examples)
        .result;
    for (const batch of [1, 4, 16, 17, 1000]) expect(with_(batch)).toEqual(with_(17));
  });

  it("classifies by the sign of one score, and ranks by it", () => {
    const parameters = { "layer0/w": tensor("f64", [1], [1]), "layer0/b": tensor("f64", [], [0]) };
    const metrics = [accuracy, { kind: "auc", name: "auc" } as const];
    const examples = { x: tensor("f64", [5, 1], [-2, -1, 1, 2, 1]), label: tensor("i32", [5], [0, 1, 0, 1, 1]) };
    const { result } = drive(evaluate(scalarLinear(1), parameters, logistic(), metrics, 5), examples);
    expect(result.metrics.accuracy).toBe(3 / 5);
    // Pairs (1, 0): (-1, -2) 1, (-1, 1) 0, (2, -2) 1, (2, 1) 1, (1, -2) 1, (1, 1) 1/2.
    expect(result.metrics.auc).toBeCloseTo(4.5 / 6, 15);
    expect([...result.classified!.confusion]).toEqual([1, 1, 1, 2]);
  });

  it("the area under the curve is the chance of the right order", () => {
    const examples = fc.array(fc.record({ score: fc.integer({ min: -3, max: 3 }), positive: fc.boolean() }), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(examples, (rows) => {
        const ones = rows.filter(({ positive }) => positive);
        const zeros = rows.filter(({ positive }) => !positive);
        fc.pre(ones.length > 0 && zeros.length > 0);
        let won = 0;
        for (const a of ones) for (const b of zeros) won += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0;
        const found = auc(
          rows.map(({ score }) => score),
          rows.map(({ positive }) => positive),
        );
        expect(found).toBeCloseTo(won / (ones.length * zeros.length), 12);
      }),
    );
  });

  it("is never asked for accuracy without labels or auc of three classes, and refuses no examples", () => {
    const regression = { x: tensor("f64", [2, 3], [1, 2, 3, 4, 5, 6]), y: tensor("f64", [2, 3], [1, 2, 3, 4, 5, 6]) };
    expect(() => drive(evaluate(linear(3, 3), identity, squaredError(3), [accuracy], 2), regression)).toThrow(
      TypeError,
    );
    expect(() =>
      drive(evaluate(linear(3, 3), identity, crossEntropy(3), [{ kind: "auc", name: "auc" }], 5), data),
    ).toThrow("auc of 3 classes");
    expect(() => drive(evaluate(linear(3, 3), identity, crossEntropy(3), [], 0), data)).toThrow("no example");
    expect(drive(evaluate(linear(3, 3), identity, squaredError(3), [loss], 2), regression).result).toMatchObject({
      metrics: { loss: 0 },
    });
  });

  it("warns of a loss that is not finite", () => {
    const broken = { x: tensor("f64", [2, 3], [1, 2, 3, Number.NaN, 5, 6]), label: tensor("i32", [2], [0, 0]) };
    const { warnings } = drive(evaluate(linear(3, 3), identity, crossEntropy(3), [loss], 2), broken);
    expect(warnings).toEqual(["the loss of the example at 1 is NaN"]);
  });

  it("predicts a measure of any shape, [n, …]", () => {
    const b = new GraphBuilder();
    const result = b.input("result", { dtype: "f32", shape: [3] });
    const doubled: Measure = { name: "doubled", targets: [], graph: b.build([op.scale(b, result, 2)]) };
    const found = drive(predict(linear(3, 3), identity, doubled, 5, { batch: 2 }), data).result;
    expect(found.shape).toEqual([5, 3]);
    expect(values(found)).toEqual(values(data.x).map((v) => 2 * v));
    expect(drive(predict(linear(3, 3), identity, doubled, 0), data).result.shape).toEqual([0, 3]);
  });
});
