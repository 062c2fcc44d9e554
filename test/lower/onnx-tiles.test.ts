import { describe, expect, it } from "vitest";
import { encodeModel } from "../../src/backend/onnx/proto.ts";
import { loadOrt } from "../../src/backend/onnx.ts";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Conv } from "../../src/ir/primitives.ts";
import { Emitter } from "../../src/lower/onnx/emitter.ts";
import type { OnnxValue } from "../../src/lower/onnx/model.ts";
import { gemm } from "../../src/lower/onnx/products.ts";
import {
  candidates,
  cellMatrix,
  cellPlane,
  fromCells,
  planeOf,
  tileMatrix,
  tileRows,
  untile,
} from "../../src/lower/onnx/tiles.ts";
import { grouped, plain } from "../../src/lower/onnx/view.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { expectClose } from "../conformance/checks.ts";
import { drawDirection, randomOf } from "../conformance/operations.ts";

const f32 = (...shape: readonly number[]) => ({ dtype: "f32", shape }) as const;
const [N, C, O] = [2, 3, 4];

/** What ONNX Runtime makes of what an emitter was told, in the shapes of what is expected. */
async function run(inputs: readonly Tensor[], build: (emitter: Emitter, inputs: readonly OnnxValue[]) => OnnxValue) {
  const ort = loadOrt();
  const emitter = new Emitter();
  const declared = inputs.map(({ shape }, i): OnnxValue => ({ name: `input${i}`, type: "f32", shape }));
  const output = build(emitter, declared);
  const { constants, nodes } = emitter;
  const model = encodeModel({ name: "tiles", inputs: declared, outputs: [output], constants, nodes });
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const feeds = inputs.map(
    ({ data, shape }, i) => [`input${i}`, new ort.Tensor("float32", data as Float32Array, shape)] as const,
  );
  const answers = await session.run(Object.fromEntries(feeds));
  await session.release();
  return tensor("f32", output.shape, answers[output.name]!.data as Float32Array);
}

const cases: readonly (readonly [
  title: string,
  input: readonly [number, number],
  kernel: readonly [number, number],
  params: Omit<Conv, "groups">,
])[] = [
  ["same, stride 1", [5, 6], [3, 3], { stride: [1, 1], dilation: [1, 1], padding: "same" }],
  ["same, stride 2, even", [6, 8], [3, 3], { stride: [2, 2], dilation: [1, 1], padding: "same" }],
  ["same, stride 2, odd", [7, 7], [3, 5], { stride: [2, 2], dilation: [1, 1], padding: "same" }],
  ["valid, unequal strides", [9, 13], [2, 3], { stride: [3, 2], dilation: [1, 1], padding: "valid" }],
  ["a kernel smaller than the stride", [6, 8], [1, 1], { stride: [2, 2], dilation: [1, 1], padding: "valid" }],
  ["an even kernel", [8, 8], [4, 4], { stride: [1, 1], dilation: [1, 1], padding: "same" }],
  ["dilated", [7, 8], [3, 3], { stride: [1, 1], dilation: [2, 2], padding: "same" }],
];

describe("a convolution by tiles, whichever is chosen", () => {
  for (const [title, input, kernel, of] of cases) {
    const params = { ...of, groups: 1 };
    const plane = planeOf({ ...of, input, kernel });
    const random = randomOf(1);
    const [h, w] = plane.map(({ out }) => out) as [number, number];
    const image = drawDirection(f32(N, ...input, C), random);
    const weights = drawDirection(f32(...kernel, C, O), random);
    const dy = drawDirection(f32(N, h, w, O), random);
    const places = (emitter: Emitter, x: OnnxValue) => emitter.reshape(x, [N, x.shape[1]! * x.shape[2]!, x.shape[3]!]);

    it(`${title}: outputs and the kernel's gradient`, async () => {
      const reference = define(
        [
          ["x", f32(...image.shape)],
          ["w", f32(...weights.shape)],
          ["dy", f32(...dy.shape)],
        ],
        (b, x, w, dy) => [
          b.apply("conv2d", [x!, w!], params),
          b.apply("conv2d_filter_gradient", [x!, dy!], { ...params, kernel_size: kernel }),
        ],
      );
      const [outputs, gradient] = evaluate(reference, [image, weights, dy]);
      const tiles = candidates(plane[1]);
      expect(tiles.length).toBeGreaterThan(1);
      for (const tile of tiles) {
        const about = `${title}, ${JSON.stringify(tile)}`;
        const y = await run([image, weights], (e, [x, w]) => {
          const rows = tileRows(e, places(e, x!), plane, tile);
          return e.reshape(gemm(e, rows, tileMatrix(e, plain(e, w!, "f32", weights.shape), plane, tile)), dy.shape);
        });
        expectClose(y, outputs!, 1e-5, about);
        const dw = await run([image, dy], (e, [x, dy]) => {
          const rows = tileRows(e, places(e, x!), plane, tile);
          const columns = tile.outputs * O;
          const product = gemm(e, rows, e.reshape(dy!, [rows.shape[0]!, columns]), true);
          const shape = [kernel[0], tile.cells * tile.cell, C, tile.outputs, O];
          const groups = [
            [0, 1, 2],
            [3, 4],
          ];
          return e.reshape(untile(e, grouped(e, product, "f32", shape, groups), plane, tile), weights.shape);
        });
        expectClose(dw, gradient!, 1e-5, about);
      }
    });

    if (of.dilation[0] !== 1) continue;
    it(`${title}: the image's gradient`, async () => {
      const reference = define(
        [
          ["dy", f32(...dy.shape)],
          ["w", f32(...weights.shape)],
        ],
        (b, dy, w) => [b.apply("conv2d_input_gradient", [dy!, w!], { ...params, input_size: input })],
      );
      const [gradient] = evaluate(reference, [dy, weights]);
      const near = cellPlane(plane);
      for (const tile of candidates(near[1])) {
        const dx = await run([dy, weights], (e, [dy, w]) => {
          const rows = tileRows(e, places(e, dy!), near, tile);
          const values = gemm(e, rows, cellMatrix(e, plain(e, w!, "f32", weights.shape), plane, near, tile));
          return e.reshape(fromCells(e, values, plane, near, tile, [N, C]), image.shape);
        });
        expectClose(dx, gradient!, 1e-5, `${title}, ${JSON.stringify(tile)}`);
      }
    });
  }
});
