import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph, Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import type { Init, Measure, Network, Variable } from "../../src/plan/network.ts";
import type { Training } from "../../src/plan/training.ts";
import { normal, uniform } from "../../src/random/random.ts";
import { type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";
import type { Columns } from "./drive.ts";

const f32 = (...shape: readonly number[]): TensorType => ({ dtype: "f32", shape });
const i32 = (...shape: readonly number[]): TensorType => ({ dtype: "i32", shape });

interface Parts {
  readonly b: GraphBuilder;
  readonly weights: readonly Value[];
  readonly states: readonly Value[];
  readonly x: Value;
  /** Given while training. */
  readonly key?: Value;
}

/** A network of one field `x` from the function that applies it: (result, next states). */
export const network = (
  name: string,
  x: TensorType,
  weights: readonly Variable[],
  states: readonly Variable[],
  apply: (parts: Parts) => { readonly result: Value; readonly next: readonly Value[] },
): Network => {
  const build = (training: boolean): Graph => {
    const b = new GraphBuilder();
    const w = weights.map(({ path, type }) => b.input(path, type));
    const s = states.map(({ path, type }) => b.input(path, type));
    const field = b.input("x", x);
    const key = training ? { key: b.input("key", i32(4)) } : {};
    const { result, next } = apply({ b, weights: w, states: s, x: field, ...key });
    return b.build(training ? [result, ...next] : [result]);
  };
  const training = build(true);
  const type = [...training.inputs, ...training.nodes][training.outputs[0]!]!.type;
  return {
    name,
    fields: [{ name: "x", type: x }],
    weights,
    states,
    results: [{ name: "result", type }],
    training,
    inference: build(false),
  };
};

const weight = (path: string, shape: readonly number[], init: Init = { kind: "glorot" }): Variable => ({
  path,
  type: f32(...shape),
  init,
});

/** x W + b */
export const linear = (features: number, outputs: number): Network =>
  network(
    "Linear",
    f32(features),
    [weight("layer0/W", [features, outputs]), weight("layer0/b", [outputs], { kind: "constant", value: 0 })],
    [],
    ({ b, weights: [w, bias], x }) => ({ result: op.add(b, op.dot(b, x, w!), bias!), next: [] }),
  );

/** x . w + b, one number. */
export const scalarLinear = (features: number): Network =>
  network(
    "Scalar",
    f32(features),
    [weight("layer0/w", [features]), weight("layer0/b", [], { kind: "constant", value: 0 })],
    [],
    ({ b, weights: [w, bias], x }) => ({ result: op.add(b, op.innerProduct(b, x, w!), bias!), next: [] }),
  );

/** tanh layer, dropout that keeps half, linear layer. */
export const dropoutNet = (features: number, hidden: number, outputs: number): Network =>
  network(
    "Dropout",
    f32(features),
    [weight("layer0/W", [features, hidden]), weight("layer2/W", [hidden, outputs])],
    [],
    ({ b, weights: [w, v], x, key }) => {
      let h = op.unary(b, "tanh", op.dot(b, x, w!));
      if (key !== undefined) {
        const bits = b.apply("random_bits", [key], { shape: [hidden], purpose: "layer1/dropout" });
        const kept = op.compare(b, "LT", bits, b.constant(tensor("i32", [], [2 ** 23])));
        h = op.select(b, kept, op.scale(b, h, 2), op.scalarLike(b, h, 0));
      }
      return { result: op.dot(b, h, v!), next: [] };
    },
  );

/** Batch norm of a linear layer, with running mean and variance (momentum 0.9). */
export const batchNormNet = (features: number, outputs: number): Network =>
  network(
    "BatchNorm",
    f32(features),
    [weight("layer0/W", [features, outputs])],
    [
      weight("layer1/mean", [outputs], { kind: "constant", value: 0 }),
      weight("layer1/variance", [outputs], { kind: "constant", value: 1 }),
    ],
    ({ b, weights: [w], states: [mean, variance], x, key }) => {
      const h = op.dot(b, x, w!);
      const average = (v: Value) => b.apply("batch_mean", [v], {});
      const m = key === undefined ? mean! : average(h);
      const centred = op.subtract(b, h, m);
      const v = key === undefined ? variance! : average(op.square(b, centred));
      const scale = op.unary(b, "rsqrt", op.add(b, v, op.scalarLike(b, v, 1e-3)));
      const moved = (old: Value, fresh: Value) => op.add(b, op.scale(b, old, 0.9), op.scale(b, fresh, 0.1));
      return { result: op.multiply(b, centred, scale), next: [moved(mean!, m), moved(variance!, v)] };
    },
  );

/** -log softmax(result)[label] */
export const crossEntropy = (classes: number): Measure => {
  const b = new GraphBuilder();
  const result = b.input("result", f32(classes));
  const label = b.input("label", i32());
  const picked = op.multiply(b, op.logSoftmax(b, result, 0), op.oneHot(b, label, classes, "f32"));
  return { name: "softmax_cross_entropy", targets: ["label"], graph: b.build([op.negate(b, op.reduceSum(b, picked))]) };
};

/** log(1 + e^(-s result)), s = 1 for label 1, else -1. */
export const logistic = (): Measure => {
  const b = new GraphBuilder();
  const result = b.input("result", f32());
  const sign = op.subtract(
    b,
    op.scale(b, op.convert(b, b.input("label", i32()), "f32"), 2),
    op.scalarLike(b, result, 1),
  );
  return {
    name: "logistic",
    targets: ["label"],
    graph: b.build([op.unary(b, "softplus", op.negate(b, op.multiply(b, sign, result)))]),
  };
};

/** (result - y)², summed over the result's axes. */
export const squaredError = (...shape: readonly number[]): Measure => {
  const b = new GraphBuilder();
  const difference = op.subtract(b, b.input("result", f32(...shape)), b.input("y", f32(...shape)));
  return { name: "squared_error", targets: ["y"], graph: b.build([op.reduceSum(b, op.square(b, difference))]) };
};

/** n examples: x normal, label from a hidden linear rule with noise. */
export const classes = (n: number, features: number, classes: number, dtype: "f32" | "f64" = "f32"): Columns => {
  const x = normal(7, "x", 0, n * features);
  const rule = normal(7, "rule", 0, features * classes);
  const noise = uniform(7, "noise", 0, n * classes);
  const label = Int32Array.from({ length: n }, (_, i) => {
    const scores = Array.from({ length: classes }, (_, c) => {
      let score = 2 * noise[i * classes + c]!;
      for (let f = 0; f < features; f++) score += x[i * features + f]! * rule[f * classes + c]!;
      return score;
    });
    return scores.indexOf(Math.max(...scores));
  });
  return { x: tensor(dtype, [n, features], x), label: { dtype: "i32", shape: [n], data: label } };
};

export const training = (fields: Partial<Training> & Pick<Training, "network" | "loss" | "optimizer">): Training => ({
  batch: 4,
  ...(fields.optimizer.kind === "lbfgs" ? {} : { length: { epochs: 3 } }),
  seed: 5,
  precision: "f64",
  checkpointEvery: 1,
  validate: false,
  start: "init",
  ...fields,
});

export const sgd = (rate: number): Training["optimizer"] => ({ kind: "sgd", rate: { kind: "constant", rate } });

export const values = (tensor: Tensor | undefined): number[] => Array.from(tensor!.data);
