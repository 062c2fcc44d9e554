import { expect, it } from "vitest";
import { membersOf } from "../../src/execute/kinds/family.ts";
import { folder, runProgram } from "./run-program.ts";

const program = `
let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
train model {
  network: N, data: digits.train, loss: softmax_cross_entropy
  optimizer: lbfgs(tolerance: 1e-6), regularize: l2(0.1)
}
`;
const swept = `${program}
sweep strengths = model with { regularize: l2(each([1, 0.1, 0.01])) }
evaluate compared { model: strengths, data: digits.test, metrics: [loss, accuracy] }
let chosen = best(compared, by: loss)
evaluate of_chosen { model: chosen, data: digits.test, metrics: [loss, accuracy] }
influence blame { model: chosen, test: digits.test |> where(predicted(chosen) == label) |> take(2), method: exact() }
assert group(blame, digits.train |> take(3), order: 2) != 2
`;

it("runs every member, compares them, and goes on with the best, whatever was computed before", async () => {
  const store = folder();
  const alone = await runProgram(program, store);
  const { status, outcome, events } = await runProgram(swept, store);
  expect(status).toBe("done");
  // The member that is the model is not trained again.
  const member = (strength: string) => outcome(`strengths/strength ${strength}`);
  expect([member("0.1").status, member("0.1").key]).toEqual(["cached", alone.outcome("model").key]);
  expect([member("1").status, member("0.01").status]).toEqual(["ran", "ran"]);
  const started = events.flatMap((e) => (e.event === "step.started" && e.kind === "train" ? [e.step] : []));
  expect(started).toEqual(["strengths/strength 1", "strengths/strength 0.01"]);

  const members = membersOf(outcome("compared").figures);
  expect(members.map(({ given }) => given.strength)).toEqual([1, 0.1, 0.01]);
  const losses = members.map(({ figures }) => Number(figures.loss));
  expect(losses).toEqual(members.map(({ name }) => outcome(`compared/${name}`).figures.loss));
  const least = losses.indexOf(Math.min(...losses));
  expect(outcome("chosen").figures.member).toBe(members[least]!.name);
  expect(outcome("of_chosen").figures.loss).toBe(losses[least]);

  // Asked of the model by its name, the same is stored already: the choice leaves no trace in a key.
  const named = await runProgram(
    `${program}train best_one = model with { regularize: l2(${members[least]!.given.strength}) }
    evaluate of_named { model: best_one, data: digits.test, metrics: [loss, accuracy] }
    influence blame { model: best_one, test: digits.test |> where(predicted(best_one) == label) |> take(2), method: exact() }`,
    store,
  );
  expect([named.outcome("of_named"), named.outcome("blame")].map((one) => [one.status, one.key])).toEqual([
    ["cached", outcome("of_chosen").key],
    ["cached", outcome("blame").key],
  ]);

  const again = await runProgram(swept, store);
  expect(Object.entries(again.summaries).filter(([, { status: how }]) => how !== "cached")).toEqual([]);
});

it("chooses by the figures of the weights that a training ends with", async () => {
  const { status, outcome } = await runProgram(`${program}
    train by_steps = model with { optimizer: adam(0.1), epochs: 8, batch: 10, validate: digits.test, early_stop: early_stop(8) }
    sweep rates = by_steps with { optimizer: adam(each([0.01, 30])) }
    let chosen = best(rates, by: loss)
    evaluate compared { model: rates, data: digits.test }`);
  expect(status).toBe("done");
  const trained = membersOf(outcome("rates").figures);
  const tested = membersOf(outcome("compared").figures);
  for (const [i, { figures }] of trained.entries())
    expect(figures.validation_loss).toBeCloseTo(Number(tested[i]!.figures.loss), 5);
  // At least one of them was better before its end.
  expect(
    trained.some(({ name, figures }) => figures.validation_loss !== outcome(`rates/${name}`).figures.validation_loss),
  ).toBe(true);
  const losses = trained.map(({ figures }) => Number(figures.validation_loss));
  expect(outcome("chosen").figures.member).toBe(trained[losses.indexOf(Math.min(...losses))]!.name);
});

it("says which member has no figure to choose by", async () => {
  const { status, diagnostics } = await runProgram(`${program}
    block never(logits: f32[k], label: class[k]) -> f32[] = log(0 - reduce_sum(logits * logits))
    sweep strengths = model with { regularize: l2(each([1, 0.1])) }
    evaluate compared { model: strengths, data: digits.test, metrics: [never] }
    let chosen = best(compared, by: never, order: highest)`);
  expect(status).toBe("failed");
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`).join()).toMatch(/`never` of `strength 1`/);
});
