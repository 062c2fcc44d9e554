import fc from "fast-check";
import { define } from "../../src/ir/builder.ts";
import type { Graph, Ops, Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { crossEntropy } from "./networks.ts";

/** A layer: features [n] -> features [n], with one weight [n, n] and one bias [n]. All are smooth. */
type Layer = (b: Ops<Value>, x: Value, w: Value, bias: Value) => Value;

const affine: Layer = (b, x, w, bias) => op.add(b, op.dot(b, x, w), bias);

const convolution: Layer = (b, x, w, bias) => {
  const [n] = b.typeOf(x).shape;
  const image = op.reshape(b, op.add(b, x, bias), [1, n! / 2, 2, 1]);
  const kernel = b.apply("slice", [w], { start: [0, 0], limit: [2, 2], strides: [1, 1] });
  const y = b.apply("conv2d", [image, op.reshape(b, kernel, [2, 2, 1, 1])], {
    stride: [1, 1],
    dilation: [1, 1],
    padding: "same",
    groups: 1,
  });
  return op.reshape(b, y, [n!]);
};

const pooled: Layer = (b, x, w, bias) => {
  const [n] = b.typeOf(x).shape;
  const image = op.reshape(b, affine(b, x, w, bias), [1, n! / 2, 2, 1]);
  const patches = { kernel: [2, 1], stride: [1, 1], dilation: [1, 1], padding: "same" } as const;
  const windows = b.apply("unfold", [image], { ...patches, fill: 0 });
  const back = b.apply("fold", [op.multiply(b, windows, windows)], { ...patches, input_size: [n! / 2, 2] });
  return op.scale(b, op.reshape(b, back, [n!]), 0.1);
};

const normalized: Layer = (b, x, w, bias) => {
  const centred = op.subtract(b, x, op.reduceMean(b, x, [0], true));
  const variance = op.reduceMean(b, op.square(b, centred), [0], true);
  const inverse = op.unary(b, "rsqrt", op.add(b, variance, op.scalarLike(b, variance, 0.5)));
  return affine(b, op.multiply(b, centred, inverse), w, bias);
};

const gathered: Layer = (b, x, w, bias) => {
  const [n] = b.typeOf(x).shape;
  const indices = b.apply("constant", [], {
    value: tensor(
      "i32",
      [n!],
      Array.from({ length: n! }, (_, i) => (i * 3) % (n! + 1)),
    ),
  });
  const taken = b.apply("gather", [affine(b, x, w, bias), indices], { axis: 0, batch_dims: 0 });
  return b.apply("scatter_add", [op.add(b, taken, x), indices], { axis: 0, batch_dims: 0, size: n! });
};

const layers: Readonly<Record<string, Layer>> = {
  tanh: (b, x, w, c) => op.unary(b, "tanh", affine(b, x, w, c)),
  logistic: (b, x, w, c) => op.unary(b, "logistic", affine(b, x, w, c)),
  softplus: (b, x, w, c) => op.unary(b, "softplus", affine(b, x, w, c)),
  gelu: (b, x, w, c) => {
    const y = affine(b, x, w, c);
    return op.multiply(b, y, op.unary(b, "erf", y));
  },
  residual: (b, x, w, c) => op.add(b, x, op.unary(b, "sine", affine(b, x, w, c))),
  gated: (b, x, w, c) => op.multiply(b, x, op.unary(b, "logistic", affine(b, x, w, c))),
  softmax: (b, x, w, c) => op.exponential(b, op.logSoftmax(b, affine(b, x, w, c), 0)),
  quotient: (b, x, w, c) => op.divide(b, affine(b, x, w, c), op.add(b, op.square(b, x), op.scalarLike(b, x, 1))),
  logarithm: (b, x, w, c) => op.unary(b, "log_plus_one", op.square(b, affine(b, x, w, c))),
  cumulative: (b, x, w, c) =>
    op.unary(b, "cosine", b.apply("cumulative_sum", [affine(b, x, w, c)], { dimension: 0, reverse: true })),
  power: (b, x, w, c) => op.power(b, op.unary(b, "softplus", affine(b, x, w, c)), op.unary(b, "logistic", x)),
  halves: (b, x, w, c) => {
    const y = affine(b, x, w, c);
    const [n] = b.typeOf(y).shape;
    const part = (from: number, to: number) => b.apply("slice", [y], { start: [from], limit: [to], strides: [1] });
    const reversed = b.apply("reverse", [part(0, n! / 2)], { dimensions: [0] });
    return b.apply("concatenate", [part(n! / 2, n!), reversed], { dimension: 0 });
  },
  convolution,
  pooled,
  normalized,
  gathered,
};

const FEATURES = 6;

export interface Network {
  readonly names: readonly string[];
  readonly seed: number;
}

/** Programs that are smooth everywhere, so that differences see every derivative. */
export const networks: fc.Arbitrary<Network> = fc.record({
  names: fc.array(fc.constantFrom(...Object.keys(layers)), { minLength: 1, maxLength: 3 }),
  seed: fc.integer(),
});

/** (x [6], label, weight and bias of each layer…) -> loss, features: the loss of one example. */
export const networkGraph = ({ names }: Network, float: "f32" | "f64" = "f64"): Graph =>
  define(
    [
      ["x", { dtype: float, shape: [FEATURES] }],
      ["label", { dtype: "i32", shape: [] }],
      ...names.flatMap((name, i) => [
        [`${name}${i}/W`, { dtype: float, shape: [FEATURES, FEATURES] }] as const,
        [`${name}${i}/b`, { dtype: float, shape: [FEATURES] }] as const,
      ]),
    ],
    (b, ...[x, label, ...weights]) => {
      const ops: Ops<Value> = b;
      const features = names.reduce((y, name, i) => layers[name]!(ops, y, weights[2 * i]!, weights[2 * i + 1]!), x!);
      return [crossEntropy(ops, features, label!), features];
    },
  );

export const networkInputs = (graph: Graph, random: () => number, leading: readonly number[] = []): readonly Tensor[] =>
  graph.inputs.map(({ type }) => {
    const shape = [...leading, ...type.shape];
    const size = shape.reduce((n, d) => n * d, 1);
    const draw = () => (type.dtype === "i32" ? Math.floor(random() * FEATURES) : 1.4 * random() - 0.7);
    return tensor(type.dtype, shape, Array.from({ length: size }, draw));
  });
