import { describe, expect, it } from "vitest";
import { compileText, planOf, said, stepOf } from "./program.ts";

const program = `
let rows = csv("rows.csv", fields: { x: f32[2], label: class[3] })
let tests = csv("tests.csv", fields: { x: f32[2], label: class[3] })
network Narrow(x: f32[2]) -> f32[3] = x |> dense(3)
network Wide(x: f32[2], units: int) -> f32[3] = x |> dense(units) |> relu |> dense(3)
block gap(logits: f32[k], label: class[k]) -> f32[] = reduce_max(logits) - reduce_sum(one_hot(label, k) * logits)
train model { network: Narrow, data: rows, loss: softmax_cross_entropy, optimizer: adam(0.1), epochs: 2 }
`;
const plan = (text: string) => planOf(program + text);
const ids = (text: string, kind: string) =>
  plan(text).steps.flatMap(({ id, body }) => (body.kind === kind ? [id] : []));
const training = (text: string, id: string) => stepOf(plan(text), id, "train").body.training;
const refused = (text: string): string => {
  const compiled = compileText(program + text);
  expect(compiled.plan).toBeUndefined();
  return said(compiled).join("\n");
};

describe("a sweep", () => {
  const two = "sweep many = model with { optimizer: adam(rate: each([1e-2, 1e-3])), seed: each([1, 2]) }";

  it("is a training for each combination, the last `each` changing fastest, and a table of them", () => {
    const made = plan(two);
    const names = ["rate 0.01, seed 1", "rate 0.01, seed 2", "rate 0.001, seed 1", "rate 0.001, seed 2"];
    const members = names.map((name) => `many/${name}`);
    expect(made.steps.map(({ id }) => id)).toEqual(["rows", "tests", "model", ...members, "many"]);
    const settings = members.map((id) => stepOf(made, id, "train").body.training);
    expect(settings.map(({ optimizer, seed }) => ["rate" in optimizer && optimizer.rate, seed])).toEqual([
      [{ kind: "constant", rate: 0.01 }, 1],
      [{ kind: "constant", rate: 0.01 }, 2],
      [{ kind: "constant", rate: 0.001 }, 1],
      [{ kind: "constant", rate: 0.001 }, 2],
    ]);
    const family = stepOf(made, "many", "family");
    expect(family.inputs).toEqual(members);
    expect(family.body.members.map(({ name }) => name)).toEqual(names);
    expect(family.body.members[2]!.given).toEqual({ rate: 0.001, seed: 1 });
    expect(made.targets).toEqual(["model", "many"]);
  });

  it.each([
    ["network: each([Narrow, Wide(units: 4)])", ["network Narrow", "network Wide(units: 4)"]],
    ["network: Wide(units: each([4, 8]))", ["units 4", "units 8"]],
    ["regularize: each([none, l2(0.1)])", ["regularize none", "regularize l2(0.1)"]],
    ["regularize: l2(each([0.1, 1]))", ["strength 0.1", "strength 1"]],
    ["precision: each([f32, f64])", ["precision f32", "precision f64"]],
    ["data: rows |> take(each([10, 20]))", ["n 10", "n 20"]],
    ["data: rows |> take([10, 20] |> each)", ["n 10", "n 20"]],
    ["data: rows |> sample(each([10, 20]), seed: each([1]))", ["n 10, seed 1", "n 20, seed 1"]],
    ["seed: each([1, 2]), data: rows |> shuffle(seed: each([3]))", ["seed 1, data.seed 3", "seed 2, data.seed 3"]],
    ["data: each([rows, rows |> take(9)])", ["data rows", "data rows |> take(9)"]],
    ["loss: each([softmax_cross_entropy, gap])", ["loss softmax_cross_entropy", "loss gap"]],
    ["seed: 2 * each([1, 2])", ["seed 1", "seed 2"]],
  ])("changes any field: %s", (fields, names) => {
    expect(ids(`sweep many = model with { ${fields} }`, "train").slice(1)).toEqual(names.map((name) => `many/${name}`));
  });

  it("makes data and networks of its own only where an `each` is in them", () => {
    const made = plan(
      "sweep many = model with { data: rows |> skip(1) |> take(each([10, 20])), network: Wide(units: each([4, 8])) }",
    );
    const data = ["many/n 10, units 4", "many/n 20, units 4"].map((id) => stepOf(made, id, "train").inputs[0]!);
    expect(new Set(data).size).toBe(2);
    expect(data.map((id) => stepOf(made, id, "query").body.operation)).toEqual([
      { op: "take", n: 10 },
      { op: "take", n: 20 },
    ]);
    expect(new Set(data.map((id) => stepOf(made, id, "query").inputs[0])).size).toBe(1);
    const widths = ["many/n 10, units 4", "many/n 10, units 8"].map(
      (id) => stepOf(made, id, "train").body.training.network.weights[0]!.type.shape,
    );
    expect(widths).toEqual([
      [2, 4],
      [2, 8],
    ]);
  });

  it("multiplies what an `each` gives", () => {
    expect(training("sweep many = model with { seed: 2 * each([1, 2]) }", "many/seed 2").seed).toBe(4);
  });

  it("is refused where it makes no family", () => {
    expect(refused("sweep many = model with { seed: 3 }")).toMatch(
      /MTT4016 at "many": the sweep `many` changes nothing/,
    );
    expect(refused("sweep many = model with { seed: each([]) }")).toMatch(
      /MTT4016 at "each\(\[\]\)": `each` of no values/,
    );
    const long = `[${Array.from({ length: 40 }, (_, i) => i).join(", ")}]`;
    expect(refused(`sweep many = model with { seed: each(${long}), batch: 1 + each(${long}) }`)).toMatch(
      /MTT4016 at "many": the sweep `many` makes 40 x 40 = 1,600 models/,
    );
  });
});

describe("an evaluation of a sweep, and the best of it", () => {
  const sweep =
    "sweep rates = model with { optimizer: adam(rate: each([1e-2, 1e-3])), regularize: l2(each([0.1, 1])) }\n";
  const compared = `${sweep}evaluate compared { model: rates, data: tests, metrics: [accuracy, loss, top(2), gap] }\n`;

  it("evaluates each member, and chooses by a metric of that", () => {
    const made = plan(`${compared}let chosen = best(compared, by: top(2))\nevaluate on { model: chosen, data: tests }`);
    expect(stepOf(made, "compared", "family").inputs).toHaveLength(4);
    expect(stepOf(made, "compared/rate 0.01, strength 1", "evaluate").inputs).toEqual([
      "rates/rate 0.01, strength 1",
      "tests",
    ]);
    const best = stepOf(made, "chosen", "best");
    expect(best.body).toEqual({ kind: "best", by: "top2", order: "highest" });
    expect(best.inputs).toEqual(["compared", ...stepOf(made, "rates", "family").inputs]);
    expect(stepOf(made, "on", "evaluate").inputs).toEqual(["chosen", "tests"]);
  });

  it("chooses by the training where no evaluation is named: on the validation data where there is some", () => {
    const by = (metric: string, more = "") =>
      stepOf(
        plan(`train base = model with { epochs: 2${more} }
        sweep seeds = base with { seed: each([1, 2]) }
        let chosen = best(seeds, by: ${metric})`),
        "chosen",
        "best",
      ).body;
    expect(by("accuracy")).toMatchObject({ by: "accuracy", order: "highest" });
    expect(by("loss")).toMatchObject({ by: "loss", order: "lowest" });
    expect(by("loss", ", validate: tests")).toMatchObject({ by: "validation_loss", order: "lowest" });
  });

  it("is asked of as a model: what depends on how it was trained is chosen with it", () => {
    const made = plan(`${compared}let chosen = best(compared, by: accuracy)
      influence blame { model: chosen, test: tests |> where(predicted(chosen) != label), method: cg }
      train longer = model with { start: chosen }
      assert chosen.loss < 1`);
    const { body, inputs } = stepOf(made, "blame", "chosen");
    expect(inputs.slice(0, 2)).toEqual(["chosen", "rows"]);
    expect(body.of.map((of) => of.kind === "influence" && of.influence.regularize?.strength)).toEqual([0.1, 1, 0.1, 1]);
    expect(stepOf(made, "longer", "train").inputs).toEqual(["rows", "chosen"]);
    // What does not depend on it is planned as of any model.
    const same = plan(
      "sweep rates = model with { seed: each([1, 2]) }\ninfluence blame { model: best(rates, by: loss), test: tests, method: cg }",
    );
    expect(stepOf(same, "blame", "influence").inputs[0]).toBe("best(rates, by: loss)");
  });

  it("chooses the data with the model where the members' differ", () => {
    const made = plan(`sweep sizes = model with { data: rows |> take(each([10, 20])) }
      influence blame { model: best(sizes, by: loss), test: tests, method: cg }`);
    expect(stepOf(made, "blame", "influence").inputs).toEqual([
      "best(sizes, by: loss)",
      "best(sizes, by: loss).data",
      "tests",
    ]);
    expect(stepOf(made, "best(sizes, by: loss).data", "best").inputs.slice(1)).toEqual(
      ["sizes/n 10", "sizes/n 20"].map((id) => stepOf(made, id, "train").inputs[0]),
    );
  });

  it("refuses what it cannot choose by, and models that are not used alike", () => {
    const asked = (what: string) => refused(`${compared}let chosen = best(${what})`);
    expect(asked("compared, by: auc")).toMatch(/MTT4019 at "auc": `auc` is for two classes/);
    expect(asked("compared, by: top(1)")).toMatch(/MTT4017 at "top\(1\)": `compared` does not measure `top1`/);
    expect(asked("rates, by: top(1)")).toMatch(/MTT4017 at "top\(1\)": a training measures no `top1`/);
    expect(asked("compared, by: gap")).toMatch(/MTT4010 at "gap": is a high `gap` good, or a low one\?/);
    expect(refused("evaluate one { model: model, data: tests }\nlet chosen = best(one, by: accuracy)")).toMatch(
      /MTT4010 at "one": `best` picks a member of a sweep, and `one` tells of one model/,
    );
    expect(
      refused("sweep nets = model with { network: each([Narrow, Wide(units: 4)]) }\nlet chosen = best(nets, by: loss)"),
    ).toMatch(/MTT4015 at "nets".*different networks/);
    expect(
      stepOf(plan(`${compared}let chosen = best(compared, by: gap, order: lowest)`), "chosen", "best").body,
    ).toMatchObject({
      by: "gap",
      order: "lowest",
    });
  });
});
