import { describe, expect, it } from "vitest";
import { rateAt } from "../../src/learn/schedules.ts";
import { canonicalJson } from "../../src/plan/json.ts";
import { preimage } from "../../src/plan/preimage.ts";
import { compileText, planOf, said, stepOf } from "./program.ts";

const program = (
  optimizer: string,
  block = "block decay(step: f32[], rate: float = 0.5) -> f32[] = rate / (1 + step)",
) => `
${block}
let data = glyphs(n: 40)
network N(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10)
train model { network: N, data: data.train, loss: softmax_cross_entropy, optimizer: ${optimizer}, epochs: 1 }
`;

const modelOf = (text: string) => stepOf(planOf(text), "model", "train").body;

const rates = (text: string, steps: readonly number[]) => {
  const { optimizer } = modelOf(text).training;
  if (optimizer.kind === "lbfgs") throw new Error("an optimizer with a rate");
  return steps.map((step) => rateAt(optimizer.rate, step));
};

describe("a schedule that is a block", () => {
  it("is given the step, and its own arguments", () => {
    expect(rates(program("sgd(decay)"), [0, 1, 4])).toEqual([0.5, 0.25, Math.fround(0.1)]);
    expect(rates(program("adam(rate: decay(rate: 0.25))"), [0, 1])).toEqual([0.25, 0.125]);
    expect(rates(program("sgd(warmup(2, then: decay))"), [0, 1, 2, 3])).toEqual([0.25, 0.5, 0.5, 0.25]);
  });

  it("is part of what decides the result; its name is not", () => {
    const key = (text: string) => canonicalJson(preimage(modelOf(text)));
    const base = key(program("sgd(decay)"));
    expect(key(program("sgd(slower)", "block slower(t: f32[]) -> f32[] = 0.5 / (1 + t)"))).toBe(base);
    expect(key(program("sgd(decay)", "block decay(t: f32[]) -> f32[] = 0.5 / (2 + t)"))).not.toBe(base);
  });

  it("takes one number and gives one", () => {
    const wrong = "block decay(step: f32[n]) -> f32[n] = step";
    expect(said(compileText(program("sgd(decay)", wrong)))).toEqual([
      'MTT3001 at "decay": `rate` of `sgd` needs a rate, and got the block `decay`',
    ]);
  });
});
