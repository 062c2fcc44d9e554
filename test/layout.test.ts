import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The walls of docs/architecture: what each room of src/ may import besides itself. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  diagnostic: [],
  random: [],
  shape: [],
  syntax: ["diagnostic"],
  format: ["syntax", "diagnostic"],
  ir: ["shape", "random"],
  transform: ["ir", "shape"],
  plan: ["ir", "shape", "diagnostic"],
  check: ["syntax", "ir", "shape", "diagnostic"],
  learn: ["ir", "transform", "plan", "shape", "random"],
  influence: ["learn", "transform", "plan", "ir", "shape", "random"],
  elaborate: ["generated", "check", "syntax", "influence", "learn", "transform", "plan", "ir", "shape", "diagnostic"],
  lower: ["ir", "shape", "diagnostic"],
  store: ["plan", "shape", "diagnostic"],
  data: ["store", "plan", "ir", "transform", "shape", "random", "diagnostic"],
  backend: ["lower", "plan", "ir", "shape", "random", "store", "data", "diagnostic"],
  execute: ["influence", "learn", "transform", "plan", "ir", "shape", "store", "data", "backend", "diagnostic"],
  export: ["backend", "lower", "learn", "transform", "plan", "ir", "shape"],
  script: ["execute", "store", "data", "elaborate", "plan", "ir", "shape", "diagnostic"],
  lsp: ["", "check", "syntax", "format", "generated", "data", "ir", "shape", "diagnostic"],
  report: ["execute", "export", "store", "data", "plan", "ir", "shape", "random", "syntax", "diagnostic"],
};
/** A pure function of text: knows nothing of files, time or Effect, and runs in a browser. */
const pure = [
  "diagnostic",
  "random",
  "shape",
  "syntax",
  "format",
  "ir",
  "transform",
  "check",
  "plan",
  "learn",
  "influence",
  "elaborate",
  "lower",
  "generated",
];
/** Written by a tool, so held to no length. */
const generated = "generated";
const LINES = 400;

const src = resolve(import.meta.dirname, "../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(join(src, file), "utf8") }));
const roomOf = (file: string) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "");
const importsOf = (text: string) =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s+"([^"]+)"/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3]!);

describe("the rooms of src", () => {
  it("import what their line lists, and nothing else", () => {
    const broken = files.flatMap(({ file, text }) => {
      const room = roomOf(file);
      const allowed = rooms[room];
      if (allowed === undefined) return [];
      return importsOf(text)
        .filter((target) => target.startsWith("."))
        .map((target) => roomOf(relative(src, resolve(src, file, "..", target))))
        .filter((target) => target !== room && !allowed.includes(target))
        .map((target) => `src/${file} imports ${target === "" ? "a face" : target}`);
    });
    expect(broken).toEqual([]);
  });

  it("leave files, time and Effect to the rooms after the plan", () => {
    const broken = files
      .filter(({ file }) => pure.includes(roomOf(file)) || file === "compile.ts")
      .flatMap(({ file, text }) =>
        importsOf(text)
          .filter((target) => target.startsWith("node:") || /^(effect|@effect\/)/.test(target))
          .map((target) => `src/${file} imports ${target}`),
      );
    expect(broken).toEqual([]);
  });

  it("keep chevrotain in syntax", () => {
    const users = files.filter(({ text }) => importsOf(text).some((target) => target.startsWith("chevrotain")));
    expect([...new Set(users.map(({ file }) => roomOf(file)))]).toEqual(["syntax"]);
  });

  it("have files of one subject, at most 400 lines", () => {
    const long = files
      .filter(({ file }) => roomOf(file) !== generated)
      .map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }))
      .filter(({ lines }) => lines > LINES);
    expect(long).toEqual([]);
  });

  it("name the compiler's phases in at most 100 lines", () => {
    expect(readFileSync(join(src, "compile.ts"), "utf8").split("\n").length - 1).toBeLessThanOrEqual(100);
  });
});
