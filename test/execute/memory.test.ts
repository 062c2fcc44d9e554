import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { fitsIntoMemory, trainingBytes } from "../../src/execute/memory.ts";
import type { Training } from "../../src/plan/training.ts";
import { planOf } from "../elaborate/program.ts";

const trainingOf = (optimizer: string, length = "epochs: 1"): Training => {
  const { steps } = planOf(`
let digits = glyphs(n: 60, seed: 1)
network Wide(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(1000) |> dense(10)
train model { network: Wide, data: digits.train, loss: softmax_cross_entropy, optimizer: ${optimizer}, batch: 20, ${length} }
`);
  const { body } = steps.find(({ id }) => id === "model")!;
  if (body.kind !== "train") throw new TypeError();
  return body.training;
};
const WEIGHTS = 785_000 + 10_010;

describe("memory that training takes for its weights", () => {
  it.each([
    // Weights before and after the step, the gradient, and twice what the optimizer keeps.
    ["sgd(0.1)", "epochs: 1", 3 * 4],
    ["momentum(0.1)", "epochs: 1", 5 * 4],
    ["adam(0.1)", "epochs: 1", 7 * 4],
    ["lbfgs(history: 2)", "seed: 0", (3 + 2 * 7) * 8],
  ])("%s", (optimizer, length, bytes) => {
    expect(trainingBytes(trainingOf(optimizer, length))).toBe(WEIGHTS * bytes);
  });

  it("is refused where it is not there, before anything is allocated", () => {
    const training = trainingOf("adam(0.1)");
    const bytes = trainingBytes(training);
    expect(Effect.runSync(fitsIntoMemory(training, bytes))).toBeUndefined();
    expect(Effect.runSync(Effect.flip(fitsIntoMemory(training, bytes - 1)))).toMatchObject({
      code: "MTT5407",
      message: "training `Wide` takes 0.0 GiB for its weights and its optimizer, and 0.0 GiB are free",
      help: expect.stringContaining("mtt shapes"),
    });
  });
});
