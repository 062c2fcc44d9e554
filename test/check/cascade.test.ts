import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { checkText, root, said } from "./suite.ts";

const text = readFileSync(join(root, "test/suite/valid/mnist.mtt"), "utf8");

/** Places of the names that are used in the program: not in comments or strings, not where they are declared. */
function usedNames(program: string): readonly { readonly at: number; readonly name: string }[] {
  const blank = (match: string) => " ".repeat(match.length);
  const bare = program.replace(/\/\/.*/g, blank).replace(/"[^"\n]*"/g, blank);
  const words = /\b[A-Za-z_]\w*\b/g;
  const keywords =
    /^(let|block|network|param|train|evaluate|influence|validate|sweep|report|assert|weight|state|import|from|with|and|or|not|as|f32)$/;
  const declares = /\b(let|block|network|param|train|evaluate|influence|validate|report|sweep)\s+$/;
  return [...bare.matchAll(words)].flatMap((match) =>
    keywords.test(match[0]) || declares.test(bare.slice(Math.max(0, match.index - 20), match.index))
      ? []
      : [{ at: match.index, name: match[0] }],
  );
}

const compiled = (program: string) => compile("main.mtt", new Map([["main.mtt", program]]));

describe("one mistake is one diagnostic", () => {
  it.each(["learn classifier", "classifier", "forest classifier"])(
    "of a declaration that begins with `%s`",
    (begins) => {
      const wrong = text.replace(/^train classifier/m, begins);
      const { diagnostics } = compile("main.mtt", new Map([["main.mtt", `${wrong}\nlet z = nothing + 1\n`]]));
      const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code);
      expect(errors).toEqual(["MTT1012", "MTT2001"]);
    },
  );

  it.each(["", "1", "[accuracy]", "wrong", '"loss"'])("among metrics: %s in the place of one", (item) => {
    const measured = text.replace(/metrics: \[accuracy/, `metrics: [${item}`);
    expect(measured).not.toBe(text);
    const errors = checkText(`${measured}\nassert accuracy_on_test.accuracy > 0.5`).diagnostics.filter(
      ({ severity }) => severity === "error",
    );
    expect(errors.map(said)).toHaveLength(1);
  });

  it.each(["train", "evaluate", "network", "block", "let"])("of a declaration without its name: %s", (word) => {
    const declared = `${text}\nlet scale = 2\nlet twice = scale + scale\nblock half(x: f32[n]) -> f32[n] = x\nlet halved = half\n`;
    const wrong = declared.replace(new RegExp(`^${word} \\w+`, "m"), word);
    expect(wrong).not.toBe(declared);
    const errors = compiled(wrong).diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.map(said)).toHaveLength(1);
    expect(errors[0]!.help).toMatch(/is used and nothing is called so: name it `\w+`/);
    const [edit] = errors[0]!.fixes[0]!.edits;
    const mended = `${wrong.slice(0, edit!.span.start)}${edit!.text}${wrong.slice(edit!.span.end)}`;
    expect(compiled(mended).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("of a name that is lost, but not of another one that is wrong besides", () => {
    const wrong = `${text.replace(/^train \w+/m, "train")}\nlet z = nothing + 1\n`;
    const codes = compiled(wrong).diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : []));
    expect(new Set(codes)).toEqual(new Set(["MTT1001", "MTT2001"]));
  });

  it("of items that lost the bracket before them", () => {
    const items = "curves(classifier), confusion(accuracy_on_test), curves(classifier)";
    const of = (show: string) =>
      compiled(`${text}\nreport page { show: ${show} }\nreport other { shw: [] }\n`).diagnostics.flatMap(
        ({ severity, code }) => (severity === "error" ? [code] : []),
      );
    expect(of(`[${items}]`)).toEqual(["MTT4101"]);
    // At the end of a line the place has no width.
    expect(compiled(`${text}\nreport page { title\n show: [] }`).diagnostics.map(({ code }) => code)).toContain(
      "MTT1001",
    );
    // The list, its second item, and what has nothing to do with it.
    expect(of(`${items}]`)).toEqual(["MTT3001", "MTT1001", "MTT4101"]);
  });

  const uses = usedNames(text).filter(({ at }) => !text.slice(0, at).endsWith("network Digits("));

  it("the example program uses many names", () => expect(uses.length).toBeGreaterThan(60));

  for (const { at, name } of uses) {
    const line = text.slice(0, at).split("\n").length;
    it(`${name} misspelt in line ${line}`, () => {
      const wrong = `${text.slice(0, at)}zq${text.slice(at)}`;
      const errors = checkText(wrong).diagnostics.filter(({ severity }) => severity === "error");
      expect(errors.map(said)).toHaveLength(1);
      expect(errors[0]!.span.start).toBeGreaterThanOrEqual(at - 4);
    });
  }
});
