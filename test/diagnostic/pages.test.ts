import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { codes } from "../../src/diagnostic/codes.ts";
import { bundlePages, pagesFile } from "../../tools/bundle-pages.ts";

const folder = resolve(import.meta.dirname, "../../docs/diagnostics");

interface Example {
  /** `wrong`, `right`, or the name of a file beside. */
  readonly what: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Programs of a page: fences of `mtt wrong`, `mtt wrong --set name=value`, `mtt right`, `mtt other.mtt`. */
const examples = (page: string): readonly Example[] =>
  [...page.matchAll(/^```mtt (\S+)(?: --set (\w+)=(\S+))?\n((?:.|\n)*?)^```$/gm)].map(
    ([, what = "", name, value, text = ""]) => ({
      what,
      settings: new Map(name === undefined || value === undefined ? [] : [[name, value]]),
      text,
    }),
  );

/** Codes that a check gives: the others come at run time. */
const checked = (code: string): boolean => code < "MTT5";

describe("the pages of diagnostics", () => {
  it("are one for each code, with its title", () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(codes)
        .map((code) => `${code}.md`)
        .sort(),
    );
    for (const [code, title] of Object.entries(codes))
      expect(readFileSync(join(folder, `${code}.md`), "utf8").split("\n")[0]).toBe(`# ${code}: ${title}`);
  });

  it("are bundled as they stand (npm run generate)", () => {
    expect(readFileSync(pagesFile, "utf8")).toBe(bundlePages());
  });

  it.each(Object.keys(codes))("%s: the wrong program gives this code alone, the right one nothing", (code) => {
    const page = readFileSync(join(folder, `${code}.md`), "utf8");
    const found = examples(page);
    expect(page.match(/^```\S/gm)?.length ?? 0).toBe(found.length);
    const beside = found.flatMap(({ what, text }) => (what.endsWith(".mtt") ? [[what, text] as const] : []));
    for (const { what, settings, text } of found) {
      if (what !== "wrong" && what !== "right") continue;
      const sources = new Map([["main.mtt", text], ...(what === "wrong" ? beside : [])]);
      const said = compile("main.mtt", sources, { settings }).diagnostics.map((one) => one.code);
      expect([what, ...new Set(said)]).toEqual(what === "wrong" ? [what, code] : [what]);
    }
    if (checked(code)) expect(found.some(({ what }) => what === "right")).toBe(true);
  });
});
