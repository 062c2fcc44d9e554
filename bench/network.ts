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
  reduceMax,
  reduceSum,
  scale,
  unary,
} from "../src/ir/operations.ts";
import type { Measure, Network, Variable } from "../src/plan/network.ts";
import type { Training } from "../src/plan/training.ts";
import { sizeOf, type TensorType } from "../src/shape/tensor.ts";
import type { Layer, Spec } from "./specs.ts";

const f32 = (...shape: readonly number[]): TensorType => ({ dtype: "f32", shape });
const SLOPE = 0.2;

/** The network of a spec, as `train` gets it. */
export function trainingOf(spec: Spec): Training {
  const weights = weightsOf(spec);
  const network: Network = {
    name: spec.name,
    fields: [{ name: "image", type: f32(...spec.image) }],
    weights,
    states: [],
    results: [{ name: "result", type: f32(spec.classes) }],
    training: graphOf(spec, weights, true),
    inference: graphOf(spec, weights, false),
  };
  return {
    network,
    loss: { name: "softmax_cross_entropy", graph: crossEntropy(spec.classes), targets: ["label"] },
    optimizer: { kind: "adam", rate: { kind: "constant", rate: 1e-3 }, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    batch: spec.batch,
    length: { epochs: 1 },
    seed: 1,
    precision: "f32",
    checkpointEvery: 1,
    validate: false,
    start: "init",
  };
}

/** A kernel and a bias for each convolution and dense layer, by the shapes that reach it. */
function weightsOf({ image, layers }: Spec): readonly Variable[] {
  const weights: Variable[] = [];
  const variables = (kernel: readonly number[]) => {
    const path = `layer${weights.length / 2}`;
    const init = { kind: "truncated_normal", stddev: 0.1 } as const;
    weights.push({ path: `${path}/W`, type: f32(...kernel), init });
    weights.push({ path: `${path}/b`, type: f32(kernel.at(-1)!), init });
  };
  let shape: readonly number[] = image;
  for (const layer of layers) {
    if (layer.kind === "conv") variables([layer.kernel, layer.kernel, shape[2]!, layer.channels]);
    if (layer.kind === "dense") variables([sizeOf(shape), layer.units]);
    shape = shapeAfter(layer, shape);
  }
  return weights;
}

const shapeAfter = (layer: Layer, shape: readonly number[]): readonly number[] => {
  const [height, width, channels] = shape as readonly [number, number, number];
  switch (layer.kind) {
    case "conv":
      return [Math.ceil(height / layer.stride), Math.ceil(width / layer.stride), layer.channels];
    case "pool":
      return [Math.floor(height / layer.size), Math.floor(width / layer.size), channels];
    case "dense":
      return [layer.units];
    default:
      return shape;
  }
};

/** One example: (weights…, image, key where training) -> logits */
function graphOf({ image, layers }: Spec, weights: readonly Variable[], training: boolean): Graph {
  const b = new GraphBuilder();
  const w = weights.map(({ path, type }) => b.input(path, type));
  const input = b.input("image", f32(...image));
  const key = training ? b.input("key", { dtype: "i32", shape: [4] }) : undefined;
  let next = 0;
  const kernelAndBias = (): readonly [Value, Value] => [w[next++]!, w[next++]!];
  let x = b.apply("reshape", [input], { shape: [1, ...image] });
  layers.forEach((layer, i) => {
    switch (layer.kind) {
      case "conv": {
        const [kernel, bias] = kernelAndBias();
        const params = { stride: [layer.stride, layer.stride], dilation: [1, 1], padding: "same", groups: 1 } as const;
        x = add(b, b.apply("conv2d", [x, kernel], params), bias);
        break;
      }
      case "pool": {
        const size = [layer.size, layer.size] as const;
        const params = { kernel: size, stride: size, dilation: [1, 1], padding: "valid" } as const;
        const patches = b.apply("unfold", [x], { ...params, fill: Number.NEGATIVE_INFINITY });
        x = reduceMax(b, patches, [3, 4]);
        break;
      }
      case "dense": {
        const [kernel, bias] = kernelAndBias();
        const { shape } = b.typeOf(x);
        const flat = shape.length === 1 ? x : b.apply("reshape", [x], { shape: [sizeOf(shape)] });
        x = add(b, matmul(b, flat, kernel), bias);
        break;
      }
      case "dropout":
        x = key === undefined ? x : dropout(b, x, key, layer.keep, `layer${i}`);
        break;
      case "lrelu":
        x = maximum(b, x, scale(b, x, SLOPE));
        break;
      case "relu":
        x = maximum(b, x, fullLike(b, x, 0));
        break;
      case "tanh":
        x = unary(b, "tanh", x);
    }
  });
  return b.build([x]);
}

function dropout(b: GraphBuilder, x: Value, key: Value, keep: number, purpose: string): Value {
  const bits = b.apply("random_bits", [key], { shape: b.typeOf(x).shape, purpose });
  const kept = b.apply("compare", [bits, fullLike(b, bits, keep * 2 ** 24)], { direction: "LT" });
  return b.apply("select", [kept, scale(b, x, 1 / keep), fullLike(b, x, 0)], {});
}

function crossEntropy(classes: number): Measure["graph"] {
  const b = new GraphBuilder();
  const logits = b.input("result", f32(classes));
  const label = b.input("label", { dtype: "i32", shape: [] });
  const chosen = multiply(b, logSoftmax(b, logits, 0), oneHot(b, label, classes, "f32"));
  return b.build([negate(b, reduceSum(b, chosen))]);
}
