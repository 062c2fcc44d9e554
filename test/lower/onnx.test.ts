import { describe, expect, it } from "vitest";
import { define, GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph, Value } from "../../src/ir/graph.ts";
import { maximum, scale } from "../../src/ir/operations.ts";
import type { OnnxModel } from "../../src/lower/onnx/model.ts";
import { lowerOnnx } from "../../src/lower/onnx.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { vjp } from "../../src/transform/vjp.ts";

const ops = (model: OnnxModel) => model.nodes.map(({ op }) => op);
const f32 = (...shape: readonly number[]) => ({ dtype: "f32", shape }) as const;
const conv = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 } as const;

const leaky = (b: GraphBuilder, x: Value) => maximum(b, x, scale(b, x, 0.2));

/** leaky(conv2d(x, w) + bias) */
const layer = define(
  [
    ["x", f32(2, 8, 8, 8)],
    ["w", f32(3, 3, 8, 4)],
    ["bias", f32(4)],
  ],
  (b, x, w, bias) => {
    const y = b.apply("conv2d", [x!, w!], conv);
    const spread = b.apply("broadcast_in_dim", [bias!], { shape: b.typeOf(y).shape, dimensions: [3] });
    return [leaky(b, b.apply("add", [y, spread], {}))];
  },
);

describe("an ONNX graph", () => {
  it("moves nothing for transpositions, broadcasts and merged axes that only arithmetic reads", () => {
    const graph = define(
      [
        ["x", f32(2, 3, 4)],
        ["y", f32(4)],
      ],
      (b, x, y) => {
        const turned = b.apply("transpose", [x!], { permutation: [2, 0, 1] });
        const spread = b.apply("broadcast_in_dim", [y!], { shape: [4, 2, 3], dimensions: [0] });
        const sum = b.apply("add", [turned, spread], {});
        return [b.apply("transpose", [b.apply("tanh", [sum], {})], { permutation: [1, 2, 0] })];
      },
    );
    expect(ops(lowerOnnx(graph))).toEqual(["Add", "Tanh"]);
  });

  it("has a layer as one gather of the image and one of the kernel, one product with its bias, one activation", () => {
    const model = lowerOnnx(layer);
    const moving = ["Pad", "Gather", "Pad", "Gather", "Transpose", "Expand"];
    expect(ops(model).filter((op) => op !== "Reshape")).toEqual([...moving, "Gemm", "LeakyRelu"]);
    expect(model.nodes.find(({ op }) => op === "Gemm")!.inputs).toHaveLength(3);
    // The engine makes one node of neighbours.
    expect(ops(model).slice(-2)).toEqual(["Gemm", "LeakyRelu"]);
  });

  it("leaves a convolution to the engine where the kernel is known", () => {
    const w = tensor("f32", [3, 3, 8, 4], new Float32Array(288));
    const model = lowerOnnx(layer, new Map([[1, w]]));
    expect(ops(model)).toContain("Conv");
    expect(ops(model)).not.toContain("Gather");
    expect(model.inputs.map(({ name }) => name)).toEqual(["input0", "input2"]);
  });

  it("multiplies by the slope in the derivative of a leaky activation", () => {
    const model = lowerOnnx(
      vjp(
        define([["x", f32(2, 3)]], (b, x) => [leaky(b, x!)]),
        [0],
      ),
    );
    expect(ops(model)).toEqual(["LeakyRelu", "HardSigmoid", "Clip", "Mul"]);
  });

  it("keeps a selection that is no slope", () => {
    const graph = define(
      [
        ["x", f32(3)],
        ["g", f32(3)],
      ],
      (b, x, g) => {
        const positive = b.apply("compare", [x!, scale(b, x!, 0.2)], { direction: "GT" });
        return [b.apply("select", [positive, g!, scale(b, x!, 0.2)], {})];
      },
    );
    expect(ops(lowerOnnx(graph))).toContain("Where");
  });

  it("makes an output in place, and copies one that is an input, a constant or another output", () => {
    const b = new GraphBuilder();
    const x = b.input("x", f32(2));
    const y = b.apply("tanh", [x], {});
    const graph: Graph = b.build([y, y, x, b.constant(tensor("f32", [2], [1, 2]))]);
    const model = lowerOnnx(graph);
    expect(ops(model)).toEqual(["Tanh", "Identity", "Identity", "Identity"]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["output0", "output1", "output2", "output3"]);
  });

  it("gives equal values once", () => {
    const graph = define([["x", f32(4)]], (b, x) => {
      const a = b.apply("exponential", [x!], {});
      const again = b.apply("reshape", [b.apply("exponential", [b.apply("reshape", [x!], { shape: [2, 2] })], {})], {
        shape: [4],
      });
      return [b.apply("add", [a, again], {})];
    });
    expect(ops(lowerOnnx(graph)).filter((op) => op === "Exp")).toHaveLength(1);
    const once = define([["x", f32(4)]], (b, x) => {
      const spread = () => b.apply("broadcast_in_dim", [x!], { shape: [3, 4], dimensions: [1] });
      return [
        b.apply("reduce_sum", [spread()], { dimensions: [0] }),
        b.apply("reduce_max", [spread()], { dimensions: [0] }),
      ];
    });
    // A sum over a broadcast is a product, a maximum over one is itself.
    expect(ops(lowerOnnx(once))).toEqual(["Mul", "Identity"]);
  });

  it("refuses random numbers that were not lifted", () => {
    const graph = define([["key", { dtype: "i32", shape: [4] }]], (b, key) => [
      b.apply("random_bits", [key!], { shape: [2], purpose: "test" }),
    ]);
    expect(() => lowerOnnx(graph)).toThrow("drawn outside");
  });
});
