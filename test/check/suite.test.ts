import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtinNames } from "../../src/check/builtins.ts";
import { compile } from "../../src/compile.ts";
import { checkSources, expected, line, root } from "./suite.ts";

const folder = join(root, "test/suite");
const programs = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".mtt") && !file.startsWith("codes/"),
);

describe("programs of test/suite", () => {
  for (const file of programs)
    it(file, () => {
      const text = readFileSync(join(folder, file), "utf8");
      // As `mtt check` does: what is only refused where graphs are built is told of too.
      const { diagnostics } = compile(file, new Map([[file, text]]));
      expect(diagnostics.map((diagnostic) => line(diagnostic, text))).toEqual(expected(text));
    });

  it("five planted errors are five diagnostics", () => {
    const text = readFileSync(join(folder, "five.mtt"), "utf8");
    expect(checkSources(new Map([["five.mtt", text]])).diagnostics).toHaveLength(5);
  });

  it("the valid ones use every built-in name", () => {
    const valid = programs.filter((file) => file.startsWith("valid/"));
    const words = new Set(valid.flatMap((file) => readFileSync(join(folder, file), "utf8").match(/\w+/g) ?? []));
    expect(builtinNames.filter((name) => !words.has(name))).toEqual([]);
  });
});
