import { expect, it } from "vitest";
import { folder, runProgram } from "./run-program.ts";

const N = 60;
const REMOVED = 4;
const STRENGTH = 0.1;

/** `without(set)` divides by what is left; with the penalty scaled alike, its minimum is that of the objective that keeps 1 / n. */
const KEPT = (STRENGTH * N) / (N - REMOVED);

/** A model, the effect of removing a group on the mean of a measure, and that measure before and after training without the group. */
const program = (loss: string, result: string, measure: string) => `
let drawn = glyphs(n: ${N}, seed: 1, image: f32[8, 8, 1])
let train = drawn.train |> map(score: select(label == 3, 1.0, 0.0))
let asked = drawn.test |> map(score: select(label == 3, 1.0, 0.0)) |> where(label == 3)
network Linear(image: f32[8, 8, 1]) -> f32[${result}] = image |> avg_pool(2x2) |> flatten |> ${result === "" ? "linear(1) |> reshape([])" : `linear(${result})`}
block output(result: f32[${result}]) -> f32[] = ${result === "" ? "result" : "result[3]"}
train model {
  network: Linear, data: train, loss: ${loss}
  optimizer: lbfgs(tolerance: 1e-9), regularize: l2(${STRENGTH})
}
influence blame { model: model, test: asked, method: cg(tolerance: 1e-8), measure: ${measure} }
let set = train |> where(label == 3) |> union(train) |> take(${REMOVED})
train retrained = model with { data: train |> without(set), regularize: l2(${KEPT}) }
evaluate before { model: model, data: asked, metrics: [output] }
evaluate after = before with { model: retrained }
assert group(blame, set) != 0
assert group(blame, set, order: 2) != 0
assert group(blame |> of_test(0), set, order: 2) != 0
`;

it.each([
  // Of a quadratic objective and a linear measure, the orders are the terms of a geometric series.
  ["of least squares", program("mean_squared_error, target: score", "", "output"), 0.15],
  ["of softmax regression", program("softmax_cross_entropy", "10", "logit(3)"), 0.6],
])("the effect of removing a group %s is closer to retraining to second order", async (_, text, ratio) => {
  const store = folder();
  const { status, outcome, scores } = await runProgram(text, store);
  expect(status).toBe("done");
  const mean = (id: string): number => Number(outcome(id).figures.output);
  const change = Number(outcome("asked").figures.count) * (mean("after") - mean("before"));
  const { effect: first } = outcome("group(blame, set)").figures;
  const second = outcome("group(blame, set, order: 2)").figures;
  expect(second.first).toBeCloseTo(Number(first), 6);
  const [coarse, fine] = [Math.abs(Number(first) - change), Math.abs(Number(second.effect) - change)];
  expect(coarse).toBeGreaterThan(0.05 * Math.abs(change));
  expect(fine).toBeLessThan(ratio * coarse);
  // Of one test example, the first order is the sum of its scores.
  const one = outcome("group(blame, set, order: 2)~2").figures;
  const { data } = await scores("blame", 1);
  const members = new Set(outcome("set").data!.index);
  const sum = data.reduce((total, score, i) => (members.has(i) ? total + score : total), 0);
  expect(one.first).toBeCloseTo(sum, 6);
  const again = await runProgram(text, store);
  expect(again.outcome("group(blame, set, order: 2)").status).toBe("cached");
});
