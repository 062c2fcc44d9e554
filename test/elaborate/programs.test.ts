import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import type { Sources } from "../../src/diagnostic/diagnostic.ts";
import { said } from "./program.ts";

const root = resolve(import.meta.dirname, "../..");

const sourcesIn = (folder: string): Sources =>
  new Map(
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".mtt"))
      .sort()
      .map((file) => [join(folder, file), readFileSync(join(root, folder, file), "utf8")]),
  );

/** Programs that people start from, and those that a right checker passes. */
const folders = ["pipelines", "templates", "test/suite/valid"];

describe.each(folders)("every program of %s is planned, and nothing is said of it", (folder) => {
  const sources = sourcesIn(folder);

  it("there are some", () => expect(sources.size).toBeGreaterThan(1));

  it.each([...sources.keys()])("%s", (file) => {
    const compiled = compile(file, sources);
    expect(said(compiled)).toEqual([]);
    expect(compiled.plan?.steps.length).toBeGreaterThan(0);
  });
});
