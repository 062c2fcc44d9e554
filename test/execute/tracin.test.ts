import { describe, expect, it } from "vitest";
import { lossGradient, rowsOf } from "./pooled-digits.ts";
import { folder, runProgram } from "./run-program.ts";

const N = 40;
const BATCH = 20;
const rate = (steps: number): number => 0.5 * 0.8 ** (steps / 2);

const training = (fields: string, name = "model") => `train ${name} {
  network: Pooled, data: digits.train, loss: softmax_cross_entropy, precision: f64
  optimizer: sgd(exponential(0.5, every: 2, factor: 0.8)), batch: ${BATCH}, ${fields}
}
`;
const head = `
let digits = glyphs(n: ${N}, seed: 1, image: f32[8, 8, 1])
network Pooled(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
`;
const asked = (fields: string) =>
  `${head}${training(fields)}influence blame { model: model, test: digits.test |> take(2), method: tracin() }\n`;

const scoresOf = async (text: string, store = folder()) => {
  const result = await runProgram(text, store);
  expect(result.diagnostics.map(({ message }) => message)).toEqual([]);
  return { ...result, scores: (await result.scores("blame", 2)).data };
};

/** Sum over these lengths of a training of the rate after it times ∇L(test) · ∇L(train) / n, of models trained that long by themselves. */
const byHand = async (lengths: readonly string[], steps: readonly number[]): Promise<readonly number[]> => {
  const { arrays, outcome } = await runProgram(
    `${head}${lengths.map((length, i) => training(length, `model_${i}`)).join("")}evaluate e { model: model_0, data: digits.test }\n`,
  );
  const train = rowsOf(outcome("digits.train").data!);
  const tests = rowsOf(outcome("digits.test").data!).slice(0, 2);
  const sum = new Float64Array(2 * N);
  for (const [i, step] of steps.entries()) {
    const [weights] = Object.values(await arrays(`model_${i}`, "parameters"));
    const w = Float64Array.from(weights!.data);
    const gradients = train.map(({ x, label }) => lossGradient(w, x, label));
    for (const [t, { x, label }] of tests.entries()) {
      const of = lossGradient(w, x, label);
      for (const [j, g] of gradients.entries())
        sum[t * N + j]! += (rate(step) * of.reduce((total, value, k) => total + value * g[k]!, 0)) / N;
    }
  }
  return [...sum];
};

const expectSame = (found: readonly number[], expected: readonly number[]): void => {
  const largest = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-10 * largest);
};

describe("tracin, from the program to the scores", () => {
  it("sums over the epochs that the program keeps and the last, each with the rate after it", async () => {
    const { scores, outcome } = await scoresOf(asked("epochs: 5, checkpoint: every(2, epoch)"));
    expectSame(scores, await byHand(["epochs: 2", "epochs: 4", "epochs: 5"], [4, 8, 10]));
    expect(outcome("blame").figures.details).toMatchObject({ checkpoints: 3 });
  });

  it("counts in steps where the training does", async () => {
    const { scores } = await scoresOf(asked("steps: 5"));
    expectSame(scores, await byHand(["steps: 2", "steps: 4", "steps: 5"], [2, 4, 5]));
  });

  it("is the same whatever the store has seen: fewer epochs kept, a longer training, another way to keep them", async () => {
    const every = asked("epochs: 4, checkpoint: every(1, epoch)");
    const fresh = await scoresOf(every);
    for (const before of ["epochs: 4, checkpoint: every(3, epoch)", "epochs: 6, checkpoint: every(5, epoch)"]) {
      const store = folder();
      const coarse = await scoresOf(asked(before), store);
      const { scores, outcome } = await scoresOf(every, store);
      expect(scores).toEqual(fresh.scores);
      expect(outcome("blame").key).toBe(fresh.outcome("blame").key);
      expect(coarse.outcome("blame").key).not.toBe(fresh.outcome("blame").key);
    }
  });

  it("has nothing to follow where nothing was trained", async () => {
    const { diagnostics } = await runProgram(asked("epochs: 0"));
    expect(diagnostics.map(({ code }) => code)).toEqual(["MTT5607"]);
  });
});
