import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostic/diagnostic.ts";
import { applySafe } from "../../src/diagnostic/fix.ts";
import { nearest } from "../../src/diagnostic/near-miss.ts";
import { checkText, said } from "../check/suite.ts";

const name = "main.mtt";
const root = resolve(import.meta.dirname, "..");
const wrong = ["suite/wrong", "suite/codes", "syntax/golden"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".mtt"))
    .map((file) => join(folder, file)),
);

const mended = (text: string): string => {
  let now = text;
  for (let look = 0; look < 50; look++) {
    const next = applySafe(checkText(now).diagnostics, new Map([[name, now]])).get(name);
    if (next === undefined) return now;
    now = next;
  }
  throw new Error("there is no end to it");
};

describe("safe fixes", () => {
  it.each(wrong)("mend what they are offered for, and come to an end: %s", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    const { diagnostics } = checkText(text);
    const count = (of: readonly Diagnostic[], one: Diagnostic) => of.filter((d) => said(d) === said(one)).length;
    for (const diagnostic of diagnostics) {
      const changed = applySafe([diagnostic], new Map([[name, text]])).get(name);
      if (changed === undefined) continue;
      expect(count(checkText(changed).diagnostics, diagnostic), said(diagnostic)).toBe(
        count(diagnostics, diagnostic) - 1,
      );
    }
    expect(checkText(mended(text)).diagnostics.flatMap(({ fixes }) => fixes.filter(({ safe }) => safe))).toEqual([]);
  });

  it("mend names, fields, arguments, figures, operators and commas at once", () => {
    const text = `let digits = mnist()
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> flaten |> dense(10, intt: glorot)
trian m {
  netwrok: Net, data: digits.trian
  loss = softmax_cross_entropi
  optimizer: sgd(.1)
  epochs: 1_0; batch: 8
}
evaluate e { model: m, data: digits.test, metrics: [accuracy 'loss'] }
assert e.acuracy > 0.5 && !(e.accuracy > 1)
`;
    expect(mended(text)).toBe(`let digits = mnist()
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10, init: glorot)
train m {
  network: Net, data: digits.train
  loss: softmax_cross_entropy
  optimizer: sgd(0.1)
  epochs: 10, batch: 8
}
evaluate e { model: m, data: digits.test, metrics: [accuracy, loss] }
assert e.accuracy > 0.5 and not (e.accuracy > 1)
`);
  });

  it("mend an int where a size is taken, one value where a list is, per cent, a type's name elsewhere", () => {
    const text = `param n: integer = 3
let digits = mnist()
block f(x: f32[h, w, c]) -> f32[h, w, c] = x |> conv(c, kernel: 5)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> f |> flatten |> dense(10)
train m { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: n }
evaluate e { model: m, data: digits.test, metrics: accuracy }
assert e.accuracy > 97.5%
assert 7 % n == 1
`;
    expect(mended(text)).toBe(
      text
        .replace("integer", "int")
        .replace("kernel: 5", "kernel: 5x5")
        .replace("metrics: accuracy", "metrics: [accuracy]")
        .replace("97.5%", "0.975"),
    );
  });

  it("put the stage in that makes a shape fit: before a stage, or behind an argument", () => {
    const text = `block a(x: f32[h, w, c]) -> f32[4] = x |> relu |> dense(4)
block b(x: f32[h, w, c]) -> f32[4] = dense(x, 4)
block c(x: f32[h, w, c]) -> f32[4] = dense(units: 4, x: relu(x) + x)
block d(x: f32[h, w, c]) -> f32[4] =
  x
  |> relu
  |> dense(4)
`;
    expect(mended(text)).toBe(`block a(x: f32[h, w, c]) -> f32[4] = x |> relu |> flatten |> dense(4)
block b(x: f32[h, w, c]) -> f32[4] = dense(x |> flatten, 4)
block c(x: f32[h, w, c]) -> f32[4] = dense(units: 4, x: (relu(x) + x) |> flatten)
block d(x: f32[h, w, c]) -> f32[4] =
  x
  |> relu
  |> flatten |> dense(4)
`);
    const grey = "block f(x: f32[h, w]) -> f32[h, w, 3] = x |> conv(3)\n";
    const [missing] = checkText(grey).diagnostics;
    expect(missing?.fixes.map(({ title, safe }) => [title, safe])).toEqual([
      ["put `|> reshape([h, w, 1])` before it", false],
    ]);
    expect(mended(grey)).toBe(grey);
  });

  it("write `let` where a value is given a name, take `return` away, and pipe into what is called as a method", () => {
    const text = `width = 4
network N(x: f32[4]) -> f32[width] {
  h = x.dense(width)
  return h.relu()
}
`;
    expect(mended(text)).toBe(`let width = 4
network N(x: f32[4]) -> f32[width] {
  let h = x |> dense(width)
  h |> relu()
}
`);
  });

  it("know what other libraries call it, take quotes and indices away, and square the brackets of a type", () => {
    const text = `let digits = mnist()
network Net(image: f32(28, 28, 1)) -> f32(10) =
  image |> conv(filters: 8, kernel_size: 3, strides: 2) |> leaky_relu |> flatten |> fc(10)
block b(x: f32[n]) -> f32[n] {
  weight W: f32[n] = glorot
  x * W
}
train m { network: Net, data: digits.train |> filter(label != 4), loss: "softmax_cross_entropy", optimizer: adam(lr: 0.1), num_epochs: 1 }
evaluate e { model: m, data: digits.test, metrics: ["accuracy"] }
assert e["accuracy"] > 0.5 and e.acc > 0.5 and accuracy(e) > 0.5
`;
    expect(mended(text)).toBe(`let digits = mnist()
network Net(image: f32[28, 28, 1]) -> f32[10] =
  image |> conv(channels: 8, kernel: 3x3, stride: 2x2) |> lrelu |> flatten |> dense(10)
block b(x: f32[n]) -> f32[n] {
  weight W: f32[n] ~ glorot
  x * W
}
train m { network: Net, data: digits.train |> where(label != 4), loss: softmax_cross_entropy, optimizer: adam(rate: 0.1), epochs: 1 }
evaluate e { model: m, data: digits.test, metrics: [accuracy] }
assert e.accuracy > 0.5 and e.accuracy > 0.5 and e.accuracy > 0.5
`);
    // What was meant is not plain: `=` where a value stands, one of two losses.
    for (const unsure of ["let a = 1 = 2\n", `${text.slice(0, 21)}train m { loss: "cross_entropy" }\n`])
      expect(mended(unsure)).toBe(unsure);
  });

  it("leave what may have been meant otherwise: two candidates, more than one letter, three letters", () => {
    for (const text of [
      "let cart = 1\nlet card = 2\nlet a = carx\n",
      "let width = 1\nlet a = wdhti\n",
      "let abc = 1\nlet a = abd\n",
    ]) {
      expect(checkText(text).diagnostics.map(({ code }) => code)).toContain("MTT2001");
      expect(mended(text)).toBe(text);
    }
    expect(nearest("carx", ["cart", "card"])).toEqual({ word: "cart", sure: false });
    expect(nearest("widht", ["width"])).toEqual({ word: "width", sure: true });
    expect(nearest("carx", ["cart", "cart"])).toEqual({ word: "cart", sure: true });
  });

  it("of two that touch the same place the first is taken, and edits of one file are applied from its end", () => {
    const fix = (start: number, end: number, text: string): Diagnostic => ({
      code: "MTT2001",
      severity: "error",
      span: { file: name, start, end },
      message: "",
      notes: [],
      fixes: [{ title: "", safe: true, edits: [{ span: { file: name, start, end }, text }] }],
    });
    const sources = new Map([[name, "abcdef"]]);
    expect(applySafe([fix(0, 2, "X"), fix(1, 3, "Y"), fix(4, 5, "ZZ")], sources).get(name)).toBe("XcdZZf");
    expect(applySafe([], sources).size).toBe(0);
  });
});
