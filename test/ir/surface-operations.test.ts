import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { ShapeError, type SymbolicType } from "../../src/ir/mismatch.ts";
import type { Padding } from "../../src/ir/primitives.ts";
import { type Argument, binaryOperators, surface } from "../../src/ir/surface.ts";
import { shapeOps } from "../../src/ir/symbolic.ts";
import { verified } from "../../src/ir/verify.ts";
import { type Axis, type SymbolicPadding, showShape, variable } from "../../src/shape/dim.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { gradient } from "../../src/transform/vjp.ts";
import { centralDifference, expectAllClose, scalarized } from "../conformance/checks.ts";
import { drawDirection, randomOf, rows } from "../conformance/operations.ts";

type Settings = Readonly<Record<string, Argument<number, number, Padding>>>;

/** The graph of one call: arrays by their parameters' names, and the rest. */
function graphOf(name: string, arrays: Readonly<Record<string, Tensor>>, settings: Settings = {}): Graph {
  const b = new GraphBuilder();
  const given = new Map<string, Argument<number, number, Padding>>(Object.entries(settings));
  for (const [parameter, value] of Object.entries(arrays)) given.set(parameter, { tensor: b.input(parameter, value) });
  const randomBits = () => expect.unreachable("draws nothing");
  return verified(b.build([surface.get(name)!.apply(b, given, { randomBits })]));
}

const run = (name: string, arrays: Readonly<Record<string, Tensor>>, settings: Settings = {}) =>
  Array.from(evaluate(graphOf(name, arrays, settings), Object.values(arrays))[0]!.data);

const f64 = (shape: readonly number[], ...values: readonly number[]) => tensor("f64", shape, values);
const i32 = (shape: readonly number[], ...values: readonly number[]) => tensor("i32", shape, values);
const { POSITIVE_INFINITY: inf } = Number;

describe("operations of the language", () => {
  it("are all those of the IR, some under the name that programs know", () => {
    const named: Readonly<Record<string, string>> = {
      constant: "a number",
      compare: "==",
      broadcast_in_dim: "broadcast",
      concatenate: "concat",
    };
    const known = new Set([...surface.keys(), ...Object.keys(binaryOperators), "a number"]);
    expect(rows.map(({ op }) => named[op] ?? op).filter((name) => !known.has(name))).toEqual([]);
  });

  it("top_k: the largest first, and where they stand; of equal ones the first", () => {
    const x = f64([2, 4], 3, 1, 4, 1, 5, 9, 5, 6);
    expect(run("top_k", { x }, { k: 2 })).toEqual([4, 3, 9, 6]);
    expect(run("argtop_k", { x }, { k: 3 })).toEqual([2, 0, 1, 1, 3, 0]);
    expect(run("top_k", { x }, { k: 1, axis: 0 })).toEqual([5, 9, 5, 6]);
    expect(run("argtop_k", { x }, { k: 1, axis: -2 })).toEqual([1, 1, 1, 1]);
    expect(run("top_k", { x: f64([3], 1, Number.NaN, 2) }, { k: 2 })).toEqual([Number.NaN, 2]);
    expect(run("argtop_k", { x: f64([3], 1, Number.NaN, 2) }, { k: 2 })).toEqual([1, 2]);
    expect(run("top_k", { x }, { k: 0 })).toEqual([]);
    expect(run("top_k", { x: i32([3], -7, 2, 5) }, { k: 3 })).toEqual([5, 2, -7]);
  });

  it("logsumexp: large, small, all of them minus infinity, one plus infinity", () => {
    const of = (...values: readonly number[]) => run("logsumexp", { x: f64([values.length], ...values) })[0]!;
    expect(of(1, 2, 3)).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)), 14);
    expect(of(1e4, 1e4)).toBeCloseTo(1e4 + Math.LN2, 10);
    expect(of(-1e4, -1e4)).toBeCloseTo(-1e4 + Math.LN2, 10);
    expect(of(-inf, -inf)).toBe(-inf);
    expect(of(-inf, 3)).toBe(3);
    expect(of(inf, 3)).toBe(inf);
  });

  it("reduce_min", () => {
    const x = f64([2, 3], 3, 1, 4, 1, 5, 9);
    expect(run("reduce_min", { x }, { dimensions: [1] })).toEqual([1, 1]);
    expect(run("reduce_min", { x })).toEqual([1]);
  });

  it("gather and scatter_add, line by line", () => {
    const x = f64([2, 3], 1, 2, 3, 4, 5, 6);
    expect(run("gather", { x, indices: i32([2], 2, 0) }, { axis: 1, batch: 1 })).toEqual([3, 4]);
    const updates = f64([2, 2], 1, 2, 3, 4);
    const placed = run("scatter_add", { updates, indices: i32([2, 2], 0, 0, 2, 1) }, { axis: 1, batch: 1, size: 3 });
    expect(placed).toEqual([3, 0, 0, 0, 4, 3]);
  });

  it("the trio: sum conv2d(x, W) dy = sum x conv2d_input_gradient(dy, W) = sum W conv2d_filter_gradient(x, dy)", () => {
    const random = randomOf(11);
    const drawn = (...shape: readonly number[]) => drawDirection({ dtype: "f64", shape }, random);
    const [x, w] = [drawn(6, 5, 4), drawn(3, 2, 2, 6)];
    for (const pad of ["same", "valid"] as const) {
      const shared = { stride: [2, 1], dilation: [1, 2], pad, groups: 2 } as const;
      const forward = graphOf("conv2d", { x, W: w }, shared);
      const [y] = evaluate(forward, [x, w]);
      const dy = drawn(...y!.shape);
      const sum = (a: readonly number[], b: Tensor) => a.reduce((s, v, i) => s + v * b.data[i]!, 0);
      const product = sum(Array.from(y!.data), dy);
      const dx = run("conv2d_input_gradient", { dy, W: w }, { ...shared, size: [6, 5] });
      const dw = run("conv2d_filter_gradient", { x, dy }, { ...shared, kernel: [3, 2] });
      expect(sum(dx, x)).toBeCloseTo(product, 12);
      expect(sum(dw, w)).toBeCloseTo(product, 12);
    }
  });

  it.each<readonly [string, Settings]>([
    ["top_k", { k: 2 }],
    ["logsumexp", {}],
    ["logsumexp", { axis: 0, keep: true }],
    ["reduce_min", { dimensions: [1] }],
  ])("%s %j has a first and a second derivative", (name, settings) => {
    const x = f64([2, 3], 0.3, -1.2, 0.7, 1.4, -0.4, 0.1);
    const graph = graphOf(name, { x }, settings);
    const [y] = evaluate(graph, [x]);
    const random = randomOf(4);
    const direction = drawDirection(x, random);
    const tangent = evaluate(jvp(graph, [0]), [x, direction]).slice(1);
    expectAllClose(
      tangent,
      centralDifference((at) => evaluate(graph, at), [x], [0], [direction]),
      1e-9,
      name,
    );
    const slope = gradient(scalarized(graph, [drawDirection(y!, random)]), [0]);
    const second = evaluate(jvp(slope, [0]), [x, direction]).slice(2);
    expectAllClose(
      second,
      centralDifference((at) => evaluate(slope, at), [x], [0], [direction]),
      1e-8,
      name,
    );
  });

  const [h, w, n] = [variable("h"), variable("w"), variable("n")];
  const s = { spread: "s" };
  const float = (...shape: readonly Axis[]) => ({ tensor: { dtype: "f32", shape } as SymbolicType });
  type Symbolic = Argument<SymbolicType, Axis, SymbolicPadding>;
  const draws = { randomBits: (shape: readonly Axis[]): SymbolicType => ({ dtype: "i32", shape }) };
  const checked = (name: string, given: Readonly<Record<string, Symbolic>>) =>
    surface.get(name)!.apply(shapeOps, new Map(Object.entries(given)), draws);

  it.each<readonly [string, Readonly<Record<string, Symbolic>>, string]>([
    ["top_k", { x: float(s, n), k: 3 }, "f32[...s, 3]"],
    ["top_k", { x: float(n, h), k: w, axis: 0 }, "f32[w, h]"],
    ["argtop_k", { x: float(s, 5), k: 5 }, "i32[...s, 5]"],
    ["logsumexp", { x: float(s, n) }, "f32[...s]"],
    ["reduce_min", { x: float(s, n), dimensions: [-1], keep: true }, "f32[...s, 1]"],
    ["conv2d_input_gradient", { dy: float(4, 3, 8), W: float(3, 3, 2, 8), size: [4, 3] }, "f32[4, 3, 2]"],
    ["conv2d_filter_gradient", { x: float(4, 3, 2), dy: float(4, 3, 8), kernel: [3, 3] }, "f32[3, 3, 2, 8]"],
  ])("%s in variables: %j", (name, given, type) => {
    const { dtype, shape } = checked(name, given);
    expect(`${dtype}${showShape(shape)}`).toBe(type);
  });

  it.each<readonly [string, Readonly<Record<string, Symbolic>>, object]>([
    [
      "top_k",
      { x: float(2, 3), k: 4 },
      { kind: "parameter", name: "k", message: "asks for 4 of the 3 elements along axis 1" },
    ],
    ["argtop_k", { x: float(n), k: -1 }, { kind: "parameter", name: "k", message: "-1 is no number of elements" }],
    ["top_k", { x: float(), k: 1 }, { kind: "no_axis", axis: -1 }],
    ["logsumexp", { x: float(s), axis: 0 }, { kind: "no_axis", axis: 0 }],
    [
      "conv2d_filter_gradient",
      { x: float(4, 3, 2), dy: float(n), kernel: [3, 3] },
      { kind: "rank", operand: 1, got: [n], wanted: expect.stringMatching(/^\[h/) },
    ],
  ])("%s refuses %j", (name, given, reason) => {
    const refusal = (() => {
      try {
        checked(name, given);
      } catch (error) {
        if (error instanceof ShapeError) return error.mismatch;
        throw error;
      }
      return undefined;
    })();
    expect(refusal).toMatchObject({ op: name, reason });
  });
});
