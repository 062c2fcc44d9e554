import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { render } from "../../src/diagnostic/render.ts";
import { parse } from "../../src/syntax/parse.ts";

/** golden/NAME.mtt beside golden/NAME.txt: what is said of it, for people. UPDATE_GOLDENS=1 writes the latter. */
const folder = resolve(import.meta.dirname, "golden");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".mtt"))
  .sort();
const update = process.env.UPDATE_GOLDENS === "1";

describe("what is said of syntax errors", () => {
  it("is not rewritten by a build server", () => expect(update && process.env.CI !== undefined).toBe(false));

  it.each(names)("%s", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { diagnostics } = parse(name, text);
    const said = render(diagnostics, new Map([[name, text]]), "human");
    const golden = join(folder, name.replace(/mtt$/, "txt"));
    if (update && process.env.CI === undefined) writeFileSync(golden, said);
    expect(existsSync(golden)).toBe(true);
    expect(said).toBe(readFileSync(golden, "utf8"));
  });

  it.each(names.filter((name) => name.startsWith("error")))(
    "%s: each error is said once, and the last declaration is read",
    (name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const { file, diagnostics } = parse(name, text);
      // The lines that hold an error say so, so that nothing is missed and nothing follows from anything else.
      const expected = text.split("\n").flatMap((line, i) => {
        const codes = /\/\/! (.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? [];
        return codes.map((code) => `${i + 1} ${code}`);
      });
      const found = diagnostics.map(({ span, code }) => `${text.slice(0, span.start).split("\n").length} ${code}`);
      expect(found).toEqual(expected);
      expect(file.declarations.at(-1)).toMatchObject({ kind: "let", name: { text: "the_end" }, value: { value: 1 } });
    },
  );

  it.each(names)("%s: each repair that is offered leaves fewer errors", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { diagnostics } = parse(name, text);
    for (const { code, message, fixes } of diagnostics) {
      for (const { edits } of fixes) {
        const repaired = edits
          .toSorted((a, b) => b.span.start - a.span.start)
          .reduce((before, edit) => before.slice(0, edit.span.start) + edit.text + before.slice(edit.span.end), text);
        expect([code, message, parse(name, repaired).diagnostics.length]).toEqual([
          code,
          message,
          diagnostics.length - 1,
        ]);
      }
    }
  });
});
