import { expect, test } from "vitest";
import { regularized } from "../../src/learn/objective.ts";
import { planOf, stepOf } from "../elaborate/program.ts";

test("`only` names the last part of a weight's path, whole", () => {
  const { training } = stepOf(
    planOf(`let rows = csv("rows.csv", fields: { x: f32[2], label: class[3] })
block scaled(x: f32[n]) -> f32[n] { weight W: f32[n] ~ constant(1) weight WW: f32[n] ~ constant(1) x * W * WW }
network Net(x: f32[2]) -> f32[3] = x |> scaled |> dense(3)
train model { network: Net, data: rows, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1, regularize: l2(0.1, only: "W") }`),
    "model",
    "train",
  ).body;
  const { network, regularize } = training;
  const paths = (only: string | undefined) => regularized(network, only).map((i) => network.weights[i]!.path);
  expect(paths(regularize!.only)).toEqual(["layer0/W", "layer1/W"]);
  expect(paths("WW")).toEqual(["layer0/WW"]);
  expect(paths("layer0")).toEqual([]);
  expect(paths(undefined)).toEqual(network.weights.map(({ path }) => path));
});
