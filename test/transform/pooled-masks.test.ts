import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { fullLike, maximum, reshape } from "../../src/ir/operations.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { simplify } from "../../src/transform/simplify.ts";
import { randomOf } from "../conformance/operations.ts";

type Pair = readonly [number, number];

/** The gradient of a maximum pool behind a relu, by what the maximum's windows get; `of` is what the mask asks. */
function pooled(kernel: Pair, stride: Pair, of: "x" | "other") {
  const windows = { kernel, stride, dilation: [1, 1], padding: "valid" } as const;
  const [h, w] = [6, 7];
  const [rows, columns] = [0, 1].map((i) => Math.floor(([h, w][i]! - kernel[i]!) / stride[i]!) + 1) as [number, number];
  const patches = [2, 1, rows, columns, ...kernel, 3];
  return define(
    [
      ["x", { dtype: "f32", shape: [2, h, w, 3] }],
      ["other", { dtype: "f32", shape: [2, h, w, 3] }],
      ["g", { dtype: "f32", shape: [2, 1, rows, columns, 3] }],
    ],
    (b, x, other, g) => {
      const relu = maximum(b, x!, fullLike(b, x!, 0));
      const read = reshape(b, b.apply("unfold", [relu], { ...windows, fill: Number.NEGATIVE_INFINITY }), patches);
      const most = b.apply("reduce_max", [read], { dimensions: [4, 5] });
      const spread = { shape: patches, dimensions: [0, 1, 2, 3, 6] };
      const at = b.apply("compare", [read, b.apply("broadcast_in_dim", [most], spread)], { direction: "EQ" });
      const shared = b.apply("broadcast_in_dim", [g!], spread);
      const places = b.apply("select", [at, shared, fullLike(b, read, 0)], {});
      const flat = reshape(b, places, [2, rows, columns, ...kernel, 3]);
      const back = b.apply("fold", [flat], { ...windows, input_size: [h, w] });
      const asked = of === "x" ? x! : other!;
      const open = b.apply("compare", [asked, fullLike(b, asked, 0)], { direction: "GT" });
      return [b.apply("select", [open, back, fullLike(b, back, 0)], {})];
    },
  );
}

describe("a relu's mask behind a pool", () => {
  const masks = (graph: ReturnType<typeof pooled>) =>
    graph.nodes.filter(({ op }) => op === "select").map(({ type }) => type.shape.length);

  for (const [title, kernel, stride] of [
    ["tiles", [2, 2], [2, 2]],
    ["windows that overlap", [3, 3], [1, 2]],
  ] as const)
    it(`is as small as what was pooled: ${title}`, () => {
      const graph = pooled(kernel, stride, "x");
      const small = simplify(graph);
      expect(masks(graph)).toEqual([7, 4]);
      expect(masks(small)).toEqual([5, 7]);
      // Few values, so that maxima are shared, 0 or below; gradients that no product may touch.
      const random = randomOf(3);
      const draw = (shape: readonly number[], of: readonly number[]) =>
        tensor(
          "f32",
          shape,
          Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => of[Math.floor(random() * of.length)]!),
        );
      const [x, other, g] = graph.inputs.map(({ type }) => type.shape);
      const inputs = [
        draw(x!, [-2, -1, -0, 0, 1, 2, Number.NaN]),
        draw(other!, [1]),
        draw(g!, [-1, 3, Number.POSITIVE_INFINITY, Number.NaN]),
      ];
      expect(evaluate(small, inputs)).toEqual(evaluate(graph, inputs));
    });

  it("stays where it asks something else", () => {
    expect(masks(simplify(pooled([2, 2], [2, 2], "other")))).toEqual([7, 4]);
  });
});
