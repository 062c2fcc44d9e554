import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { onnx } from "../../src/backend/onnx.ts";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { contract, maximum, scale } from "../../src/ir/operations.ts";
import { findFusions } from "../../src/lower/onnx/fusions.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { simplify } from "../../src/transform/simplify.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { expectAllClose } from "../conformance/checks.ts";
import { drawDirection, randomOf } from "../conformance/operations.ts";

const f32 = (...shape: readonly number[]) => ({ dtype: "f32", shape }) as const;
const kinds = (graph: Graph) => [...findFusions(graph).values()].map(({ kind }) => kind);

async function agrees(graph: Graph) {
  const random = randomOf(1);
  const inputs = graph.inputs.map(({ type }) => drawDirection(type, random));
  const answers = await Effect.runPromise(
    onnx()
      .open({ graph, resident: 0, updated: 0 }, [])
      .pipe(
        Effect.flatMap((session) => session.run(inputs)),
        Effect.scoped,
      ),
  );
  expectAllClose(answers, evaluate(graph, inputs), 1e-6);
}

const padded = { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: "same", fill: 0 } as const;

/** Patches of images of one channel, times kernels. */
const products = (fill: number, also: boolean) =>
  define(
    [
      ["x", f32(2, 7, 6, 1)],
      ["w", f32(9, 4)],
    ],
    (b, x, w) => {
      const patches = b.apply("unfold", [x!], { ...padded, fill });
      const rows = b.apply("reshape", [patches], { shape: [2, 4, 3, 9] });
      return [contract(b, rows, w!, [3], [0]), ...(also ? [b.apply("negate", [patches], {})] : [])];
    },
  );

describe("what ONNX Runtime fuses beyond the others", () => {
  it("the derivative of a leaky activation along several tangents of one input", async () => {
    const leaky = define([["x", f32(4, 5)]], (b, x) => [maximum(b, x!, scale(b, x!, 0.2))]);
    const graph = simplify(vmap(jvp(leaky, [0]), [null, 0], { size: 3 }));
    expect(kinds(graph)).toContain("leaky_gradient");
    await agrees(graph);
  });

  it("patches of one channel, where products alone read them", async () => {
    expect(kinds(products(0, false))).toEqual(["patches_of_one"]);
    await agrees(products(0, false));
    for (const graph of [products(0.5, false), products(0, true)]) {
      expect(kinds(graph)).toEqual([]);
      await agrees(graph);
    }
  });

  it("a convolution with its bias, however the sum is shaped, where nothing else reads what is convolved", async () => {
    const sum = (also: boolean, dimension: number) =>
      define(
        [
          ["x", f32(2, 6, 5, 3)],
          ["w", f32(3, 3, 3, 5)],
          ["bias", f32(5)],
        ],
        (b, x, w, bias) => {
          const params = { stride: [1, 1], dilation: [1, 1], padding: "same", groups: 1 } as const;
          const y = b.apply("conv2d", [x!, w!], params);
          const shaped = b.apply("reshape", [y], { shape: [2, 1, 6, 5, 5] });
          const spread = b.apply("broadcast_in_dim", [bias!], { shape: [2, 1, 6, 5, 5], dimensions: [dimension] });
          return [b.apply("add", [spread, shaped], {}), ...(also ? [b.apply("negate", [y], {})] : [])];
        },
      );
    expect(kinds(sum(false, 4))).toEqual(["biased_convolution"]);
    await agrees(sum(false, 4));
    // By columns, and where the convolution is read besides.
    for (const graph of [sum(false, 3), sum(true, 4)]) {
      expect(kinds(graph)).toEqual([]);
      await agrees(graph);
    }
  });
});
