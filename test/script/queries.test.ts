import { writeFileSync } from "node:fs";
import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import * as door from "../../src/effect.ts";
import { load, mtt, network, ProgramError, RunError, UsageError } from "../../src/index.ts";
import { folderOf, removeFolders } from "../cli/mtt.ts";

afterAll(removeFolders);

const program = `let digits = glyphs(n: 200, seed: 1)
network Pooled(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(10)
train model {
  network: Pooled
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: adam(rate: 0.01)
  batch: 50
  regularize: l2(0.01)
  epochs: 2
}
`;

const folder = folderOf({ "p.mtt": program, "wrong.mtt": `${program}let x = y\n` });
const file = `${folder}/p.mtt`;
const open = () => load(file, { store: `${folder}/store` });

describe("queries that a script makes", () => {
  it("are the language's own: the same steps, the same keys, the same numbers", async () => {
    const p = await open();
    const model = p.model("model");
    const wrong = p.data("digits.test").where(mtt`predicted(${model}) != label and ${true}`).take(3);
    const blame = model.influence({
      test: wrong,
      method: { kind: "cg", damping: 0.1, tolerance: 1e-4 },
      measure: "margin",
    });
    const cleaned = model.with({ data: p.data("digits.train").without(blame.mostHarmful(20)), epochs: 3 });
    const { scores, certificate } = await p.get(blame);
    const { figures } = await p.get(cleaned);

    // The same written in the language finds all of it in the store.
    writeFileSync(
      `${folder}/same.mtt`,
      `${program}
influence blame {
  model: model
  test: digits.test |> where(predicted(model) != label and true) |> take(3)
  method: cg(damping: 0.1, tolerance: 1e-4)
  measure: margin
}
train cleaned = model with { data: digits.train |> without(blame |> most_harmful(20)), epochs: 3 }
`,
    );
    const same = await load(`${folder}/same.mtt`, { store: `${folder}/store` });
    const { summaries } = await same.run(["cleaned"]);
    expect(summaries.blame).toMatchObject({ status: "cached", result: { residual: certificate.residual } });
    expect(summaries.cleaned).toMatchObject({ status: "cached", result: { parameters: figures.parameters } });

    expect(scores.axes).toEqual(["test", "train"]);
    expect(scores.shape).toEqual([3, 200]);
    expect(scores.index.test).toEqual((await p.get(wrong)).index);
    const one = await p.get(blame.ofTest(2));
    expect(one).toEqual(scores.take("test", 2));
    const worst = await p.get(blame.ofTest(2).mostHarmful(5));
    expect([...worst.index]).toEqual([...one.ranked()].reverse().slice(0, 5));
  });

  it("select, split and change data sets", async () => {
    const p = await open();
    const train = p.data("digits.train");
    const { first, rest } = train.split(0.25);
    const threes = train.where(mtt`label == ${3}`);
    const { index, fields, count } = await p.get(threes);
    expect(count).toBeGreaterThan(0);
    expect(new Set(fields.label!.data)).toEqual(new Set([3]));
    expect(fields.image!.axes).toEqual(["example", "height", "width", "channel"]);
    expect(fields.image!.index.example).toEqual(index);
    const counts = await Promise.all(
      [first, rest, train.without(threes), first.union(threes), first.intersect(threes), train.skip(190)].map(
        async (data) => (await p.get(data)).count,
      ),
    );
    expect(counts).toEqual([50, 150, 200 - count, 50 + count - counts[4]!, counts[4], 10]);
    const dark = await p.get(train.take(2).map({ image: mtt`1 - image` }));
    const plain = await p.get(train.take(2));
    for (const [i, value] of plain.fields.image!.data.entries())
      expect(dark.fields.image!.data[i]).toBeCloseTo(1 - value, 6);
    const noisy = await p.get(train.withLabelNoise({ fraction: 0.5, seed: 3 }));
    const labels = await p.get(train);
    expect(noisy.fields.label!.data.filter((label, i) => label !== labels.fields.label!.data[i]).length).toBe(100);
    expect((await p.get(train.sample(7, { seed: 2 }))).count).toBe(7);
    expect((await p.get(train.shuffle({ seed: 2 }).only(first))).count).toBe(50);
  });

  it("predict, evaluate and train", async () => {
    const p = await open();
    const test = p.data("digits.test");
    const own = p.train({
      network: mtt`Pooled`,
      data: p.data("digits.train"),
      loss: mtt`softmax_cross_entropy`,
      optimizer: mtt`sgd(0.1)`,
      batch: 20,
      epochs: 1,
      precision: "f64",
    });
    const { accuracy, count } = await p.get(own.evaluate(test, [mtt`accuracy`]));
    const logits = await p.get(own.predict(test));
    const { fields } = await p.get(test);
    expect(logits.axes).toEqual(["example", "class"]);
    const right = [...fields.label!.data].filter((label, i) => logits.take("example", i).ranked()[0] === label).length;
    expect(right / Number(count)).toBeCloseTo(Number(accuracy), 12);
    const { parameters } = await p.get(own);
    expect(parameters["layer0/W"]).toMatchObject({ dtype: "f64", shape: [49, 10] });
    const self = await p.get(p.model("model").selfInfluence({ method: { kind: "grad_dot" } }));
    expect(self.scores.axes).toEqual(["train"]);
    expect(self.scores.data.every((score) => score >= 0)).toBe(true);
  });

  it("ask for groups, for pixels, and for how far scores are to be believed", async () => {
    const p = await open();
    const test = p.data("digits.test").take(2);
    const by = { method: { kind: "cg", damping: 0.1, tolerance: 1e-4 } } as const;
    const blame = p.model("model").influence({ test, ...by });
    const { scores } = await p.get(blame);
    const set = blame.mostHelpful(30);
    const { index } = await p.get(set);
    const at = new Map([...scores.index.train!].map((example, position) => [example, position]));
    const sum = (tests: readonly number[]) =>
      tests
        .flatMap((k) => [...index].map((example) => scores.at({ test: k, train: at.get(example)! })))
        .reduce((a, b) => a + b);
    expect(await p.get(blame.group(set))).toBeCloseTo(sum([0, 1]), 6);
    expect(await p.get(blame.ofTest(1).group(set))).toBeCloseTo(sum([1]), 6);
    const pixels = await p.get(p.model("model").inputInfluence({ test, ...by }));
    expect(pixels.scores.axes).toEqual(["test", "train", "height", "width", "channel"]);
    expect(pixels.scores.shape).toEqual([2, 200, 28, 28, 1]);
    const agreement = await p.get(blame.validate(mtt`leave_one_out(count: 3)`));
    expect(Number(agreement.pearson)).toBeGreaterThan(-1.0001);
    expect(Number(agreement.pearson)).toBeLessThan(1.0001);
  });

  it("say what is wrong as errors of their own", async () => {
    const p = await open();
    const model = p.model("model");
    const test = p.data("digits.test");
    const failed = async (asked: Promise<unknown>): Promise<unknown> =>
      asked.then(
        () => "done",
        (error: unknown) => error,
      );
    const unknown = await failed(p.get(test.where(mtt`lable == 3`)));
    expect(unknown).toBeInstanceOf(ProgramError);
    expect(unknown).toMatchObject({ diagnostics: [{ code: "MTT2001", span: { file: "script" } }] });
    expect(String(unknown)).toContain("did you mean `label`?");
    expect(String(unknown)).toContain("script:1:");
    expect(await failed(p.get(p.model("modle")))).toMatchObject({
      message: expect.stringContaining("did you mean `model`?"),
    });
    expect(await failed(p.get(p.data("model")))).toMatchObject({
      _tag: "UsageError",
      message: "this is no data set: let data_1 = model",
    });
    expect(await failed(p.get(p.evaluation("model")))).toBeInstanceOf(UsageError);
    const blame = model.influence({ test: test.take(2), method: { kind: "grad_dot" } });
    const gone = await failed(p.get(blame.ofTest(2)));
    expect(gone).toBeInstanceOf(RunError);
    expect(String(gone)).toContain("MTT5653");
    expect(String(await failed(p.get(model.predict(test, "mean"))))).toContain("its results are result");
    const diverges = model.influence({
      test: test.take(1),
      method: { kind: "lissa", scale: 1e-6, depth: 50, repeats: 1 },
    });
    expect(await failed(p.get(diverges))).toMatchObject({ _tag: "RunError", diagnostics: [{ code: "MTT5605" }] });
    const wrong = await load(`${folder}/wrong.mtt`);
    expect(await failed(wrong.get(wrong.data("digits.test")))).toMatchObject({
      _tag: "ProgramError",
      diagnostics: [{ code: "MTT2001", span: { file: `${folder}/wrong.mtt` } }],
    });
    expect(() => mtt`take(${Number.NaN})`).toThrow("NaN is no number of the language");
  });

  it("train a network that the script builds, which is the program's own where it is the same", async () => {
    const p = await open();
    const pooled = network("Own", { image: [28, 28, 1] }, (net, { image }) =>
      net.layer("dense", net.layer("flatten", net.layer("avg_pool", image, { size: 4 })), { units: 10 }),
    );
    const events: string[] = [];
    const onEvent = ({ event }: { readonly event: string }) => events.push(event);
    await p.get(p.model("model"));
    const { parameters } = await p.get(p.model("model").with({ network: pooled }), { onEvent });
    expect(parameters["layer0/W"]!.shape).toEqual([49, 10]);
    expect(events).not.toContain("step.started");
    const broken = network("Broken", { image: [28, 28, 1] }, (net, { image }) =>
      net.layer("dense", image, { units: 10 }),
    );
    await expect(p.get(p.model("model").with({ network: broken }))).rejects.toMatchObject({
      _tag: "ProgramError",
      message: "network Broken: `dense` got [28, 28, 1] for `x`, which takes [n]",
    });
    const other = network("Other", { picture: [28, 28, 1] }, (net, { picture }) => net.layer("flatten", picture));
    await expect(p.get(p.model("model").with({ network: other }))).rejects.toThrow("picture");
  });

  it("put texts in as texts", async () => {
    const p = await open();
    const path = 'a" |> b.npz';
    const start = p.model("model").with({ start: mtt`weights(${path})`, epochs: 0 });
    await expect(p.get(start)).rejects.toThrow(`weights("${path}")`);
  });

  it("are effects with typed errors at the other door", async () => {
    const tag = await Effect.runPromise(
      Effect.gen(function* () {
        const p = yield* door.load(file, { store: `${folder}/store` });
        const events: string[] = [];
        yield* p.get(p.model("model"), { onEvent: ({ event }) => events.push(event) });
        expect(events).toContain("step.cached");
        return yield* Effect.as(p.get(p.model("model").with({ epochs: -1 })), "done");
      }).pipe(
        Effect.catchTag("ProgramError", ({ diagnostics }) =>
          Effect.succeed(diagnostics.map(({ code }) => code).join()),
        ),
        Effect.provide(nodeServices),
      ),
    );
    expect(tag).toBe("MTT4107");
  });
});
