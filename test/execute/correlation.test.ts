import { correlation, Matrix } from "ml-matrix";
import { expect, it } from "vitest";
import { folder, runProgram } from "./run-program.ts";

const TESTS = 3;

const program = `
let drawn = glyphs(n: 40, seed: 1, image: f32[8, 8, 1])
network Linear(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
train model {
  network: Linear, data: drawn.train, loss: softmax_cross_entropy
  optimizer: lbfgs(tolerance: 1e-8), regularize: l2(0.1)
}
influence by_cg { model: model, test: drawn.test |> take(${TESTS}), method: cg(tolerance: 1e-6) }
influence by_dot = by_cg with { method: grad_dot() }
influence others = by_cg with { test: drawn.test |> skip(1) |> take(${TESTS}) }
influence part = by_cg with { train: drawn.train |> take(5) }
influence itself = by_cg with { test: self }
assert correlation(by_cg, by_cg) > 0.999999
assert correlation(by_cg, by_dot) < 1
assert correlation(by_cg |> of_test(1), others |> of_test(0)) > 0.999
assert correlation(itself, itself) > 0.999999
assert correlation(by_cg, others) > 0
assert correlation(by_cg, part) > 0
`;

it("correlates the scores of two ways, of all test examples or of one", async () => {
  const store = folder();
  const { outcome, scores, diagnostics } = await runProgram(program, store);
  const [a, b] = [await scores("by_cg", TESTS), await scores("by_dot", TESTS)];
  const column = (of: ArrayLike<number>) => Matrix.columnVector(Array.from(of));
  const { pearson, count } = outcome("correlation(by_cg, by_dot)").figures;
  expect(pearson).toBeCloseTo(correlation(column(a.data), column(b.data)).get(0, 0), 12);
  expect(count).toBe(a.data.length);
  expect(outcome("correlation(by_cg, by_cg)").figures.pearson).toBeCloseTo(1, 12);
  // The same example, asked in two queries.
  const { pearson: one, count: row } = outcome("correlation(by_cg, others)").figures;
  expect(one).toBeCloseTo(1, 4);
  expect(row).toBe(a.data.length / TESTS);
  expect(outcome("correlation(itself, itself)").figures.pearson).toBeCloseTo(1, 12);
  expect(diagnostics.map(({ code, message }) => [code, /different (\w+)/.exec(message)?.[1]])).toEqual([
    ["MTT5655", "test"],
    ["MTT5655", "training"],
  ]);
});
