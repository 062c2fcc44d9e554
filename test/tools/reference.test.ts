import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as Option from "effect/Option";
import { describe, expect, it } from "vitest";
import { codes } from "../../src/diagnostic/codes.ts";
import { stdlib } from "../../src/generated/stdlib.ts";
import { parse } from "../../src/syntax/parse.ts";
import { commandReference, commands } from "../../tools/reference/commands.ts";
import { diagnosticsReference } from "../../tools/reference/diagnostics.ts";
import { entries, libraryReference, unlisted } from "../../tools/reference/library.ts";
import { mtt } from "../cli/mtt.ts";

const docs = resolve(import.meta.dirname, "../../docs");

describe("the library's reference", () => {
  it("is what `npm run generate` makes", () => {
    const pages = libraryReference();
    expect(readdirSync(join(docs, "stdlib")).sort()).toEqual([...pages.keys()].sort());
    for (const [file, text] of pages) expect(readFileSync(join(docs, "stdlib", file), "utf8")).toBe(text);
  });

  it("lacks no name and no doc comment", () => {
    expect(unlisted()).toEqual([]);
    expect(entries().filter(({ doc }) => doc === undefined || doc === "")).toEqual([]);
    const files = [...stdlib].map(([name, text]) => parse(name, text).file);
    expect(files.filter(({ doc }) => doc === undefined).map(({ name }) => name)).toEqual([]);
    const blocks = files.flatMap(({ declarations }) => declarations.map((one) => ("name" in one ? one.name.text : "")));
    const listed = new Set(entries().map(({ name }) => name));
    expect(blocks.filter((name) => !name.startsWith("_") && !listed.has(name))).toEqual([]);
    expect(blocks.length).toBeGreaterThan(20);
  });
});

describe("the list of diagnostics", () => {
  it("is what `npm run generate` makes, with every code", () => {
    const text = readFileSync(join(docs, "diagnostics.md"), "utf8");
    expect(text).toBe(diagnosticsReference());
    expect(Object.keys(codes).filter((code) => !text.includes(`[${code}](`))).toEqual([]);
  });
});

describe("the command line's reference", () => {
  it("is what `npm run generate` makes", async () => {
    expect(readFileSync(join(docs, "cli.md"), "utf8")).toBe(await commandReference());
  });

  it("has an example for every command, and says what each flag does", async () => {
    const all = await commands();
    expect(all.length).toBeGreaterThan(15);
    for (const { path, help } of all) {
      const name = path.join(" ");
      const holds = help.subcommands !== undefined && help.subcommands.length > 0;
      if (!holds) expect(help.examples?.length ?? 0, `examples of ${name}`).toBeGreaterThan(0);
      for (const { command } of help.examples ?? []) expect(command).toContain(`mtt ${name}`.trim());
      const silent = [...help.flags, ...(help.args ?? [])].filter((one) => Option.isNone(one.description));
      expect(silent.map((flag) => `${name} ${flag.name}`)).toEqual([]);
    }
  });

  it("has every flag of a command's --help", async () => {
    const { stdout } = await mtt(["run", "--help"]);
    const said = [...stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(said.length).toBeGreaterThan(5);
    for (const flag of said) expect(readFileSync(join(docs, "cli.md"), "utf8")).toContain(`| \`${flag}\``);
  });
});
