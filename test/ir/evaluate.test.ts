import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate, evaluateNode } from "../../src/ir/evaluate.ts";
import type { Prim, Prims } from "../../src/ir/primitives.ts";
import { prims } from "../../src/ir/shapes.ts";
import { verified } from "../../src/ir/verify.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { f32, f64, type Row } from "./literals.ts";
import { elementwiseRows } from "./rows-elementwise.ts";
import { structureRows } from "./rows-structure.ts";
import { windowRows } from "./rows-windows.ts";

const rows: { readonly [P in Prim]: readonly Row<P>[] } = { ...elementwiseRows, ...structureRows, ...windowRows };

function run<P extends Prim>(op: P, params: Prims[P], inputs: readonly Tensor[]): Tensor {
  const builder = new GraphBuilder();
  const values = inputs.map((x, i) => builder.input(`x${i}`, { dtype: x.dtype, shape: x.shape }));
  const graph = verified(builder.build([builder.apply(op, values, params)]));
  return evaluate(graph, inputs)[0]!;
}

function expectClose(got: Tensor, wanted: Tensor): void {
  expect([got.dtype, got.shape]).toEqual([wanted.dtype, wanted.shape]);
  expect(got.data.constructor).toBe(wanted.data.constructor);
  wanted.data.forEach((x, i) => {
    const y = got.data[i]!;
    if (Number.isFinite(x)) expect(Math.abs(y - x)).toBeLessThanOrEqual(4e-16 * Math.abs(x) + 1e-16);
    else expect(y).toBe(x);
  });
}

describe("every operation, by hand", () => {
  test.each(prims)("%s", (op) => {
    for (const [params, inputs, result] of rows[op] as readonly Row<Prim>[])
      expectClose(run(op, params, inputs), result);
  });
});

describe("a graph", () => {
  test("keeps f32 values in float64 until they leave", () => {
    const builder = new GraphBuilder();
    const x = builder.input("x", { dtype: "f32", shape: [] });
    const big = builder.constant(f32(2 ** 30));
    const sum = builder.apply("add", [x, big], {});
    const back = builder.apply("subtract", [sum, big], {});
    const graph = verified(builder.build([back, sum]));
    const [small, rounded] = evaluate(graph, [f32(0.25)]);
    expect(small!.data[0]).toBe(0.25);
    expect(rounded!.data[0]).toBe(2 ** 30);
  });

  test("gives an output of its own for an input passed through, twice if asked", () => {
    const builder = new GraphBuilder();
    const x = builder.input("x", { dtype: "f32", shape: [2] });
    const input = f32([1, 2]);
    const [a, b] = evaluate(builder.build([x, x]), [input]);
    expect([...a!.data]).toEqual([1, 2]);
    expect(a!.data).not.toBe(b!.data);
    expect(a!.data).not.toBe(input.data);
  });

  test("refuses inputs of another type", () => {
    const builder = new GraphBuilder();
    const graph = builder.build([builder.input("x", { dtype: "f32", shape: [2] })]);
    expect(() => evaluate(graph, [f32([1, 2, 3])])).toThrow("input x is f32[2], got f32[3]");
    expect(() => evaluate(graph, [f64([1, 2])])).toThrow("got f64[2]");
    expect(() => evaluate(graph, [])).toThrow("1 inputs, got 0");
  });

  test("one node can be folded to a constant", () => {
    const node = { op: "negate", params: {}, inputs: [0], type: { dtype: "f32", shape: [2] } } as const;
    expect(evaluateNode(node, [f32([1, -2])])).toEqual(f32([-1, 2]));
  });
});
