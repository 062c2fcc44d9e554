import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Ops, Value } from "../../src/ir/graph.ts";
import * as o from "../../src/ir/operations.ts";
import { shapeOps } from "../../src/ir/symbolic.ts";
import { verified } from "../../src/ir/verify.ts";
import { showShape, variable } from "../../src/shape/dim.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { f64, i32 } from "./literals.ts";

const run = (f: (ops: Ops<Value>, ...xs: readonly Value[]) => Value, ...inputs: readonly Tensor[]): Tensor => {
  const graph = define(
    inputs.map((x, i) => [`x${i}`, { dtype: x.dtype, shape: x.shape }] as const),
    (b, ...xs) => [f(b, ...xs)],
  );
  return evaluate(verified(graph), inputs)[0]!;
};

describe("log-sum-exp and log-softmax", () => {
  const rows = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 3 });

  test("agree with their definitions", () => {
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const x = f64([a, b]);
        const sums = [a, b].map((row) => Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)));
        run((ops, v) => o.logSumExp(ops, v!, 1), x).data.forEach((v, i) => {
          expect(v).toBeCloseTo(sums[i]!, 10);
        });
        run((ops, v) => o.logSoftmax(ops, v!, 1), x).data.forEach((v, i) => {
          expect(v).toBeCloseTo(x.data[i]! - sums[Math.floor(i / 3)]!, 10);
        });
      }),
    );
  });

  test("do not overflow, and keep the axis where asked", () => {
    const x = f64([[1e4, -1e4]]);
    expect(run((ops, v) => o.logSumExp(ops, v!, 1, true), x)).toEqual(f64([[1e4]]));
    expect(run((ops, v) => o.logSoftmax(ops, v!, 1), x)).toEqual(f64([[0, -2e4]]));
  });
});

test("reductions over all axes or some, kept or dropped", () => {
  const x = f64([
    [1, 2, 6],
    [3, 4, 8],
  ]);
  expect(run((ops, v) => o.reduceSum(ops, v!), x)).toEqual(f64(24));
  expect(run((ops, v) => o.reduceMean(ops, v!), x)).toEqual(f64(4));
  expect(run((ops, v) => o.reduceMean(ops, v!, [1], true), x)).toEqual(f64([[3], [5]]));
  expect(run((ops, v) => o.reduceMax(ops, v!, [0]), x)).toEqual(f64([3, 4, 8]));
  expect(run((ops, v) => o.reduceSum(ops, v!, []), x)).toEqual(x);
});

test("arithmetic broadcasts as NumPy does", () => {
  const [column, row] = [f64([[1], [2]]), f64([10, 20, 30])];
  expect(run((ops, a, b) => o.add(ops, a!, b!), column, row)).toEqual(
    f64([
      [11, 21, 31],
      [12, 22, 32],
    ]),
  );
  expect(run((ops, a, b) => o.compare(ops, "LT", o.scale(ops, a!, 15), b!), column, row).data).toEqual(
    Uint8Array.of(0, 1, 1, 0, 0, 0),
  );
  expect(() => run((ops, a, b) => o.add(ops, a!, b!), f64([1, 2]), row)).toThrow("[2] and [3] do not broadcast");
  expect(() => run((ops, a) => o.broadcastTo(ops, a!, [3]), column)).toThrow("fewer");
});

test("one-hot and taking one of each line are each other's shadow", () => {
  const x = f64([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const labels = i32([2, 0]);
  expect(run((ops, v) => o.oneHot(ops, v!, 3, "f64"), labels)).toEqual(
    f64([
      [0, 0, 1],
      [1, 0, 0],
    ]),
  );
  expect(run((ops, v) => o.oneHot(ops, v!, 2, "f64"), labels)).toEqual(
    f64([
      [0, 0],
      [1, 0],
    ]),
  );
  const picked = run((ops, v, i) => o.takeAlongAxis(ops, v!, i!, 1), x, labels);
  const dotted = run((ops, v, i) => o.reduceSum(ops, o.multiply(ops, v!, o.oneHot(ops, i!, 3, "f64")), [1]), x, labels);
  expect(picked).toEqual(f64([3, 4]));
  expect(dotted).toEqual(picked);
});

test("matmul is the sum of products for every mixture of ranks", () => {
  const size = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(size, size, size, size, (b, m, k, n) => {
      const fill = (...shape: readonly number[]) =>
        tensor(
          "f64",
          shape,
          Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => (i * 7919) % 11),
        );
      const [x, y] = [fill(b, m, k), fill(k, n)];
      const whole = run((ops, u, v) => o.matmul(ops, u!, v!), x, y);
      const batched = run((ops, u, v) => o.matmul(ops, u!, o.broadcastTo(ops, v!, [b, k, n])), x, y);
      expect(whole.shape).toEqual([b, m, n]);
      expect(batched).toEqual(whole);
      const sum = Array.from({ length: k }, (_, i) => x.data[i]! * y.data[i * n]!).reduce((p, q) => p + q, 0);
      expect(whole.data[0]).toBe(sum);
      const inner = run((ops, u) => o.innerProduct(ops, u!, u!), x);
      expect(inner.data[0]).toBe([...x.data].map((v) => v * v).reduce((p, q) => p + q, 0));
    }),
    { numRuns: 30 },
  );
});

test("the same helpers infer types with sizes in variables", () => {
  const x = { dtype: "f32" as const, shape: [{ spread: "s" }, variable("k")] };
  expect(showShape(o.logSumExp(shapeOps, x, 1).shape)).toBe("[...s]");
  expect(showShape(o.reduceMean(shapeOps, x, [1], true).shape)).toBe("[...s, 1]");
  expect(showShape(o.matmul(shapeOps, x, { dtype: "f32", shape: [variable("k"), 7] }).shape)).toBe("[...s, 7]");
  expect(showShape(o.oneHot(shapeOps, { dtype: "i32", shape: [] }, variable("n"), "f32").shape)).toBe("[n]");
  expect(() => o.reduceSum(shapeOps, x, [0], true)).toThrow("has no axis 0");
});
