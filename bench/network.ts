import { GraphBuilder } from "../src/ir/builder.ts";
import type { Graph, Value } from "../src/ir/graph.ts";
import {
  add,
  fullLike,
  logSoftmax,
  matmul,
  maximum,
  multiply,
  negate,
  oneHot,
  reduceSum,
  scale,
} from "../src/ir/operations.ts";
import type { Measure, Network, Variable } from "../src/plan/network.ts";
import type { Training } from "../src/plan/training.ts";
import type { TensorType } from "../src/shape/tensor.ts";

const f32 = (...shape: readonly number[]): TensorType => ({ dtype: "f32", shape });
const KEEP = 0.5;
const SLOPE = 0.2;
const CHANNELS = [1, 8, 16, 32] as const;

const weight = (path: string, type: TensorType): Variable => ({
  path,
  type,
  init: { kind: "truncated_normal", stddev: 0.1 },
});

const weights: readonly Variable[] = [
  ...[8, 16, 32].flatMap((out, i) => [
    weight(`layer${i}/W`, f32(3, 3, CHANNELS[i]!, out)),
    weight(`layer${i}/b`, f32(out)),
  ]),
  weight("layer3/W", f32(512, 32)),
  weight("layer3/b", f32(32)),
  weight("layer4/W", f32(32, 10)),
  weight("layer4/b", f32(10)),
];

const lrelu = (b: GraphBuilder, x: Value): Value => maximum(b, x, scale(b, x, SLOPE));

function dropout(b: GraphBuilder, x: Value, key: Value | undefined, purpose: string): Value {
  if (key === undefined) return x;
  const bits = b.apply("random_bits", [key], { shape: b.typeOf(x).shape, purpose });
  const kept = b.apply("compare", [bits, fullLike(b, bits, KEEP * 2 ** 24)], { direction: "LT" });
  return b.apply("select", [kept, scale(b, x, 1 / KEEP), fullLike(b, x, 0)], {});
}

/** One example: three strided convolutions, two dense layers. */
function graph(training: boolean): Graph {
  const b = new GraphBuilder();
  const w = weights.map(({ path, type }) => b.input(path, type));
  const image = b.input("image", f32(28, 28, 1));
  const key = training ? b.input("key", { dtype: "i32", shape: [4] }) : undefined;
  let x = b.apply("reshape", [image], { shape: [1, 28, 28, 1] });
  for (let i = 0; i < 3; i++) {
    const y = b.apply("conv2d", [x, w[2 * i]!], { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 });
    x = lrelu(b, add(b, y, w[2 * i + 1]!));
  }
  x = b.apply("reshape", [x], { shape: [512] });
  x = lrelu(b, dropout(b, add(b, matmul(b, x, w[6]!), w[7]!), key, "layer3"));
  x = dropout(b, add(b, matmul(b, x, w[8]!), w[9]!), key, "layer4");
  return b.build([x]);
}

function crossEntropy(): Graph {
  const b = new GraphBuilder();
  const logits = b.input("result", f32(10));
  const label = b.input("label", { dtype: "i32", shape: [] });
  const chosen = multiply(b, logSoftmax(b, logits, 0), oneHot(b, label, 10, "f32"));
  return b.build([negate(b, reduceSum(b, chosen))]);
}

export const network: Network = {
  name: "Digits",
  fields: [{ name: "image", type: f32(28, 28, 1) }],
  weights,
  states: [],
  results: [{ name: "result", type: f32(10) }],
  training: graph(true),
  inference: graph(false),
};

export const loss: Measure = { name: "softmax_cross_entropy", graph: crossEntropy(), targets: ["label"] };

/** The post's network as `train` gets it. */
export const training: Training = {
  network,
  loss,
  optimizer: { kind: "adam", rate: { kind: "constant", rate: 1e-3 }, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  batch: 256,
  length: { epochs: 1 },
  seed: 1,
  precision: "f32",
  checkpointEvery: 1,
  validate: false,
  start: "init",
};
