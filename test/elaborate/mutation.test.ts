import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileText } from "./program.ts";

const pipelines = new URL("../../pipelines/", import.meta.url);
const texts = readdirSync(pipelines)
  .filter((file) => /^\w+\.mtt$/.test(file))
  .map((file) => readFileSync(new URL(file, pipelines), "utf8"));
const small = `
param n: int = 3
let data = csv("d.csv", fields: { x: f32[3], y: f32[], label: class[2] })
block layer(x: f32[k], f: block, size: size = 2x3) -> f32[k] { weight g: f32[k, size.x] ~ glorot
  state s: f32[k] ~ constant(0) <- batch_mean(x) * 0.5
  let h = x |> f |> repeat(2, dense(k))
  (h @ g)[0] * x + s }
network N(x: f32[n]) -> { logit: f32[], all: f32[n] } { let h = x |> layer(dense(n)) |> sequence([relu, dense(n)])
  { logit: reduce_sum(h), all: select(training, h, -h) } }
block both(logit: f32[], all: f32[n], label: class[2]) -> f32[] = binary_cross_entropy(logit, label) + reduce_sum(all) / n
train m { network: N, data: data |> shuffle(seed: 1), loss: both, optimizer: momentum(warmup(10, then: step(0.1, every: 5, factor: 0.5))), steps: 10, regularize: l2(0.1), clip: value(1.0) }
train k = m with { start: m, data: data |> where(loss(m) < 1.0 and y > 0) |> map(x: x * 2) }
evaluate e { model: k, data: data |> without(data |> take(n)), metrics: [loss, both] }
assert e.loss * 2 < 1 + m.loss or not (data.count == 3), "close"
report r { show: [summary(m), table(e.loss), curves([m, k])], title: "all" }
`;
const words = [
  ..."( ) [ ] { } |> , : = + - * / @ < == 0 1 -1 0.5 1e-3 3x3 none same true training x n m e data".split(" "),
  ..."dense(2) relu digits classifier image label index take(2) loss accuracy network block weight self f32[] class[2]".split(
    " ",
  ),
];

/** Words, numbers, signs and the white space between. */
const tokens = (text: string): readonly string[] =>
  text.match(/\w+(?:\.\w+)?|"[^"\n]*"|\|>|<-|->|[<>=!]=|\s+|\/\/.*|./gu) ?? [];

describe("compile", () => {
  it("never throws, whatever becomes of a program", () => {
    const edit = fc.record({
      at: fc.nat({ max: 9999 }),
      how: fc.constantFrom("delete", "double", "replace", "swap"),
      word: fc.constantFrom(...words),
      other: fc.nat({ max: 9999 }),
    });
    let planned = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(small, small, ...texts),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => {
          const list = [...tokens(text)];
          for (const { at, how, word, other } of edits) {
            const i = at % list.length;
            if (how === "delete") list.splice(i, 1);
            else if (how === "double") list.splice(i, 0, list[i]!);
            else if (how === "replace") list[i] = word;
            else list[i] = list[other % list.length]!;
          }
          const compiled = compileText(list.join(""));
          if (compiled.plan !== undefined) planned++;
          // A program without a plan says why.
          expect(compiled.plan !== undefined || compiled.diagnostics.some(({ severity }) => severity === "error")).toBe(
            true,
          );
        },
      ),
      { numRuns: 250 },
    );
    expect(planned).toBeGreaterThan(0);
  });

  it("plans the program that the mutations begin with", () => {
    expect(compileText(small).diagnostics).toEqual([]);
  });

  it("takes a long pipe and a deep expression", () => {
    const long = `network N(x: f32[4]) -> f32[4] = x ${"|> relu ".repeat(1000)}`;
    expect(compileText(long).networks[0]?.inference.nodes.length).toBeGreaterThan(0);
    const deep = `network N(x: f32[4]) -> f32[4] = ${"(".repeat(90)}x${")".repeat(90)}`;
    expect(compileText(deep).diagnostics).toEqual([]);
  });
});
