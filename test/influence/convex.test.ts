import { describe, expect, it } from "vitest";
import { isConvex } from "../../src/influence/convex.ts";
import { problemOf } from "../../src/influence/problem.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { scalarLike, subtract, unary } from "../../src/ir/operations.ts";
import type { Measure, Network } from "../../src/plan/network.ts";
import { type Tensor, zeros } from "../../src/shape/tensor.ts";
import {
  batchNormNet,
  crossEntropy,
  dropoutNet,
  linear,
  logistic,
  scalarLinear,
  squaredError,
} from "../learn/problems.ts";

/** 1 - logistic(result): convex on one side of 0 only. */
const ramp = (): Measure => {
  const b = new GraphBuilder();
  const result = b.input("result", { dtype: "f32", shape: [] });
  const p = unary(b, "logistic", result);
  return { name: "ramp", targets: [], graph: b.build([subtract(b, scalarLike(b, p, 1), p)]) };
};

const asked = (network: Network, loss: Measure, layers?: readonly string[]): boolean => {
  const parameters = Object.fromEntries(
    [...network.weights, ...network.states].map(({ path, type }): [string, Tensor] => [path, zeros("f64", type.shape)]),
  );
  return isConvex(
    problemOf(
      {
        network,
        loss,
        measure: loss,
        test: "data",
        of: "example",
        method: { kind: "grad_dot" },
        ...(layers === undefined ? {} : { layers }),
      },
      { parameters, n: 1, m: 1 },
    ),
  );
};

describe("an objective is convex", () => {
  it.each<[string, boolean, Network, Measure, string[]?]>([
    ["softmax regression", true, linear(4, 3), crossEntropy(3)],
    ["logistic regression", true, scalarLinear(3), logistic()],
    ["least squares", true, scalarLinear(3), squaredError()],
    ["behind batch norm on its running statistics", true, batchNormNet(4, 3), crossEntropy(3)],
    ["by the last layer's weights", true, dropoutNet(4, 5, 3), crossEntropy(3), ["layer2"]],
    ["by a hidden layer's weights: no", false, dropoutNet(4, 5, 3), crossEntropy(3), ["layer0"]],
    ["by all weights of two layers: no", false, dropoutNet(4, 5, 3), crossEntropy(3)],
    ["with a loss that is not: no", false, scalarLinear(3), ramp()],
  ])("%s", (_, convex, network, loss, layers) => {
    expect(asked(network, loss, layers)).toBe(convex);
  });
});
