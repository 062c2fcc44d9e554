import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { canonicalJson } from "../../src/plan/json.ts";
import { preimage } from "../../src/plan/preimage.ts";
import { said, stepOf } from "./program.ts";

const blocks = `
block mlp(x: f32[n], units: int, activation: block = relu, depth: int = 2) -> f32[units] =
  x |> repeat(depth, sequence([dense(units), activation])) |> dense(units)
block twice(x: f32[...s], f: block) -> f32[...s] = x |> f |> f
block around(x: f32[...s], f: block) -> f32[...s] = x + (x |> f)
block any_rank(x: f32[...s, k], y: f32[k]) -> f32[...s, k] = x * y
block halves(x: f32[2 * n]) -> { left: f32[n], right: f32[n] } =
  { left: slice(x, [0], [n]), right: slice(x, [n], [2 * n]) }
block pair_loss(code: f32[n], logits: f32[k], label: class[k]) -> f32[] =
  softmax_cross_entropy(logits, label) + 0.01 * reduce_mean(code * code)
`;

/** What decides the key of a training of a network with this body. */
const key = (body: string, { result = "f32[10]", loss = "softmax_cross_entropy", more = "" } = {}): string => {
  const compiled = compile(
    "main.mtt",
    new Map([
      [
        "main.mtt",
        `import { mlp as perceptron, twice, around, any_rank, halves, pair_loss, encoder as shared } from "./parts"
${more}
network N(image: f32[4, 5, 1]) -> ${result} ${body}
train m { network: N, data: glyphs(n: 40, image: f32[4, 5, 1]).train, loss: ${loss}, optimizer: sgd(0.1), epochs: 1 }
`,
      ],
      ["parts.mtt", `let encoder = dense(6)\n${blocks}`],
    ]),
  );
  const { plan } = compiled;
  if (plan === undefined) throw new Error(said(compiled).join("\n"));
  return canonicalJson(preimage(stepOf(plan, "m", "train").body));
};

describe("a program that uses blocks of blocks is the one that is written out", () => {
  const flat = "image |> flatten";
  it.each([
    [
      "a block parameter's default, and repeat",
      `= ${flat} |> perceptron(10)`,
      `= ${flat} |> dense(10) |> relu |> dense(10) |> relu |> dense(10)`,
    ],
    [
      "an activation by name",
      `= ${flat} |> perceptron(10, tanh, depth: 1)`,
      `= ${flat} |> dense(10) |> tanh |> dense(10)`,
    ],
    [
      "an activation with arguments",
      `= ${flat} |> perceptron(10, depth: 1, activation: lrelu(0.3))`,
      `= ${flat} |> dense(10) |> lrelu(0.3) |> dense(10)`,
    ],
    [
      "a block over any axes, around another",
      `= ${flat} |> dense(10) |> around(tanh)`,
      `{\n  let h = ${flat} |> dense(10)\n  h + (h |> tanh)\n}`,
    ],
    [
      "sequence of sequences",
      `= ${flat} |> sequence([sequence([dense(6), relu]), dense(10)])`,
      `= ${flat} |> dense(6) |> relu |> dense(10)`,
    ],
    [
      "repeat makes new instances",
      `= ${flat} |> dense(10) |> repeat(2, dense(10))`,
      `= ${flat} |> dense(10) |> dense(10) |> dense(10)`,
    ],
    [
      "several results of a block",
      `{\n  let h = ${flat} |> dense(20) |> halves\n  any_rank(h.left, h.right)\n}`,
      `{\n  let h = ${flat} |> dense(20)\n  slice(h, [0], [10]) * slice(h, [10], [20])\n}`,
    ],
  ])("%s", (_, generic, inlined) => {
    expect(key(generic)).toBe(key(inlined));
    expect(key(generic)).not.toBe(key(`= ${flat} |> dense(10)`));
  });

  it("a let of a layer is one instance wherever it is used: siamese, imported or local; a call is another", () => {
    const siamese = (layer: string, other = layer) =>
      `{\n  let own = dense(6)\n  concat(image |> flatten |> ${layer}, reverse(image, [0]) |> flatten |> ${other}) |> dense(10)\n}`;
    expect(key(siamese("shared"))).toBe(key(siamese("own")));
    expect(key(siamese("dense(6)"))).not.toBe(key(siamese("own")));
    expect(key(siamese("shared", "own"))).toBe(key(siamese("dense(6)")));
    const applied = `{\n  let own = dense(10)\n  image |> flatten |> dense(10) |> twice(own)\n}`;
    expect(key(applied)).not.toBe(key(`= ${flat} |> dense(10) |> dense(10) |> dense(10)`));
  });

  it("several results of a network feed a loss of one's own by name, in any order", () => {
    const result = "{ logits: f32[10], code: f32[6] }";
    const body = `{\n  let h = ${flat} |> dense(6)\n  { logits: h |> dense(10), code: h }\n}`;
    const swapped = `block swapped(logits: f32[k], code: f32[n], label: class[k]) -> f32[] = pair_loss(code, logits, label)`;
    expect(key(body, { result, loss: "swapped", more: swapped })).toBe(key(body, { result, loss: "pair_loss" }));
    const double = swapped.replace("pair_loss(code", "2 * pair_loss(code");
    expect(key(body, { result, loss: "swapped", more: double })).not.toBe(key(body, { result, loss: "pair_loss" }));
  });
});
