import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Prim, Prims } from "../../src/ir/primitives.ts";
import { paddingLow } from "../../src/ir/reference/windows.ts";
import { verified } from "../../src/ir/verify.ts";
import { normal } from "../../src/random/random.ts";
import { window } from "../../src/shape/dim.ts";
import { sizeOf, type Tensor, tensor } from "../../src/shape/tensor.ts";

function run<P extends Prim>(op: P, params: Prims[P], ...inputs: readonly Tensor[]): Tensor {
  const builder = new GraphBuilder();
  const values = inputs.map((x, i) => builder.input(`x${i}`, x));
  return evaluate(verified(builder.build([builder.apply(op, values, params)])), inputs)[0]!;
}

const draw = (number: number, ...shape: readonly number[]): Tensor =>
  tensor("f64", shape, normal(1, "test", number, sizeOf(shape)));

const inner = (x: Tensor, y: Tensor): number => {
  expect(x.shape).toEqual(y.shape);
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += x.data[i]! * y.data[i]!;
  return sum;
};

const expectClose = (x: number, y: number) => expect(Math.abs(x - y)).toBeLessThan(1e-11 * (1 + Math.abs(x)));

const small = fc.integer({ min: 1, max: 3 });
const geometries = fc
  .record({
    n: fc.integer({ min: 1, max: 2 }),
    height: fc.integer({ min: 1, max: 8 }),
    width: fc.integer({ min: 1, max: 8 }),
    kernel: fc.tuple(small, small),
    stride: fc.tuple(small, small),
    dilation: fc.tuple(small, small),
    padding: fc.constantFrom("same" as const, "valid" as const),
    groups: fc.integer({ min: 1, max: 2 }),
    perGroup: fc.integer({ min: 1, max: 2 }),
    outPerGroup: fc.integer({ min: 1, max: 3 }),
  })
  .map((g) => {
    const extent = g.kernel.map((k, i) => (k - 1) * g.dilation[i]! + 1);
    const out = [g.height, g.width].map((size, i) => window(size, extent[i]!, g.stride[i]!, g.padding));
    return { ...g, out, channels: g.groups * g.perGroup, outs: g.groups * g.outPerGroup };
  })
  .filter((g) => g.out.every((size) => size !== undefined));

describe("the convolution trio", () => {
  test("one bilinear form: <conv(x, w), dy> = <x, input gradient> = <w, filter gradient>", () => {
    fc.assert(
      fc.property(geometries, ({ n, height, width, kernel, stride, dilation, padding, groups, ...g }) => {
        const conv = { stride, dilation, padding, groups };
        const x = draw(0, n, height, width, g.channels);
        const w = draw(1, ...kernel, g.perGroup, g.outs);
        const y = run("conv2d", conv, x, w);
        const dy = draw(2, ...y.shape);
        const value = inner(y, dy);
        expectClose(value, inner(x, run("conv2d_input_gradient", { ...conv, input_size: [height, width] }, dy, w)));
        expectClose(value, inner(w, run("conv2d_filter_gradient", { ...conv, kernel_size: kernel }, x, dy)));
      }),
      { numRuns: 200 },
    );
  });

  test("a convolution is its definition, element by element", () => {
    fc.assert(
      fc.property(geometries, ({ n, height, width, kernel, stride, dilation, padding, groups, ...g }) => {
        const x = draw(0, n, height, width, g.channels);
        const w = draw(1, ...kernel, g.perGroup, g.outs);
        const y = run("conv2d", { stride, dilation, padding, groups }, x, w);
        const [, outHeight, outWidth] = y.shape as [number, number, number, number];
        const low = [height, width].map((size, i) =>
          paddingLow(size, (kernel[i]! - 1) * dilation[i]! + 1, stride[i]!, padding),
        );
        const at = (...index: readonly [number, number, number, number]) =>
          x.data[((index[0] * height + index[1]) * width + index[2]) * g.channels + index[3]]!;
        let next = 0;
        for (let b = 0; b < n; b++)
          for (let oy = 0; oy < outHeight; oy++)
            for (let ox = 0; ox < outWidth; ox++)
              for (let o = 0; o < g.outs; o++) {
                let sum = 0;
                for (let ky = 0; ky < kernel[0]; ky++)
                  for (let kx = 0; kx < kernel[1]; kx++)
                    for (let c = 0; c < g.perGroup; c++) {
                      const iy = oy * stride[0] - low[0]! + ky * dilation[0];
                      const ix = ox * stride[1] - low[1]! + kx * dilation[1];
                      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
                      const channel = Math.floor(o / g.outPerGroup) * g.perGroup + c;
                      const weight = w.data[((ky * kernel[1] + kx) * g.perGroup + c) * g.outs + o]!;
                      sum += at(b, iy, ix, channel) * weight;
                    }
                expectClose(y.data[next++]!, sum);
              }
      }),
      { numRuns: 60 },
    );
  });

  test("a convolution is the product of its patches and its kernel", () => {
    fc.assert(
      fc.property(geometries, ({ n, height, width, kernel, stride, dilation, padding, ...g }) => {
        const x = draw(0, n, height, width, g.channels);
        const w = draw(1, ...kernel, g.channels, g.outs);
        const patches = run("unfold", { kernel, stride, dilation, padding, fill: 0 }, x);
        const product = run(
          "dot_general",
          { lhs_batch: [], rhs_batch: [], lhs_contracting: [3, 4, 5], rhs_contracting: [0, 1, 2] },
          patches,
          w,
        );
        const y = run("conv2d", { stride, dilation, padding, groups: 1 }, x, w);
        expect(product.shape).toEqual(y.shape);
        y.data.forEach((v, i) => {
          expectClose(v, product.data[i]!);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("same padding puts the odd zero behind, as TensorFlow does", () => {
    // tf.nn.conv2d of [1, 2, 3, 4] with ones(3), stride 2, SAME: windows (1,2,3), (3,4,0): total 1 = 0 low, 1 high.
    expect(paddingLow(4, 3, 2, "same")).toBe(0);
    const x = tensor("f64", [1, 1, 4, 1], [1, 2, 3, 4]);
    const w = tensor("f64", [1, 3, 1, 1], [1, 1, 1]);
    const conv = { stride: [1, 2], dilation: [1, 1], padding: "same", groups: 1 } as const;
    expect([...run("conv2d", conv, x, w).data]).toEqual([6, 7]);
  });
});

describe("unfold and fold", () => {
  test("are transposes: <unfold x, p> = <x, fold p>", () => {
    fc.assert(
      fc.property(geometries, ({ n, height, width, kernel, stride, dilation, padding, channels }) => {
        const patches = { kernel, stride, dilation, padding };
        const x = draw(0, n, height, width, channels);
        const unfolded = run("unfold", { ...patches, fill: 0 }, x);
        const p = draw(1, ...unfolded.shape);
        expectClose(inner(unfolded, p), inner(x, run("fold", { ...patches, input_size: [height, width] }, p)));
      }),
      { numRuns: 200 },
    );
  });
});

describe("gather and scatter_add", () => {
  test("are transposes: <gather(x, i), u> = <x, scatter_add(u, i)>, indices outside included", () => {
    const size = fc.integer({ min: 1, max: 4 });
    const sizes = fc.array(size, { maxLength: 2 });
    fc.assert(
      fc.property(
        sizes,
        sizes,
        size,
        sizes,
        sizes,
        fc.infiniteStream(fc.integer({ min: -1, max: 4 })),
        (batch, pre, n, at, post, indices) => {
          const axis = batch.length + pre.length;
          const x = draw(0, ...batch, ...pre, n, ...post);
          const shape = [...batch, ...at];
          const i = tensor("i32", shape, [...indices.take(sizeOf(shape))]);
          const params = { axis, batch_dims: batch.length };
          const gathered = run("gather", params, x, i);
          const u = draw(1, ...gathered.shape);
          expectClose(inner(gathered, u), inner(x, run("scatter_add", { ...params, size: n }, u, i)));
        },
      ),
      { numRuns: 200 },
    );
  });
});
