import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { format } from "../../src/format/format.ts";
import { canonicalJson } from "../../src/plan/json.ts";
import { preimage } from "../../src/plan/preimage.ts";

const root = resolve(import.meta.dirname, "../..");
const pipeline = (name: string): string => readFileSync(join(root, `pipelines/${name}.mtt`), "utf8");
const shipped = ["mnist", "book", "logistic", "certified", "mislabeled"].map(pipeline);

/** What decides every key of a program: each step with what it reads, and what is computed by default. */
const keys = (text: string): string => {
  // What a shipped program imports stands beside it.
  const sources = new Map([
    ["a.mtt", text],
    ["mnist.mtt", pipeline("mnist")],
  ]);
  const { plan, diagnostics } = compile("a.mtt", sources);
  if (plan === undefined) throw new Error(`${diagnostics.map(({ message }) => message).join("\n")}\n${text}`);
  return canonicalJson({
    steps: plan.steps.map(({ id, body, inputs }) => ({ id, inputs: [...inputs], preimage: preimage(body) })),
    targets: [...plan.targets],
  });
};

const number = fc.constantFrom("1", "2", "3", "0.5", "1e-3");
const stage = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((n) => `dense(${n}, init: glorot)`),
  fc.constantFrom("relu", "softplus", "layer_norm", "layer_norm(epsilon: 1e-3)", "own(by: -2.0)", "own"),
  number.map((slope) => `lrelu(${slope})`),
  fc.constantFrom("0.5", "0.9").map((keep) => `dropout(keep: ${keep})`),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }))
    .map(([k, n]) => `repeat(${k}, sequence([dense(${n}), relu]))`),
);
const query = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((n) => `take(${n}0)`),
  fc.constantFrom("shuffle(seed: 3)", "where(label != 4 and not (index < 2))", "map(image: 1 - image)", "skip(2)"),
);
const optimizer = fc.constantFrom(
  "sgd(0.1)",
  "adam(rate: warmup(10, then: cosine(1e-3, steps: 100)))",
  "momentum(-(-0.1), momentum: 0.8)",
);

/** Programs that compile, on lines as people write them. */
const generated = fc
  .record({
    stages: fc.array(stage, { maxLength: 6 }),
    queries: fc.array(query, { maxLength: 4 }),
    optimizer,
    epochs: fc.integer({ min: 1, max: 9 }),
    more: fc.subarray([
      'regularize: l2(0.01, only: "W")',
      "batch: 4 + 2 * (3 - 1)",
      "clip: global_norm(1.0)",
      "precision: f64",
    ]),
  })
  .map(
    ({ stages, queries, optimizer, epochs, more }) => `param epochs: int = ${epochs}
let digits = glyphs(n: 100, image: f32[8, 8, 1])
block own(x: f32[n], by: float = 1.5) -> f32[n] {
  weight gain: f32[n] ~ constant(1)
  state seen: f32[n] ~ constant(0) <- 0.5 * seen + 0.5 * batch_mean(x)
  let shifted = (x - seen) * by
  -gain * shifted / 2
}
network Net(image: f32[8, 8, 1]) -> f32[10] = image |> flatten ${stages.map((one) => `|> ${one} `).join("")}|> dense(10)
train model { network: Net, data: digits.train ${queries.map((one) => `|> ${one} `).join("")}, loss: softmax_cross_entropy, optimizer: ${optimizer}, epochs: epochs${more.map((one) => `, ${one}`).join("")} }
train again = model with { seed: 2, start: model }
evaluate tested { model: again, data: digits.test, metrics: [accuracy, top(3)] }
assert tested.accuracy >= 0.1 + 0.2 and not (tested.top3 < 0.5), "it learns"
`,
  );

/** The program with other white space, and with comments in it, where white space stands; what a line begins with stays there. */
const laidOut = (text: string, tape: readonly number[]): string => {
  let at = 0;
  return text.replace(
    /("[^"\n]*"|\/\/[^\n]*)|(\s+)(?=(.?))/gu,
    (whole, kept: string | undefined, gap: string, next: string) => {
      if (kept !== undefined) return whole;
      const pick = (tape[at++ % Math.max(1, tape.length)] ?? 0) % 7;
      // A `let` left of a body's other statements is taken for one of the file, so what begins a line stays where it began.
      const own = gap.slice(gap.lastIndexOf("\n"));
      if (gap.includes("\n")) return [own, `\n\n${own}`, ` // why${own}`, `\n\n// of what follows${own}`][pick % 4]!;
      if (/[([\-/<]/.test(next)) return pick < 3 ? "   " : gap;
      return [" ", "\n", "   ", " /* inner */ ", "\n\n      ", " // behind\n", gap][pick]!;
    },
  );
};

describe("formatting", () => {
  it("changes no key, whatever the layout was", () => {
    const property = (text: string, tape: readonly number[]) => {
      const changed = laidOut(text, tape);
      const formatted = format(changed, "a.mtt");
      if (typeof formatted !== "string") throw new Error(`${formatted.map(({ message }) => message)}\n${changed}`);
      expect(keys(formatted)).toBe(keys(text));
    };
    const tape = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: generated }, { weight: 1, arbitrary: fc.constantFrom(...shipped) }),
        tape,
        property,
      ),
      { numRuns: 60 },
    );
  });

  it("is compared by keys that tell programs apart", () => {
    const [text] = fc.sample(generated, { numRuns: 1, seed: 1 });
    expect(keys(text!.replace("dense(10)", "linear(10)"))).not.toBe(keys(text!));
    expect(keys(text!.replace("0.1 + 0.2", "0.1 - 0.2"))).not.toBe(keys(text!));
  });
});
