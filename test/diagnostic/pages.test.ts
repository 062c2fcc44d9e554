import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { codes } from "../../src/diagnostic/codes.ts";
import { bundlePages, pagesFile } from "../../tools/bundle-pages.ts";
import { besideOf, examplesOf, isChecked, pageOf, pagesFolder } from "./examples.ts";

describe("the pages of diagnostics", () => {
  it("are one for each code, with its title", () => {
    expect(readdirSync(pagesFolder).sort()).toEqual(
      Object.keys(codes)
        .map((code) => `${code}.md`)
        .sort(),
    );
    for (const [code, title] of Object.entries(codes)) expect(pageOf(code).split("\n")[0]).toBe(`# ${code}: ${title}`);
  });

  it("are bundled as they stand (npm run generate)", () => {
    expect(readFileSync(pagesFile, "utf8")).toBe(bundlePages());
  });

  it.each(Object.keys(codes))("%s: the wrong program gives this code alone, the right one nothing", (code) => {
    const page = pageOf(code);
    const found = examplesOf(page);
    expect(page.match(/^```\S/gm)?.length ?? 0).toBe(found.length);
    const beside = besideOf(found);
    for (const { what, settings, text } of found) {
      if (what !== "wrong" && what !== "right") continue;
      const sources = new Map([["main.mtt", text], ...(what === "wrong" ? beside : [])]);
      const said = compile("main.mtt", sources, { settings }).diagnostics.map((one) => one.code);
      expect([what, ...new Set(said)]).toEqual(what === "wrong" ? [what, code] : [what]);
    }
    if (isChecked(code)) expect(found.some(({ what }) => what === "right")).toBe(true);
  });
});
