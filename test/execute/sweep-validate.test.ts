import { expect, it } from "vitest";
import { membersOf } from "../../src/execute/kinds/family.ts";
import { compileText, said } from "../elaborate/program.ts";
import { folder, runProgram } from "./run-program.ts";

const head = `
let digits = glyphs(n: 40, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> linear(10)
train model {
  network: N, data: digits.train, loss: softmax_cross_entropy, precision: f64
  optimizer: sgd(0.5), batch: 20, epochs: 3, regularize: l2(0.1), validate: digits.test
}
`;
const blame = (model: string, name = "blame") =>
  `influence ${name} { model: ${model}, test: digits.test |> take(3), method: exact() }\n`;
const asks = (model: string): string => `${blame(model)}
validate warm { influence: blame, by: leave_one_out(count: 3) }
validate cold { influence: blame, by: subset_retraining(count: 3, fraction: 0.5) }
validate curve { influence: blame, by: removal_curve(steps: [1, 2, 3]) }
influence attributed { model: ${model}, test: digits.test |> take(2), method: trak(projections: 4, models: 3) }
influence followed { model: ${model}, test: digits.test |> take(2), method: tracin() }
`;
const steps = ["blame", "warm", "cold", "curve", "attributed", "followed"];

it.each<[string, string]>([
  ["strengths", "regularize: l2(each([1, 0.01, 0.1]))"],
  ["lengths", "epochs: each([4, 1, 2])"],
  [
    "data, their own to validate with, and seeds",
    "data: each([digits.train |> take(20), digits.train |> skip(20)]), validate: each([digits.test |> take(20), digits.test |> skip(4)]), seed: each([3, 5])",
  ],
  ["models to start from", "start: each([model, other])"],
])("what a `best` picked is validated, and has an ensemble, as the member by its own name: %s", async (_, fields) => {
  const other = "train other = model with { seed: 9 }\n";
  const store = folder();
  const swept = `${head}${other}sweep family = model with { ${fields} }
    evaluate compared { model: family, data: digits.test, metrics: [loss] }
    let chosen = best(compared, by: loss)
    ${asks("chosen")}`;
  const { diagnostics, outcome, plan } = await runProgram(swept, store);
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  const members = membersOf(outcome("compared").figures);
  const losses = members.map(({ figures }) => Number(figures.loss));
  const { name, given } = members[losses.indexOf(Math.min(...losses))]!;
  expect(outcome("chosen").figures.member).toBe(name);
  // Not the first of them, which a choice that got lost would take.
  expect(losses.indexOf(Math.min(...losses))).toBeGreaterThan(0);
  const written: Readonly<Record<string, (value: unknown) => string>> = {
    strength: (value) => `regularize: l2(${value})`,
  };
  const own = Object.entries(given).map(([field, value]) => written[field]?.(value) ?? `${field}: ${value}`);
  const named = await runProgram(`${head}${other}train own = model with { ${own.join(", ")} }\n${asks("own")}`, store);
  expect(named.diagnostics.map(({ message }) => message)).toEqual([]);
  const told = (run: typeof named) => steps.map((id) => [id, run.outcome(id).key, run.outcome(id).content]);
  expect(told(named)).toEqual(told({ ...named, outcome }));
  expect(steps.map((id) => [id, named.outcome(id).status])).toEqual(steps.map((id) => [id, "cached"]));
  expect(plan.targets).not.toContain("chosen.data");
});

it("what some start from and others do not is refused", () => {
  const text = `${head}sweep family = model with { start: each([model, weights("a.npz")]) }
    evaluate compared { model: family, data: digits.test, metrics: [loss] }
    let chosen = best(compared, by: loss)
    ${blame("chosen")}validate loo { influence: blame, by: subset_retraining(count: 3, fraction: 0.5) }`;
  expect(said(compileText(text))).toEqual([
    expect.stringMatching(/^MTT4015 at "blame": .*some start from another model and some do not/),
  ]);
});
