import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { problems } from "../../src/check/problems.ts";
import { compile } from "../../src/compile.ts";
import { codes } from "../../src/diagnostic/codes.ts";
import { type Format, render } from "../../src/diagnostic/render.ts";
import { besideOf, examplesOf, isChecked, pageOf } from "../diagnostic/examples.ts";
import { root } from "./suite.ts";

/** CODE.mtt is a wrong program; CODE.txt is what every renderer says of it, and of the wrong program of the code's page where there is no other. */
const folder = join(root, "test/suite/codes");
const update = process.env.UPDATE_GOLDENS === "1";
const formats: readonly Format[] = ["human", "short", "json", "github", "sarif"];

interface Case {
  readonly sources: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
}

/** What must be said besides the program's text: values from outside, a second file. */
const settings: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  MTT2013: new Map([["epoch", "3"]]),
  MTT3010: new Map([["epochs", "ten"]]),
};
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MTT2004: {
    "MTT2004-layers.mtt":
      "block narrow(x: f32[n]) -> f32[n] = x |> relu\nblock wide(x: f32[n]) -> f32[n] = x |> narrow\n",
  },
  MTT2005: {
    "MTT2005-other.mtt": 'import { one } from "./MTT2005.mtt"\nblock other(x: f32[n]) -> f32[n] = x |> relu\n',
  },
};
/** Blocks inside of each other, `deep` times. */
const nested = (deep: number): string =>
  [
    "block b0(x: f32[n]) -> f32[n] = x |> relu",
    ...Array.from({ length: deep }, (_, i) => `block b${i + 1}(x: f32[n]) -> f32[n] = x |> b${i}`),
    `network Net(image: f32[3]) -> f32[3] = image |> b${deep}\n`,
  ].join("\n");
/** What is too large to be kept as a file. */
const made: Readonly<Record<string, string>> = { MTT1015: "let x = 1 ".repeat(600_000), MTT4009: nested(210) };

function caseOf(code: string): Case {
  const file = `${code}.mtt`;
  const own = made[code] ?? (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : undefined);
  if (own !== undefined)
    return {
      sources: new Map([[file, own], ...Object.entries(others[code] ?? {})]),
      settings: settings[code] ?? new Map(),
    };
  const examples = examplesOf(pageOf(code));
  const wrong = examples.find(({ what }) => what === "wrong");
  if (wrong === undefined) throw new Error(`${code} has neither a wrong program on its page nor ${file}`);
  return { sources: new Map([["main.mtt", wrong.text], ...besideOf(examples)]), settings: wrong.settings };
}

const all = Object.keys(codes).filter(isChecked);

describe("one wrong program for each code that a check gives, and what people and programs see", () => {
  it("is read for people in docs/diagnostics-review.md, code by code", () => {
    const review = readFileSync(join(root, "docs/diagnostics-review.md"), "utf8");
    const rows = [...review.matchAll(/^\| (MTT\d+) \| (yes|partly|no) \|/gm)].map(([, code, answer]) => ({
      code,
      answer,
    }));
    expect(rows.map(({ code }) => code)).toEqual(all.toSorted());
    const partly = rows.filter(({ answer }) => answer !== "yes").map(({ code }) => code);
    expect(review).toContain(
      `${rows.length} codes: ${rows.length - partly.length} yes, ${partly.length} partly (${partly.join(", ")}).`,
    );
  });

  it.each(all)("%s", (code) => {
    const { sources, settings: values } = caseOf(code);
    const [entry] = sources.keys();
    const { diagnostics } = compile(entry!, sources, { settings: values });
    expect([...new Set(diagnostics.map((diagnostic) => diagnostic.code))]).toEqual([code]);
    const shown = formats.map((format) => `--- ${format}\n${render(diagnostics, sources, format)}`).join("");
    const golden = join(folder, `${code}.txt`);
    if (update) {
      expect(process.env.CI, "goldens are not updated where CI is set").toBeUndefined();
      writeFileSync(golden, shown);
    }
    expect(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDENS=1`).toBe(true);
    expect(shown).toBe(readFileSync(golden, "utf8"));
  });

  it("is there for every code, the checker's among them", () => {
    // Last: the goldens that an update writes are there by now.
    const place = { file: "", start: 0, end: 0 };
    const own = Object.values(problems).map((problem) => problem(place, "").code);
    expect(own.filter((code) => !all.includes(code))).toEqual([]);
    expect(new Set(own).size).toBe(own.length);
    const goldens = readdirSync(folder).filter((file) => file.endsWith(".txt"));
    expect(goldens.map((file) => file.replace(".txt", "")).sort()).toEqual(all.toSorted());
    expect(all.length).toBeGreaterThanOrEqual(60);
  });
});
