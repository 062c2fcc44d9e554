import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph, Ops, Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import type { Prim } from "../../src/ir/primitives.ts";
import { type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { withOutputs } from "../../src/transform/outputs.ts";
import { transpose } from "../../src/transform/transpose.ts";
import { gradient, hvp, vjp } from "../../src/transform/vjp.ts";
import { VaryingOutput, vmap } from "../../src/transform/vmap.ts";
import { expectAllClose, expectClose } from "../conformance/checks.ts";
import { randomOf } from "../conformance/operations.ts";
import { crossEntropy, leaky, meanOver, postLoss } from "./networks.ts";

const f64 = (...shape: readonly number[]): TensorType => ({ dtype: "f64", shape });
const vector = (...values: readonly number[]): Tensor => tensor("f64", [values.length], values);
const scalar = (value: number): Tensor => tensor("f64", [], [value]);

const graphOf = (
  inputs: readonly (readonly [string, TensorType])[],
  body: (b: Ops<Value>, ...values: readonly Value[]) => readonly Value[],
): Graph => define(inputs, body);

/** f'(x) for a scalar function of a scalar. */
const slope = (f: (b: Ops<Value>, x: Value) => Value, x: number, order = 1): number => {
  let graph = graphOf([["x", f64()]], (b, ...[v]) => [f(b, v!)]);
  for (let i = 0; i < order; i++) graph = withOutputs(gradient(graph, [0]), [1]);
  return evaluate(graph, [scalar(x)])[0]!.data[0]!;
};

describe("kinks", () => {
  it("give relu 0 at 0 and a leaky relu its slope, as PyTorch and TensorFlow do", () => {
    expect(slope((b, x) => op.maximum(b, x, op.scalarLike(b, x, 0)), 0)).toBe(0);
    expect(slope(leaky, 0)).toBeCloseTo(0.2, 15);
    expect([slope(leaky, 1), slope(leaky, -1)]).toEqual([1, 0.2]);
    expect(slope((b, x) => op.minimum(b, x, op.scalarLike(b, x, 6)), 6)).toBe(0);
  });

  it("keep the derivative of maximum(x, x) whole", () => {
    expect(slope((b, x) => op.maximum(b, op.scale(b, x, 3), op.scale(b, x, 3)), 2)).toBe(3);
  });

  it("give |x| 0 at 0", () => {
    expect(slope((b, x) => op.unary(b, "abs", x), 0)).toBe(0);
  });

  it("share the derivative of a largest value among equal ones", () => {
    const graph = graphOf([["x", f64(5)]], (b, ...[x]) => [op.reduceMax(b, x!)]);
    expect(Array.from(evaluate(gradient(graph, [0]), [vector(1, 3, 2, 3, 3)])[1]!.data)).toEqual([
      0,
      1 / 3,
      0,
      1 / 3,
      1 / 3,
    ]);
  });
});

describe("what does not vary", () => {
  it("has derivative zero where stop_gradient stands", () => {
    expect(slope((b, x) => op.multiply(b, op.stopGradient(b, x), x), 3)).toBe(3);
    expect(slope((b, x) => op.multiply(b, op.stopGradient(b, x), x), 3, 2)).toBe(0);
  });

  it("gives zeros of the right shape for outputs and inputs that do not depend", () => {
    const graph = graphOf(
      [
        ["x", f64(2)],
        ["y", f64(3)],
      ],
      (b, ...[x, y]) => [op.square(b, x!), y!],
    );
    expect(
      evaluate(jvp(graph, [0]), [vector(1, 2), vector(1, 1, 1), vector(1, 1)]).map((x) => Array.from(x.data)),
    ).toEqual([
      [1, 4],
      [1, 1, 1],
      [2, 4],
      [0, 0, 0],
    ]);
    const pulled = evaluate(vjp(withOutputs(graph, [0]), [0, 1]), [vector(1, 2), vector(1, 1, 1), vector(1, 1)]);
    expect(pulled.map((x) => Array.from(x.data))).toEqual([
      [1, 4],
      [2, 4],
      [0, 0, 0],
    ]);
  });

  it("passes whole numbers by: they have no tangents", () => {
    const graph = graphOf([["x", f64(3)]], (b, ...[x]) => [
      b.apply("argmax", [x!], { dimension: 0 }),
      op.reduceSum(b, x!),
    ]);
    const along = jvp(graph, [0]);
    expect(along.outputs.length).toBe(3);
    expect(evaluate(along, [vector(1, 5, 2), vector(1, 1, 1)]).map((x) => x.data[0])).toEqual([1, 8, 3]);
  });
});

describe("stability", () => {
  const loss = graphOf(
    [
      ["z", f64(3)],
      ["label", { dtype: "i32", shape: [] }],
    ],
    (b, ...[z, label]) => [crossEntropy(b, z!, label!)],
  );

  it("cross entropy of logits near 1000: softmax - onehot, and diag(p) - p p'", () => {
    const z = vector(1000, 1001, 999);
    const label = tensor("i32", [], [2]);
    const p = [1, Math.E, Math.exp(-1)].map((e) => e / (1 + Math.E + Math.exp(-1)));
    const [, grad] = evaluate(gradient(loss, [0]), [z, label]);
    expectClose(grad!, vector(p[0]!, p[1]!, p[2]! - 1), 1e-12);
    for (const k of [0, 1, 2]) {
      const v = vector(...[0, 1, 2].map((i) => (i === k ? 1 : 0)));
      const [column] = evaluate(hvp(loss, [0]), [z, label, v]);
      expectClose(column!, vector(...p.map((pi, i) => (i === k ? pi : 0) - pi * p[k]!)), 1e-12);
    }
  });

  it("cross entropy of logits 2000 apart has finite derivatives of every order", () => {
    const z = vector(-1000, 1000, 0);
    const label = tensor("i32", [], [0]);
    const [value, grad] = evaluate(gradient(loss, [0]), [z, label]);
    expect([value!.data[0], ...grad!.data]).toEqual([2000, -1, 1, 0]);
    expect(Array.from(evaluate(hvp(loss, [0]), [z, label, vector(1, 1, 1)])[0]!.data)).toEqual([0, 0, 0]);
  });

  it.each([
    ["softplus", 1000, [1, 0, 0]],
    ["softplus", -1000, [0, 0, 0]],
    ["softplus", 0, [0.5, 0.25, 0]],
    ["logistic", 1000, [0, 0, 0]],
    ["logistic", -1000, [0, 0, 0]],
    ["logistic", 0, [0.25, 0, -0.125]],
    ["tanh", 400, [0, 0, 0]],
  ] as const)("%s at %d has derivatives %j", (name, x, expected) => {
    const derivatives = [1, 2, 3].map((order) => slope((b, v) => op.unary(b, name, v), x, order));
    derivatives.forEach((d, i) => {
      expect(d).toBeCloseTo(expected[i]!, 14);
    });
  });

  it("powers at 0 are those of whole exponents", () => {
    const power = (y: number) => (b: Ops<Value>, x: Value) =>
      op.power(b, x, op.stopGradient(b, op.scalarLike(b, x, y)));
    expect([1, 2, 3].map((order) => slope(power(2), 0, order))).toEqual([0, 2, 0]);
    expect([1, 2, 3].map((order) => slope(power(4), 0, order))).toEqual([0, 0, 0]);
    expect(slope(power(0), 0)).toBe(0);
    const inExponent = graphOf([["y", f64()]], (b, ...[y]) => [op.power(b, op.scalarLike(b, y!, 0), y!)]);
    expect(evaluate(gradient(inExponent, [0]), [scalar(2)])[1]!.data[0]).toBe(0);
  });
});

describe("vmap", () => {
  const centred = graphOf([["x", f64(2)]], (b, ...[x]) => [
    op.subtract(b, x!, b.apply("batch_mean", [x!], {})),
    b.apply("batch_mean", [x!], {}),
  ]);
  const rows = tensor("f64", [3, 2], [1, 2, 3, 4, 8, 9]);

  it("over the batch binds batch_mean, which then does not vary", () => {
    const graph = vmap(centred, [0], { size: 3, axis: "batch", outputs: [0, null] });
    const [difference, mean] = evaluate(graph, [rows]);
    expect(Array.from(mean!.data)).toEqual([4, 5]);
    expect(Array.from(difference!.data)).toEqual([-3, -3, -1, -1, 4, 4]);
    expect(graph.nodes.some((node) => node.op === "batch_mean")).toBe(false);
    expect(evaluate(vmap(centred, [0], { size: 3, axis: "batch" }), [rows])[1]!.shape).toEqual([3, 2]);
  });

  it("over another axis leaves it to the batch", () => {
    const other = vmap(centred, [0], { size: 3, axis: "subsets" });
    expect(other.nodes.some((node) => node.op === "batch_mean")).toBe(true);
    const both = vmap(other, [0], { size: 2, axis: "batch" });
    const [, mean] = evaluate(both, [tensor("f64", [2, 3, 2], [...rows.data, ...rows.data.map((x) => x + 2)])]);
    expect(Array.from(mean!.data.subarray(0, 6))).toEqual(Array.from(rows.data, (x) => x + 1));
    expect(
      evaluate(vmap(centred, [null], { size: 3, axis: "batch" }), [vector(1, 2)])[0]!.data.every((x) => x === 0),
    ).toBe(true);
  });

  it("refuses an output that varies and must not", () => {
    expect(() => vmap(centred, [0], { size: 3, axis: "batch", outputs: [null, null] })).toThrow(VaryingOutput);
  });

  it("before or after differentiation gives one gradient through batch_mean", () => {
    const loss = graphOf(
      [
        ["w", f64(2)],
        ["x", f64(2)],
      ],
      (b, ...[w, x]) => {
        const y = op.multiply(b, w!, x!);
        const d = op.subtract(b, y, b.apply("batch_mean", [y], {}));
        return [op.reduceSum(b, op.unary(b, "tanh", op.square(b, d)))];
      },
    );
    const w = vector(0.3, -0.2);
    const mapped = vmap(loss, [null, 0], { size: 3, axis: "batch" });
    const total = graphOf(
      [
        ["w", f64(2)],
        ["x", f64(3, 2)],
      ],
      (b, ...[p, x]) => {
        const values = define(
          [
            ["w", f64(2)],
            ["x", f64(3, 2)],
          ],
          (inner, ...v) => [op.reduceSum<Value, number, "same" | "valid">(inner, inner.inline(mapped, v)[0]!)],
        );
        return [inlined(b, values, [p!, x!])];
      },
    );
    const [, first] = evaluate(gradient(total, [0]), [w, rows]);
    const per = vmap(gradient(loss, [0]), [null, 0], { size: 3, axis: "batch" });
    const [, second] = evaluate(per, [w, rows]);
    const summed = [0, 1].map((i) => second!.data[i]! + second!.data[2 + i]! + second!.data[4 + i]!);
    expectClose(vector(...summed), first!, 1e-12);
  });

  it("draws bits for each key", () => {
    const bits = graphOf([["key", { dtype: "i32", shape: [4] }]], (b, ...[key]) => [
      b.apply("random_bits", [key!], { shape: [3], purpose: "dropout" }),
    ]);
    const keys = tensor("i32", [2, 4], [1, 0, 0, 5, 1, 0, 0, 6]);
    const [drawn] = evaluate(vmap(bits, [0], { size: 2, axis: "batch" }), [keys]);
    const single = [0, 1].map((k) => evaluate(bits, [tensor("i32", [4], keys.data.subarray(4 * k, 4 * k + 4))])[0]!);
    expect(Array.from(drawn!.data)).toEqual(single.flatMap((x) => Array.from(x.data)));
  });
});

/** A graph's first output as a value of another. */
const inlined = (b: Ops<Value>, graph: Graph, inputs: readonly Value[]): Value => {
  const values = [...inputs];
  for (const node of graph.nodes)
    values.push(
      b.apply(
        node.op,
        node.inputs.map((v) => values[v]!),
        node.params,
      ),
    );
  return values[graph.outputs[0]!]!;
};

describe("transpose", () => {
  it("pulls back through the linear part alone", () => {
    const graph = graphOf(
      [
        ["k", f64(2)],
        ["t", f64(2)],
      ],
      (b, ...[k, t]) => [op.unary(b, "tanh", k!), op.reduceSum(b, op.multiply(b, op.unary(b, "tanh", k!), t!))],
    );
    const back = transpose(graph, { inputs: [1], outputs: [1] });
    expect(back.inputs.map((x) => x.type.shape)).toEqual([[2], []]);
    const [kept, pulled] = evaluate(back, [vector(0.5, -1), scalar(3)]);
    expectAllClose(
      [kept!, pulled!],
      [vector(Math.tanh(0.5), Math.tanh(-1)), vector(3 * Math.tanh(0.5), 3 * Math.tanh(-1))],
      1e-15,
    );
  });
});

describe("transpose of what is not linear", () => {
  it.each([
    ["a product of both", (b: Ops<Value>, x: Value, y: Value) => op.multiply(b, x, y)],
    ["a quotient", (b: Ops<Value>, x: Value, y: Value) => op.divide(b, x, y)],
    ["a function", (b: Ops<Value>, x: Value) => op.unary(b, "tanh", x)],
  ] as const)("%s is refused", (_, body) => {
    const inputs = [
      ["x", f64(2)],
      ["y", f64(2)],
    ] as const;
    const graph = graphOf(inputs, (b, ...[x, y]) => [body(b, x!, y!)]);
    expect(() => transpose(graph, { inputs: [0, 1], outputs: [0] })).toThrow(TypeError);
  });
});

describe("inputs", () => {
  it("that are added never share a name", () => {
    const graph = graphOf([["x", f64()]], (b, ...[x]) => [op.square(b, x!)]);
    const twice = jvp(vjp(vjp(jvp(graph, [0]), [0]), [0]), [0, 1]);
    expect(new Set(twice.inputs.map(({ name }) => name)).size).toBe(twice.inputs.length);
    expect(jvp(jvp(graph, [0]), [0]).inputs.map(({ name }) => name)).toEqual(["x", "d_x", "d_x_2"]);
  });
});

describe("misuse", () => {
  const graph = graphOf(
    [
      ["i", { dtype: "i32", shape: [] }],
      ["x", f64(2)],
    ],
    (_, ...[, x]) => [x!],
  );
  it("is refused: derivatives of whole numbers, gradients of arrays, axes that do not fit", () => {
    expect(() => jvp(graph, [0])).toThrow(RangeError);
    expect(() => jvp(graph, [7])).toThrow(RangeError);
    expect(() => gradient(graph, [1])).toThrow(RangeError);
    expect(() => vmap(graph, [0], { size: 2 })).toThrow(RangeError);
  });
});

describe("the post's network", () => {
  const loss = meanOver(postLoss("f32"), 10, 4);
  const weights = Array.from({ length: 10 }, (_, i) => i);
  const count = (graph: Graph): Readonly<Partial<Record<Prim, number>>> => {
    const counts: Partial<Record<Prim, number>> = {};
    for (const { op: name } of graph.nodes) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };

  it("has a gradient without dead or repeated work: one select a leaky relu, no transposition", () => {
    const grad = count(gradient(loss, weights));
    // The first layer has no input gradient; one product forward, two backward for each dense layer.
    expect(grad).toMatchObject({ conv2d: 3, conv2d_filter_gradient: 3, conv2d_input_gradient: 2, dot_general: 6 });
    expect(grad).toMatchObject({ maximum: 4, compare: 4, select: 4, exponential: 1, log: 1 });
    expect([grad.transpose, grad.convert, grad.pad]).toEqual([undefined, undefined, undefined]);
  });

  it("has a Hessian-vector product with no more products than its terms", () => {
    const product = count(hvp(loss, weights));
    // Forward x W and x' W + x W' (none for the image's x'); backward the same for both gradients.
    expect(product).toMatchObject({ conv2d: 8, conv2d_filter_gradient: 5, conv2d_input_gradient: 5, dot_general: 16 });
    expect([product.transpose, product.log]).toEqual([undefined, undefined]);
  });

  it("maps its gradient over examples by patches and one batched product, and its jvp over tangents by channels", () => {
    const single = gradient(postLoss("f32"), weights);
    const per = count(vmap(single, [...weights.map(() => null), 0, 0], { size: 4, axis: "batch" }));
    expect(per).toMatchObject({ conv2d: 3, unfold: 3, conv2d_input_gradient: 2 });
    expect([per.conv2d_filter_gradient, per.transpose, per.fold]).toEqual([undefined, undefined, undefined]);
    const along = withOutputs(jvp(loss, weights), [1]);
    const many = count(
      vmap(
        along,
        along.inputs.map((_, i) => (i < 12 ? null : 0)),
        { size: 5, axis: "tests" },
      ),
    );
    expect(many).toMatchObject({ conv2d: 8, dot_general: 6 });
    expect([many.unfold, many.maximum]).toEqual([undefined, 4]);
  });

  it("gives the same gradient whether examples are mapped before or after differentiation, in f64", () => {
    const single = postLoss("f64");
    const random = randomOf(3);
    const draw = (type: TensorType, leading: readonly number[]) => {
      const shape = [...leading, ...type.shape];
      const values = Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => random() - 0.5);
      return tensor(type.dtype, shape, type.dtype === "i32" ? values.map((x) => Math.floor(10 * (x + 0.5))) : values);
    };
    const inputs = single.inputs.map(({ type }, i) => draw(type, i < 10 ? [] : [2]));
    const [, ...batch] = evaluate(gradient(meanOver(single, 10, 2), weights), inputs);
    const per = vmap(gradient(single, weights), [...weights.map(() => null), 0, 0], { size: 2, axis: "batch" });
    const [, ...each] = evaluate(per, inputs);
    const means = each.map((g) => {
      const half = g.data.length / 2;
      return tensor(
        "f64",
        g.shape.slice(1),
        Array.from({ length: half }, (_, i) => (g.data[i]! + g.data[half + i]!) / 2),
      );
    });
    expectAllClose(batch, means, 1e-12);
  });
});
