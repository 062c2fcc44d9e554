import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { define, GraphBuilder, inline } from "../../src/ir/builder.ts";
import { canonical, encode } from "../../src/ir/canonical.ts";
import { cost, peakBytes } from "../../src/ir/cost.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { ShapeError } from "../../src/ir/mismatch.ts";
import { showGraph } from "../../src/ir/text.ts";
import { verified, verify } from "../../src/ir/verify.ts";
import { f32 } from "./literals.ts";

const vector = { dtype: "f32", shape: [3] } as const;

/** x y + sin x, with a name for each input. */
const sample = (x = "x", y = "y"): Graph =>
  define(
    [
      [x, vector],
      [y, vector],
    ],
    (b, u, v) => [b.apply("add", [b.apply("multiply", [u!, v!], {}), b.apply("sine", [u!], {})], {})],
  );

describe("the builder", () => {
  test("makes an operation once, however often it is asked for", () => {
    const b = new GraphBuilder();
    const x = b.input("x", vector);
    expect(b.apply("negate", [x], {})).toBe(b.apply("negate", [x], {}));
    expect(b.constant(f32([1, 2]))).toBe(b.constant(f32([1, 2])));
    expect(b.constant(f32(0))).not.toBe(b.constant(f32(-0)));
    const padded = (value: number) => b.apply("pad", [x], { low: [1], high: [0], interior: [0], value });
    const values = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(padded);
    expect(new Set(values).size).toBe(5);
  });

  test("numbers inputs first, drops what no output uses, keeps inputs that are not used", () => {
    const b = new GraphBuilder();
    const x = b.input("x", vector);
    const twice = b.apply("add", [x, x], {});
    b.apply("tanh", [twice], {});
    const late = b.input("late", vector);
    const graph = verified(b.build([b.apply("multiply", [twice, late], {})]));
    expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "late"]);
    expect(graph.nodes.map(({ op, inputs }) => [op, inputs])).toEqual([
      ["add", [0, 0]],
      ["multiply", [2, 1]],
    ]);
    expect(graph.outputs).toEqual([3]);
    expect(b.build([twice], [late, x]).nodes[0]!.inputs).toEqual([1, 1]);
    expect(() => b.build([late], [x])).toThrow("the outputs need the input late");
    expect(() => b.build([x], [twice])).toThrow(RangeError);
  });

  test("refuses with the shape rule's reason", () => {
    const b = new GraphBuilder();
    const x = b.input("x", vector);
    const y = b.input("y", { dtype: "f32", shape: [4] });
    expect(() => b.apply("add", [x, y], {})).toThrow(ShapeError);
    expect(() => b.apply("add", [x, y], {})).toThrow("add: operand 1 [4]: axis 0 is 4, expected 3 of operand 0");
    expect(() => b.typeOf(99)).toThrow(RangeError);
  });

  test("calls a graph inside another", () => {
    const inner = sample();
    const outer = define([["z", vector]], (b, z) => {
      const [once] = inline(b, inner, [z!, z!]);
      return inline(b, inner, [once!, z!]);
    });
    verified(outer);
    const z = f32([0.5, -1, 2]);
    const [once] = evaluate(inner, [z, z]);
    const [expected] = evaluate(inner, [once!, z]);
    evaluate(outer, [z])[0]!.data.forEach((v, i) => {
      expect(v).toBeCloseTo(expected!.data[i]!, 6);
    });
    expect(() => define([["z", { dtype: "f32", shape: [2] }]], (b, z) => inline(b, inner, [z!, z!]))).toThrow(
      "inline: operand 0 is [2], expected [3]",
    );
    expect(() => define([["z", vector]], (b, z) => inline(b, inner, [z!]))).toThrow("takes 2 operands, got 1");
  });

  test("20,000 operations are built and verified", () => {
    const b = new GraphBuilder();
    let x = b.input("x", vector);
    for (let i = 0; i < 20_000; i++) x = b.apply(i % 2 === 0 ? "sine" : "tanh", [x], {});
    expect(verify(b.build([x]))).toEqual([]);
  });
});

describe("the verifier", () => {
  const graph = sample();
  const changed = (at: number, node: Partial<Node>): Graph => ({
    ...graph,
    nodes: graph.nodes.map((old, i) => (i === at ? ({ ...old, ...node } as Node) : old)),
  });

  test("is content with what the builder makes", () => {
    expect(verify(graph)).toEqual([]);
    expect(verified(graph)).toBe(graph);
  });

  test.each<readonly [string, Graph, readonly [number, string]]>([
    ["a use before its value", changed(0, { inputs: [0, 4] }), [2, "multiply: uses value 4 before it is there"]],
    [
      "a wrong type",
      changed(1, { type: { dtype: "f32", shape: [4] } }),
      [3, "sine: has type f32[4], the shape rule says f32[3]"],
    ],
    [
      "a wrong dtype",
      changed(1, { type: { dtype: "f64", shape: [3] } }),
      [3, "sine: has type f64[3], the shape rule says f32[3]"],
    ],
    ["too few operands", changed(0, { inputs: [0] }), [2, "multiply: takes 2 operands, got 1"]],
    ["an unknown operation", changed(0, { op: "toString" as "sine" }), [2, "toString: is no operation"]],
    ["an output that is not there", { ...graph, outputs: [9] }, [5, "output 0 is value 9, which there is not"]],
    [
      "a size that is none",
      { ...graph, inputs: [{ name: "x", type: { dtype: "f32", shape: [-1] } }, graph.inputs[1]!] },
      [0, "input x: -1 is no size"],
    ],
  ])("names %s", (_, broken, [value, message]) => {
    expect(verify(broken)).toContainEqual({ value, message });
    expect(() => verified(broken)).toThrow(message);
  });

  test("names a constant whose values do not fill its shape", () => {
    const constant = {
      op: "constant",
      params: { value: { ...f32([1, 2]), shape: [3] } },
      inputs: [],
      type: vector,
    } as const;
    const problems = verify({ inputs: [], nodes: [constant], outputs: [0] });
    expect(problems).toEqual([{ value: 0, message: "constant: holds 2 values, its shape 3" }]);
  });
});

describe("the canonical text", () => {
  const scaled = (k: number) =>
    define([["x", { dtype: "f32", shape: [] }]], (b, x) => [b.apply("multiply", [x!, b.constant(f32(k))], {})]);

  test("is the same under other names of inputs, and for a graph built again", () => {
    expect(canonical(sample("a", "b"))).toBe(canonical(sample()));
  });

  test("tells apart every bit of a constant, every parameter, the order of outputs", () => {
    const texts = [0.1, 0.1 + 2 ** -27, 0, -0, Number.NaN, Number.POSITIVE_INFINITY].map((k) => canonical(scaled(k)));
    expect(new Set(texts).size).toBe(texts.length);
    const outputs = (swap: boolean) =>
      define([["x", vector]], (b, x) => {
        const pair = [b.apply("sine", [x!], {}), b.apply("cosine", [x!], {})];
        return swap ? pair.reverse() : pair;
      });
    expect(canonical(outputs(true))).not.toBe(canonical(outputs(false)));
  });

  test("holds the constant's little-endian bytes", () => {
    expect(canonical(scaled(1))).toBe(
      'graph 1\nf32[]\nconstant(){value:{data:#0000803f,dtype:"f32",shape:[]}}:f32[]\nmultiply(0,1){}:f32[]\n2\n',
    );
  });

  test("parameters do not depend on the order of their keys", () => {
    expect(encode({ b: [1, -0], a: "x" })).toBe('{a:"x",b:[1,-0]}');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.double()), (record) => {
        expect(encode(Object.fromEntries(Object.entries(record).reverse()))).toBe(encode(record));
      }),
    );
  });
});

test("the readable text", () => {
  const graph = define(
    [
      ["x", { dtype: "f32", shape: [3] }],
      ["w", { dtype: "f32", shape: [3, 2] }],
    ],
    (b, x, w) => {
      const product = b.apply("dot_general", [x!, w!], {
        lhs_batch: [],
        rhs_batch: [],
        lhs_contracting: [0],
        rhs_contracting: [0],
      });
      return [b.apply("add", [product, b.constant(f32([0.5, -0]))], {})];
    },
  );
  expect(showGraph(graph)).toMatchInlineSnapshot(`
    "graph(x: f32[3], w: f32[3, 2]) {
      %2: f32[2] = dot_general(x, w) lhs_batch=[] rhs_batch=[] lhs_contracting=[0] rhs_contracting=[0]
      %3: f32[2] = constant() 0.5 -0
      %4: f32[2] = add(%2, %3)
      return %4
    }
    "
  `);
});

describe("cost", () => {
  test("a product of matrices and a convolution count their multiply-adds", () => {
    const conv = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 2 } as const;
    const graph = define(
      [
        ["x", { dtype: "f32", shape: [4, 8, 8, 6] }],
        ["w", { dtype: "f32", shape: [3, 3, 3, 10] }],
      ],
      (b, x, w) => [b.apply("conv2d", [x!, w!], conv)],
    );
    // 4 x 4 x 4 x 10 outputs, 9 taps of 3 channels each, 2 operations; bytes: x, w and y of 4 bytes.
    expect(cost(graph)).toEqual({ flops: 640 * 27 * 2, bytes: 4 * (4 * 8 * 8 * 6 + 3 * 3 * 3 * 10 + 640) });
    const matmul = define(
      [
        ["x", { dtype: "f64", shape: [5, 7] }],
        ["y", { dtype: "f64", shape: [7, 2] }],
      ],
      (b, x, y) => [
        b.apply("dot_general", [x!, y!], { lhs_batch: [], rhs_batch: [], lhs_contracting: [1], rhs_contracting: [0] }),
      ],
    );
    expect(cost(matmul)).toEqual({ flops: 5 * 7 * 2 * 2, bytes: 8 * (35 + 14 + 10) });
  });

  test("the peak is what lives at once: a chain holds its input, and one step in the place of the one before", () => {
    const chain = define([["x", { dtype: "f32", shape: [128] }]], (b, x) => {
      let v = x!;
      for (let i = 0; i < 10; i++) v = b.apply(i % 2 === 0 ? "sine" : "tanh", [v], {});
      return [v];
    });
    expect(peakBytes(chain)).toBe(2 * 512);
  });
});
