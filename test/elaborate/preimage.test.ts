import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainDifference } from "../../src/plan/explain.ts";
import { canonicalJson, type Json } from "../../src/plan/json.ts";
import { preimage } from "../../src/plan/preimage.ts";
import { planOf, stepOf } from "./program.ts";

const program = `
param epochs: int = 3
let digits = mnist(fallback: glyphs(n: 600, seed: 1))
let few = digits.train |> where(label != 3) |> take(100)
let slope = 0.2

block scaled(x: f32[n], by: float = 1.0) -> f32[n] {
  weight gain: f32[n] ~ constant(1)
  state seen: f32[n] ~ constant(0) <- 0.5 * seen + 0.5 * batch_mean(x)
  let shifted = x - seen
  by * gain * shifted
}

network Small(image: f32[28, 28, 1]) -> f32[10] {
  let hidden = image |> flatten |> dense(5) |> lrelu(slope) |> dropout(keep: 0.5)
  hidden |> scaled(by: 2.0) |> dense(10)
}

train model {
  network: Small
  data: few
  loss: softmax_cross_entropy
  optimizer: adam(rate: 1e-3)
  regularize: l2(0.01, only: "W")
  epochs: epochs
}

evaluate test { model: model, data: digits.test |> where(predicted(model) == label), metrics: [accuracy, top(3)] }
assert test.accuracy >= 0.5 and digits.test.count > 10, "half of them"
`;

const preimages = (text: string): readonly string[] =>
  planOf(text).steps.map(({ body }) => canonicalJson(preimage(body)));
const base = preimages(program);

const names = [
  "epochs",
  "digits",
  "few",
  "slope",
  "scaled",
  "by",
  "gain",
  "seen",
  "shifted",
  "Small",
  "hidden",
  "model",
  "test",
] as const;

/** Whole words outside of strings, but not the names of fields and arguments that the language or the data set gives. */
const renamed = (text: string, from: string, to: string): string =>
  text.replace(new RegExp(`(?<![."\\w])${from}(?!\\w)`, "g"), (word, at: number) => {
    const field = /^\s*:/.test(text.slice(at + from.length));
    const declared = /param\s+$|weight\s+$|state\s+$|, $/.test(text.slice(0, at));
    return field && !declared && !(from === "by" && text[at - 1] === "(") ? word : to;
  });

describe("preimages of steps", () => {
  it("do not change when anything of the program is renamed", () => {
    fc.assert(
      fc.property(fc.subarray([...names], { minLength: 1 }), fc.stringMatching(/^[a-z]{1,6}$/), (chosen, suffix) => {
        const text = chosen.reduce((before, name) => renamed(before, name, `${name}_${suffix}`), program);
        expect(text).not.toBe(program);
        expect(preimages(text)).toEqual(base);
      }),
      { numRuns: 60 },
    );
  });

  it("do not change with comments, blank lines and formatting", () => {
    const spaces = fc.array(fc.constantFrom(" ", "   ", " /* why */ ", "\n", "\n// why\n", "\r\n"), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(spaces, (choices) => {
        let next = 0;
        const choice = () => choices[next++ % choices.length]!;
        // A newline may stand for a newline only: it separates fields.
        const text = program.replace(/\n| /g, (was) => {
          const now = choice();
          if (was === "\n") return now.includes("\n") ? `${now}` : `${now}\n`;
          return now.includes("\n") ? " " : now;
        });
        expect(preimages(text)).toEqual(base);
      }),
      { numRuns: 60 },
    );
  });

  it("change with what decides the result", () => {
    const edits: readonly (readonly [string, string, string])[] = [
      ["take(100)", "take(101)", "few"],
      ["label != 3", "label != 4", "few/where"],
      ["let slope = 0.2", "let slope = 0.3", "model"],
      ["dense(5)", "dense(6)", "model"],
      ["keep: 0.5", "keep: 0.6", "model"],
      ["0.5 * seen", "0.6 * seen", "model"],
      ['only: "W"', 'only: "b"', "model"],
      ["rate: 1e-3", "rate: 1e-2", "model"],
      ["by: 2.0", "by: 3.0", "test"],
      ["top(3)", "top(4)", "test"],
      ["0.5 and digits", "0.6 and digits", "assert#1"],
    ];
    for (const [from, to, id] of edits) {
      const before = planOf(program);
      const after = planOf(program.replace(from, to));
      const [old, now] = [before, after].map((plan): Json => {
        const step = plan.steps.find((candidate) => candidate.id === id);
        return preimage(step!.body);
      });
      expect(explainDifference(old!, now!), `${from} -> ${to}`).not.toEqual([]);
    }
  });

  it("leave a training's length out, so that a longer one goes on from a shorter one", () => {
    const lines = (settings: Readonly<Record<string, string>>) =>
      preimage(stepOf(planOf(program, settings), "model", "train").body);
    expect(stepOf(planOf(program, { epochs: "12" }), "model", "train").body.training.length).toEqual({ epochs: 12 });
    expect(lines({ epochs: "12" })).toEqual(lines({}));
  });

  it("say in a line what changed", () => {
    const train = (text: string) => preimage(stepOf(planOf(text), "model", "train").body);
    expect(explainDifference(train(program), train(program.replace("rate: 1e-3", "rate: 1e-2")))).toEqual([
      "of.optimizer.rate.rate: 0.001 -> 0.01",
    ]);
  });

  it("hold no path and no text of the program", () => {
    const text = 'let t = csv("somewhere/ages.csv", fields: { age: f32[] })\nassert t.count > 3, "enough people"';
    expect(preimages(text).join("\n")).not.toMatch(/somewhere|enough|people/);
  });
});

describe("the standard library", () => {
  it("is bundled as it stands: npm run generate", async () => {
    const { bundle, bundleFile } = await import("../../tools/bundle-stdlib.ts");
    expect(readFileSync(bundleFile, "utf8")).toBe(bundle());
  });
});
