import { describe, expect, it } from "vitest";
import { define, type GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph, Value } from "../../src/ir/graph.ts";
import { add, maximum, multiply, reduceMax, reduceSum, scale } from "../../src/ir/operations.ts";
import type { TfNode } from "../../src/lower/tensorflow/model.ts";
import { lowerTensorflow } from "../../src/lower/tensorflow.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";

const STRIDED = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 } as const;
const lrelu = (b: GraphBuilder, x: Value): Value => maximum(b, x, scale(b, x, 0.2));

/** Two convolutions of `examples` images of 8 x 8, each with a bias and a leaky activation. */
const network = (examples: number, channels: number, between = 4): Graph =>
  define(
    [
      ["w0", { dtype: "f32", shape: [3, 3, channels, between] }],
      ["b0", { dtype: "f32", shape: [between] }],
      ["w1", { dtype: "f32", shape: [3, 3, between, 6] }],
      ["b1", { dtype: "f32", shape: [6] }],
      ["x", { dtype: "f32", shape: [examples, 8, 8, channels] }],
    ],
    (b, w0, b0, w1, b1, x) => {
      const y = lrelu(b, add(b, b.apply("conv2d", [x!, w0!], STRIDED), b0!));
      return [lrelu(b, add(b, b.apply("conv2d", [y, w1!], STRIDED), b1!))];
    },
  );

const sumOf = (graph: Graph): Graph =>
  define(
    graph.inputs.map(({ name, type }) => [name, type] as const),
    (b, ...inputs) => [reduceSum(b, b.inline(graph, inputs)[0]!)],
  );

/** What the session computes for its answers. */
function lowered(graph: Graph, layouts: "given" | "own" = "own") {
  const { graph: made, answers } = lowerTensorflow(graph, { resident: 0, updated: 0 }, layouts);
  const byName = new Map(made.nodes.map((node) => [node.name, node]));
  const needed = new Set<TfNode>();
  const need = (name: string): void => {
    const node = byName.get(name.replace(/^\^|:\d+$/g, ""))!;
    if (needed.has(node)) return;
    needed.add(node);
    node.inputs.forEach(need);
  };
  answers.forEach(need);
  const nodes = [...needed];
  return {
    count: (op: string) => nodes.filter((node) => node.op === op).length,
    /** What operations read the results of those of this kind. */
    readers: (op: string) =>
      nodes
        .filter(({ inputs }) => inputs.some((name) => byName.get(name)?.op === op))
        .map((node) => node.op)
        .sort(),
  };
}

describe("images with the examples innermost", () => {
  it("are convolved in three dimensions, and bias and activation follow directly", () => {
    const { count, readers } = lowered(network(64, 1));
    expect([count("Conv3D"), count("Conv2D"), count("Transpose")]).toEqual([2, 0, 2]);
    expect(readers("Conv3D")).toEqual(["BiasAdd", "BiasAdd"]);
    expect(readers("BiasAdd")).toEqual(["LeakyRelu", "LeakyRelu"]);
  });

  it("stay so in forward derivatives, whose sums come after the bias of one part", () => {
    const { count, readers } = lowered(jvp(network(64, 1), [0, 1, 2, 3]));
    expect([count("Conv3D"), count("Conv2D"), count("BiasAdd"), count("AddV2")]).toEqual([5, 0, 4, 1]);
    expect(readers("Conv3D")).toEqual(["AddV2", ...Array.from({ length: 4 }, () => "BiasAdd")]);
  });

  it("stay so in several Hessian-vector products at once, whose tangents lie beside the channels", () => {
    const single = network(64, 1);
    const wrt = [0, 1, 2, 3];
    const loss = define(
      single.inputs.map(({ name, type }) => [name, type] as const),
      (b, ...inputs) => {
        const [y] = b.inline(single, inputs);
        return [reduceSum(b, multiply(b, y!, y!))];
      },
    );
    const product = hvp(loss, wrt);
    const { count } = lowered(
      vmap(product, [...loss.inputs.map(() => null), ...wrt.map(() => 0 as const)], { size: 12 }),
    );
    const gradients = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"];
    expect(gradients.map(count)).toEqual([0, 0, 0]);
    // Patches of the images' one channel, of which the first kernels' gradients are a product.
    expect(["Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"].map(count)).toEqual([6, 2, 2]);
    // The images once; the others are of kernels, small.
    expect(count("Transpose")).toBe(7);
  });

  it("are left as given where a pool takes their windows, and where there are many channels", () => {
    const pooled = define(
      [
        ["w", { dtype: "f32", shape: [3, 3, 1, 4] }],
        ["x", { dtype: "f32", shape: [64, 8, 8, 1] }],
      ],
      (b, w, x) => {
        const windows = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "valid", fill: 0 } as const;
        return [reduceMax(b, b.apply("unfold", [b.apply("conv2d", [x!, w!], STRIDED)], windows), [3, 4])];
      },
    );
    for (const graph of [pooled, network(64, 1, 64)])
      expect(["Conv3D", "Transpose"].map(lowered(graph).count)).toEqual([0, 0]);
  });

  it("are left as given where there are few, of many channels, read by a kernel's gradient, or of an engine that wants no other", () => {
    const graphs = [
      lowered(network(4, 1)),
      lowered(network(64, 8)),
      lowered(gradient(sumOf(network(64, 1)), [0, 1, 2, 3])),
      lowered(network(64, 1), "given"),
    ];
    expect(graphs.map(({ count }) => [count("Conv3D"), count("Conv2D") > 0])).toEqual(graphs.map(() => [0, true]));
  });
});
