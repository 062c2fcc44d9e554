import { expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

it("a metric that the classes do not allow is a failure of its step, by name", async () => {
  const { status, diagnostics } = await runProgram(`
let digits = glyphs(n: 40, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.1), batch: 10, epochs: 1 }
evaluate on_test { model: model, data: digits.test, metrics: [auc] }
`);
  expect(status).toBe("failed");
  expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    "MTT5204: `on_test` failed: auc needs two classes, and there are 10",
  ]);
});
