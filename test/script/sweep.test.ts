import { afterAll, describe, expect, it } from "vitest";
import { load, mtt, ProgramError, UsageError } from "../../src/index.ts";
import { folderOf, removeFolders } from "../cli/mtt.ts";

afterAll(removeFolders);

const program = `let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network Pooled(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> dense(10)
train model {
  network: Pooled
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: sgd(0.5)
  batch: 20
  regularize: l2(0.01)
  epochs: 2
}
sweep lengths = model with { epochs: each([1, 5]) }
evaluate compared { model: lengths, data: digits.test, metrics: [loss] }
let chosen = best(compared, by: loss)
influence blame { model: chosen, test: digits.test |> take(2), method: exact(damping: 0.1) }
`;
const folder = folderOf({ "p.mtt": program });
const open = () => load(`${folder}/p.mtt`, { store: `${folder}/store`, backend: "reference" });
const least = (losses: readonly unknown[]): number => losses.indexOf(Math.min(...losses.map(Number)));

describe("a sweep that a script makes", () => {
  it("is a model for every combination, and its best is asked as the member by its own name", async () => {
    const p = await open();
    const test = p.data("digits.test");
    const family = p.model("model").sweep({ seed: [1, 2], epochs: [1, 3], precision: "f64" });
    const members = await p.get(family);
    expect(members.map(({ given }) => given)).toEqual([
      { seed: 1, epochs: 1 },
      { seed: 1, epochs: 3 },
      { seed: 2, epochs: 1 },
      { seed: 2, epochs: 3 },
    ]);
    const compared = family.evaluate(test, [mtt`loss`, mtt`accuracy`]);
    const table = await p.get(compared);
    const at = least(table.map(({ figures }) => figures.loss));
    const best = compared.best("loss");
    const { seed, epochs } = table[at]!.given;
    const own = p.model("model").with({ seed: Number(seed), epochs: Number(epochs), precision: "f64" });
    const [picked, named] = [await p.get(best), await p.get(own)];
    expect(picked.figures.member).toBe(table[at]!.name);
    expect(picked.parameters["layer0/W"]!.data).toEqual(named.parameters["layer0/W"]!.data);

    const asked = { test: test.take(2), method: { kind: "cg", damping: 0.1, tolerance: 1e-6 } } as const;
    const [blame, ofNamed] = [best.influence(asked), own.influence(asked)];
    const [found, expected] = [await p.get(blame), await p.get(ofNamed)];
    expect(found.scores.data).toEqual(expected.scores.data);
    const set = p.data("digits.train").take(4);
    expect(await p.get(blame.group(set, { order: 2 }))).toBe(await p.get(ofNamed.group(set, { order: 2 })));
    const by = mtt`leave_one_out(count: 3)`;
    expect(await p.get(blame.validate(by))).toEqual(await p.get(ofNamed.validate(by)));

    const logits = await p.get(best.predict(test));
    const labels = (await p.get(test)).fields.label!.data;
    const right = [...labels].filter((label, i) => logits.take("example", i).ranked()[0] === label).length;
    expect(right / labels.length).toBeCloseTo(Number(table[at]!.figures.accuracy), 12);
    expect((await p.get(best.evaluate(test))).loss).toBe(table[at]!.figures.loss);
  });

  it("takes expressions with `each`, lists of texts, and a metric whose better end is said", async () => {
    const p = await open();
    const rates = p.model("model").sweep({ optimizer: mtt`adam(rate: each([1e-2, 1e-4]))`, precision: ["f32", "f64"] });
    expect((await p.get(rates)).map(({ name }) => name)).toEqual([
      "rate 0.01, precision f32",
      "rate 0.01, precision f64",
      "rate 0.0001, precision f32",
      "rate 0.0001, precision f64",
    ]);
    expect((await p.get(rates.best("loss"))).figures.member).toMatch(/^rate 0.01,/);
    const highest = rates.evaluate(p.data("digits.test"), [mtt`loss`]).best("loss", { order: "highest" });
    expect((await p.get(highest)).figures.member).toMatch(/^rate 0.0001,/);
    const unmeasured = rates.evaluate(p.data("digits.test"), [mtt`loss`]).best("accuracy");
    await expect(p.get(unmeasured)).rejects.toBeInstanceOf(ProgramError);
  });

  it("of the program has a name, and so has what `best` picks", async () => {
    const p = await open();
    const [members, table] = [await p.get(p.sweep("lengths")), await p.get(p.comparison("compared"))];
    expect(members.map(({ name }) => name)).toEqual(["epochs 1", "epochs 5"]);
    const at = least(table.map(({ figures }) => figures.loss));
    const chosen = await p.get(p.model("chosen"));
    expect(chosen.figures.member).toBe(table[at]!.name);
    const { scores } = await p.get(p.influence("blame"));
    expect(scores.shape).toEqual([2, 60]);
    await expect(p.get(p.model("lengths"))).rejects.toBeInstanceOf(UsageError);
    await expect(p.get(p.sweep("model"))).rejects.toBeInstanceOf(UsageError);
  });
});

it("the effect of the regularizer's strength comes with the scores, test example by test example", async () => {
  const p = await open();
  const model = p.model("model");
  const test = p.data("digits.test").take(3);
  const exact = { method: { kind: "exact", damping: 0.1 } } as const;
  const { strengthEffect, certificate, scores } = await p.get(model.influence({ test, ...exact }));
  expect([strengthEffect!.axes, strengthEffect!.shape]).toEqual([["test"], [3]]);
  expect(strengthEffect!.index.test).toEqual(scores.index.test);
  expect([...strengthEffect!.data].reduce((a, b) => a + b)).toBeCloseTo(Number(certificate.strength_effect), 12);
  const alone = await p.get(model.influence({ test: p.data("digits.test").skip(1).take(1), ...exact }));
  expect(alone.strengthEffect!.at({ test: 0 })).toBeCloseTo(strengthEffect!.at({ test: 1 }), 6);
  const self = await p.get(model.selfInfluence(exact));
  expect([self.strengthEffect!.axes, self.strengthEffect!.shape]).toEqual([["train"], [60]]);
  const none = await p.get(model.influence({ test, method: { kind: "grad_dot" } }));
  expect(none.strengthEffect).toBeUndefined();
});
