import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { kinds } from "../../src/check/kinds/index.ts";
import { opaqueKinds } from "../../src/check/want.ts";
import { precedence } from "../../src/syntax/operators.ts";
import { declarationWords, dtypes, statementWords } from "../../src/syntax/words.ts";
import { languageReference, stepsPage } from "../../tools/reference/language.ts";
import { removeFolders } from "../cli/mtt.ts";
import { docs, pagesIn, readPage } from "./pages.ts";

afterAll(removeFolders);

const pages = pagesIn("language");
const textOf = (page: string): string => readFileSync(join(docs, page), "utf8");
/** Words that a page shows as code, outside of programs. */
const codeIn = (text: string): ReadonlySet<string> =>
  new Set([...text.replaceAll(/^```(?:.|\n)*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!));

describe("the language reference", () => {
  it.each(pages)("%s: its programs are as it says", readPage);

  it("has every field of every kind of step (npm run generate)", () => {
    const page = textOf(stepsPage);
    expect(page).toBe(languageReference(docs));
    for (const [kind, { fields }] of Object.entries(kinds)) {
      const own = page.split(`\n## ${kind}\n`)[1]?.split("\n## ")[0] ?? "";
      expect(own, `a section of ${kind}`).not.toBe("");
      // A sweep's are those of train.
      if (kind === "sweep") continue;
      const listed = [...own.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
      expect(listed.slice(0, fields.length)).toEqual(fields.map(({ name }) => name));
    }
  });

  it("explains every word, type and operator", () => {
    const words = codeIn(textOf("language/lexical.md"));
    const known = [...declarationWords.keys(), ...statementWords.keys(), ...dtypes, "class", "as", "from", "with"];
    expect([...known, "true", "false", "and", "or", "not", "training"].filter((word) => !words.has(word))).toEqual([]);
    const types = codeIn(textOf("language/types.md"));
    const plain = ["int", "float", "bool", "string", "size", "padding", "block", "dataset", "class[n]"];
    expect([...plain, ...opaqueKinds].filter((type) => !types.has(type))).toEqual([]);
    const signs = codeIn(textOf("language/expressions.md"));
    expect(Object.keys(precedence).filter((sign) => !signs.has(sign))).toEqual([]);
  });

  it("has a section for every declaration", () => {
    const sections = ["declarations", "steps", "modules"].flatMap((page) => {
      const text = textOf(`language/${page}.md`);
      return [...text.matchAll(/^## (\w+)$/gm)].map(([, word]) => word);
    });
    const unsaid = [...declarationWords.keys()].filter((word) => word !== "import" && !sections.includes(word));
    expect(unsaid).toEqual([]);
    expect(textOf("language/modules.md")).toContain("`import {");
  });
});
