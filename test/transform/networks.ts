import { define } from "../../src/ir/builder.ts";
import type { Graph, Ops, Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import type { Conv, Padding } from "../../src/ir/primitives.ts";
import type { TensorType } from "../../src/shape/tensor.ts";
import { vmap } from "../../src/transform/vmap.ts";

type Float = "f32" | "f64";

/** -log softmax(z)[label] */
export const crossEntropy = (b: Ops<Value>, logits: Value, label: Value): Value =>
  op.negate(b, op.takeAlongAxis(b, op.logSoftmax(b, logits, 0), label, 0));

export const leaky = (b: Ops<Value>, x: Value): Value => op.maximum(b, x, op.scale(b, x, 0.2));

const strided: Conv = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 };

/** Weights of the post's network: three strided convolutions, two dense layers. */
export const postWeights = (float: Float): readonly (readonly [string, TensorType])[] =>
  (
    [
      ["conv0/W", [3, 3, 1, 8]],
      ["conv0/b", [8]],
      ["conv1/W", [3, 3, 8, 16]],
      ["conv1/b", [16]],
      ["conv2/W", [3, 3, 16, 32]],
      ["conv2/b", [32]],
      ["dense3/W", [512, 32]],
      ["dense3/b", [32]],
      ["dense4/W", [32, 10]],
      ["dense4/b", [10]],
    ] as const
  ).map(([name, shape]) => [name, { dtype: float, shape }]);

/** (weights…, image [28, 28, 1], label i32[]) -> loss, of one example. */
export const postLoss = (float: Float): Graph =>
  define(
    [...postWeights(float), ["image", { dtype: float, shape: [28, 28, 1] }], ["label", { dtype: "i32", shape: [] }]],
    (b: Ops<Value>, ...values) => {
      const [w0, b0, w1, b1, w2, b2, w3, b3, w4, b4, image, label] = values as readonly Value[];
      const conv = (x: Value, w: Value, bias: Value): Value => {
        const y = b.apply("conv2d", [op.reshape(b, x, [1, ...b.typeOf(x).shape]), w], strided);
        return leaky(b, op.add(b, op.reshape(b, y, b.typeOf(y).shape.slice(1)), bias));
      };
      const features = conv(conv(conv(image!, w0!, b0!), w1!, b1!), w2!, b2!);
      const hidden = leaky(b, op.add(b, op.dot(b, op.reshape(b, features, [512]), w3!), b3!));
      return [crossEntropy(b, op.add(b, op.dot(b, hidden, w4!), b4!), label!)];
    },
  );

/** The mean loss over a batch: (weights…, images, labels) -> loss. */
export function meanOver(loss: Graph, weights: number, batch: number): Graph {
  const axes = loss.inputs.map((_, i) => (i < weights ? null : 0));
  const mapped = vmap(loss, axes, { size: batch, axis: "batch" });
  return define(
    mapped.inputs.map(({ name, type }) => [name, type]),
    (b, ...values) => [op.reduceMean<Value, number, Padding>(b, b.inline(mapped, values)[0]!)],
  );
}
