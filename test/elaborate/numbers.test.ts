import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { verify } from "../../src/ir/verify.ts";
import { withPrecision } from "../../src/learn/precision.ts";
import { preimage } from "../../src/plan/preimage.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { planOf } from "./program.ts";

/** The training of x -> x times an expression. */
const trained = (expression: string, declared = "") => {
  const { steps } = planOf(`
let rows = csv("rows.csv", fields: { x: f32[2], label: f32[2] })
${declared}
network Scaled(x: f32[2]) -> f32[2] {
  weight w: f32[2] ~ constant(1)
  x * w * ${expression}
}
train model { network: Scaled, data: rows, loss: mean_squared_error, optimizer: lbfgs() }
`);
  const { body } = steps.find(({ id }) => id === "model")!;
  if (body.kind !== "train") throw new TypeError();
  return body;
};

/** What the network multiplies 1 by, in this precision. */
const factor = (expression: string, precision: "f32" | "f64", declared = ""): number => {
  const graph = withPrecision(trained(expression, declared).training.network.inference, precision);
  expect(verify(graph)).toEqual([]);
  const one = tensor(precision, [2], [1, 1]);
  return evaluate(graph, [one, one])[0]!.data[0]!;
};

describe("numbers of a program", () => {
  it.each([
    ["0.1", "", 0.1],
    ["0.7071067811865476", "", Math.SQRT1_2],
    ["(1 / 3)", "", 1 / 3],
    ["third", "let third = 1 / 3", 1 / 3],
    ["ninth", "let third = 1 / 3\nlet ninth = third * third", (1 / 3) * (1 / 3)],
    ["big", "let big = 16777216 + 1", 16777217],
  ])("%s is itself in f64, and the nearest there is in f32", (expression, declared, value) => {
    expect(factor(expression, "f64", declared)).toBe(value);
    expect(factor(expression, "f32", declared)).toBe(Math.fround(value));
  });

  it("enter a key by what they are in f64, and by nothing more than their f32 where that says it", () => {
    const key = (expression: string) => JSON.stringify(preimage(trained(expression)));
    expect(key("0.3333333333333333")).not.toBe(key("0.33333334"));
    expect(key("0.5")).not.toContain("exact");
    expect(key("0.1")).not.toContain("exact");
  });
});
