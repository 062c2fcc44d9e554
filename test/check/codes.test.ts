import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { problems } from "../../src/check/problems.ts";
import { codes } from "../../src/diagnostic/codes.ts";
import { render } from "../../src/diagnostic/render.ts";
import { checkSources, root } from "./suite.ts";

const folder = join(root, "test/suite/codes");
const update = process.env.UPDATE_GOLDENS === "1";

/** What must be said besides the program's text: values from outside, a second file. */
const settings: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  MTT2013: new Map([["epoch", "3"]]),
  MTT3010: new Map([["epochs", "ten"]]),
};
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MTT2005: {
    "MTT2005-other.mtt": 'import { one } from "./MTT2005.mtt"\nblock other(x: f32[n]) -> f32[n] = x |> relu\n',
  },
};

const place = { file: "", start: 0, end: 0 };
const own = Object.values(problems).map((problem) => problem(place, "").code);

describe("one wrong program for each code, and what people see", () => {
  it("every code of the checker has a title and a program", () => {
    expect(own.filter((code) => !(code in codes))).toEqual([]);
    const programs = readdirSync(folder).filter((file) => file.endsWith(".mtt"));
    expect(programs.map((file) => file.replace(".mtt", "")).sort()).toEqual(own.toSorted());
    expect(new Set(own).size).toBe(own.length);
  });

  for (const code of own)
    it(code, () => {
      const file = `${code}.mtt`;
      const sources = new Map([
        [file, readFileSync(join(folder, file), "utf8")],
        ...Object.entries(others[code] ?? {}),
      ]);
      const { diagnostics } = checkSources(sources, { settings: settings[code] ?? new Map() });
      expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
      const shown = render(diagnostics, sources, "human");
      const golden = join(folder, `${code}.txt`);
      if (update) {
        expect(process.env.CI, "goldens are not updated where CI is set").toBeUndefined();
        writeFileSync(golden, shown);
      }
      expect(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDENS=1`).toBe(true);
      expect(shown).toBe(readFileSync(golden, "utf8"));
    });
});
