import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format } from "../../src/format/format.ts";
import { parse } from "../../src/syntax/parse.ts";
import { programs } from "../syntax/programs.ts";
import { withoutPlaces } from "../syntax/tree.ts";

const formatted = (text: string): string => {
  const result = format(text, "a.mtt");
  if (typeof result !== "string") throw new Error(result.map(({ message }) => message).join("\n"));
  return result;
};

const comments = (text: string): string[] =>
  parse("a.mtt", text)
    .file.comments.map((comment) => comment.text.trim())
    .sort();

/** What holds of every program: the tree and the comments stay, and a second pass changes nothing. */
const check = (text: string) => {
  const once = formatted(text);
  expect(withoutPlaces(parse("a.mtt", once).file)).toEqual(withoutPlaces(parse("a.mtt", text).file));
  expect(comments(once)).toEqual(comments(text));
  expect(formatted(once)).toBe(once);
  expect(once).not.toMatch(/[ \t]\n|\n\n\n|\r/);
};

const assertFormat = (text: string) => expect(formatted(text)).toBe(text);
const rewrites = (text: string, to: string) => {
  expect(formatted(text)).toBe(to);
  assertFormat(to);
};

describe("any program", () => {
  it("keeps its tree and its comments, and is formatted once for all", () => {
    fc.assert(fc.property(programs, check), { numRuns: 800 });
  });
});

const root = resolve(import.meta.dirname, "../..");
const shipped = ["stdlib", "pipelines"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => /^\w.*\.mtt$/.test(file))
    .map((file) => join(folder, file)),
);

describe("what breaks inside its brackets", () => {
  it("is indented by them alone, in fields and in arguments", () => {
    const names = Array.from({ length: 9 }, (_, i) => `a_long_name_of_a_picture_${i}`);
    const items = (indent: string) => names.map((name) => `${indent}${name},\n`).join("");
    rewrites(
      `report results { show: [${names.join(", ")}], title: f(of: [${names.join(", ")}], by: 1) }\n`,
      `report results {\n  show: [\n${items("    ")}  ]\n  title: f(\n    of: [\n${items("      ")}    ],\n    by: 1,\n  )\n}\n`,
    );
  });
});

describe("a comment behind the brace that opens a record", () => {
  it("stays there: it speaks of the step, and not of its first field", () => {
    rewrites("train x { // why\n a: 1 }\n", "train x { // why\n  a: 1\n}\n");
    rewrites(
      "train x { // one\n // two\n a: { // three\n b: 1 } }\n",
      "train x { // one\n  // two\n  a: { // three\n    b: 1\n  }\n}\n".replace("{ // one\n", "{ // one\n"),
    );
    rewrites("train x {/* why */ // and\n a: 1 }\n", "train x {\n  /* why */\n  // and\n  a: 1\n}\n");
  });
});

describe("the programs shipped", () => {
  it.each(shipped)("are formatted, and keep their tree: %s", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    check(text);
    assertFormat(text);
  });
});

describe("the style", () => {
  it("knows words by their place, on whichever line they stand", () => {
    rewrites("train b =\n  a\nwith\n{ epochs: 1 }\n", "train b = a with { epochs: 1 }\n");
    rewrites('import { a\n as b }\nfrom "c"\n', 'import { a as b } from "c"\n');
    rewrites('let d = npy(fields: { x: "x.npy"\n as f32[2] })\n', 'let d = npy(fields: { x: "x.npy" as f32[2] })\n');
  });

  it("keeps the dot of a field apart from a number", () => {
    rewrites("let a = 10  .b + 1.5\n.c + 3x3 .y\n", "let a = 10 .b + 1.5 .c + 3x3 .y\n");
  });

  it("leaves what is formatted", () => {
    assertFormat(`/// About the file.

import { residual, stage as part } from "std/layers"
param epochs: int = 10

network Digits(image: f32[28, 28, 1]) -> f32[10] =
  image
  |> conv(8, kernel: 3x3, stride: 2x2) |> lrelu(0.2)  // f32[14, 14, 8]
  |> conv(16, kernel: 3x3, stride: 2x2) |> lrelu(0.2) // f32[7, 7, 16]
  |> flatten

/// A convolution.
block conv(
  x: f32[h, w, c],
  channels: int,
  /// height by width
  kernel: size = 3x3,
  stride: size = 1x1,
  init: init = truncated_normal(0.1),
) -> f32[window(h, kernel.y, stride.y, pad), window(w, kernel.x, stride.x, pad), channels] {
  weight W: f32[kernel.y, kernel.x, c, channels] ~ init
  state mean: f32[c] ~ constant(0) <- 0.9 * mean + 0.1 * batch_mean(x)

  conv2d(x, W, stride: stride) - mean
}

train classifier {
  // the network of the post
  network: Digits
  data: digits.train

  optimizer: adam(rate: rate) // Kingma and Ba
}

train cleaned = classifier with { data: digits.train |> without(blame |> most_harmful(100)) }
assert on_test.accuracy >= 0.97, "as in the post"
`);
  });
  it("puts spaces, breaks and commas", () => {
    rewrites(
      "let   x=f( 1,b:[ 1,2, ],)+ - 2*(  3)\n\n\n\nlet y= not a",
      "let x = f(1, b: [1, 2]) + -2 * (3)\n\nlet y = not a\n",
    );
    rewrites("train t{a:1,b:2}", "train t { a: 1, b: 2 }\n");
    rewrites("train t{\na:1,b:2}", "train t {\n  a: 1\n  b: 2\n}\n");
    rewrites(
      "block f(x:f32[ (a+b)*2,c-(d-e) ])->f32[]{x}",
      "block f(x: f32[(a + b) * 2, c - (d - e)]) -> f32[] {\n  x\n}\n",
    );
  });
  it("breaks pipes where they were broken, or at every stage", () => {
    rewrites("let x = a |> f\n|> g |> h", "let x =\n  a |> f\n  |> g |> h\n");
    const stages = Array.from({ length: 9 }, (_, i) => `|> some_stage_${i}`);
    rewrites(
      `let x = input ${stages.join(" ")}`,
      `let x =\n  input\n${stages.map((stage) => `  ${stage}\n`).join("")}`,
    );
  });
  it("never begins a line with what would begin something new", () => {
    const terms = Array.from({ length: 12 }, (_, i) => `some_name_${i}`).join(" - ");
    const broken = formatted(`let x = ${terms}`);
    expect(broken).not.toMatch(/\n\s*-/);
    check(`let x = ${terms}`);
  });
  it("keeps strings and numbers as they are written", () => {
    assertFormat('let x = [1e-3, 0.50, "a\\u{e9}\\n", 3x3]\n');
  });
  it("gives the errors of a program that cannot be read", () => {
    const result = format("let x =", "a.mtt");
    expect(typeof result === "string" ? [] : result.map(({ code }) => code)).toEqual(["MTT1001"]);
  });
  it("leaves nothing of an empty file, and the comments of one without declarations", () => {
    expect(formatted(" \n\n")).toBe("");
    rewrites("// a\n\n\n/// b\n", "// a\n\n/// b\n");
  });
});
