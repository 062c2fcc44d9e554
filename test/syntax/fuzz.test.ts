import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/syntax/parse.ts";
import { plainPrograms, programs, soups } from "./programs.ts";
import { withoutPlaces } from "./tree.ts";

/** What must hold of every text. */
const check = (text: string) => {
  const { file, diagnostics } = parse("fuzz.mtt", text);
  let last = 0;
  const wrong = diagnostics.filter(({ span, message, code, fixes }) => {
    const ordered = span.start >= last && span.end >= span.start && span.end <= text.length;
    last = span.start;
    const fixed = fixes.every(({ edits }) =>
      edits.every((edit) => edit.span.start >= 0 && edit.span.end <= text.length),
    );
    return !ordered || !fixed || message === "" || !/^MTT1\d{3}$/.test(code);
  });
  expect(wrong).toEqual([]);
  return { file, diagnostics };
};

const noErrors = (text: string) => {
  const errors = check(text).diagnostics.filter(({ severity }) => severity === "error");
  expect(
    errors.map(({ message, span }) => `${message} at ${JSON.stringify(text.slice(span.start, span.start + 20))}`),
  ).toEqual([]);
};

describe("any text", () => {
  it("is read so where longer runs found that it was not", () => {
    // A bracket put in at the file's end stands nowhere in the text: no edit may name it.
    for (const text of ["param a: f32(3, n", "block f(x: f32("]) check(text);
  });
  it("is read without an exception, with every span inside it: characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void check(text)),
      { numRuns: 300 },
    );
  });
  it("is read without an exception, with every span inside it: bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((data) => new TextDecoder().decode(data));
    fc.assert(
      fc.property(bytes, (text) => void check(text)),
      { numRuns: 200 },
    );
  });
  it("is read without an exception, with every span inside it: tokens in any order", () => {
    fc.assert(
      fc.property(soups, (text) => void check(text)),
      { numRuns: 1500 },
    );
  });
  it("is read without an exception, with every span inside it: programs with a piece changed", () => {
    const mutated = fc.tuple(programs, fc.nat(), fc.nat(6), soups).map(([text, at, length, soup]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + soup.slice(0, 8) + text.slice(start + length);
    });
    fc.assert(
      fc.property(mutated, (text) => void check(text)),
      { numRuns: 600 },
    );
  });
});

describe("a valid program", () => {
  it("has no errors, in any layout and with comments anywhere", () => {
    fc.assert(fc.property(programs, noErrors), { numRuns: 600 });
  });
  it("has the same tree with either line ending", () => {
    const same = (text: string) => {
      const tree = (source: string) => withoutPlaces(parse("a.mtt", source).file);
      expect(tree(text.replaceAll("\n", "\r\n"))).toEqual(tree(text));
    };
    fc.assert(fc.property(plainPrograms, same), { numRuns: 100 });
  });
  it("with one more declaration after a broken one still has that declaration", () => {
    const kept = (text: string, at: number, length: number) => {
      const start = at % (text.length + 1);
      // A broken string, comment or bracket may take the lines after it along; others end before the next declaration.
      const piece = text.slice(start, start + length);
      fc.pre(!/["/*]/.test(piece));
      const { file } = parse("a.mtt", `${text.slice(0, start)}${text.slice(start + length)}\nlet last_one = 1\n`);
      expect(
        file.declarations.some((declaration) => "name" in declaration && declaration.name.text === "last_one"),
      ).toBe(true);
    };
    fc.assert(fc.property(plainPrograms, fc.nat(), fc.integer({ min: 1, max: 4 }), kept), { numRuns: 400 });
  });
});

describe("large texts", () => {
  it.each([
    ["parentheses", `let x = ${"(".repeat(10000)}1${")".repeat(10000)}`],
    ["lists in calls", `let x = ${"f([".repeat(5000)}1${"])".repeat(5000)}`],
    ["axes", `let x: f32[${"(".repeat(10000)}1${")".repeat(10000)}] = 1`],
  ])("nested ten thousand deep are refused once, and the rest is read: %s", (_, nested) => {
    const { file, diagnostics } = check(`${nested}\nlet y = 2`);
    expect(diagnostics.map(({ code }) => code)).toEqual(["MTT1014"]);
    expect(file.declarations.map((d) => "name" in d && d.name.text)).toEqual(["x", "y"]);
  });
  it("nested a hundred deep are read", () => {
    expect(check(`let x = ${"f([".repeat(50)}1${"])".repeat(50)}`).diagnostics).toEqual([]);
  });
  it("of ten megabytes are refused", () => {
    expect(check("let x = 1 ".repeat(1_000_000)).diagnostics.map(({ code }) => code)).toEqual(["MTT1015"]);
  });
  it.each([
    ["name", "a"],
    ["number", "1"],
    ["string", '"'],
    ["comment", "/"],
    ["spaces", " "],
    ["stars", "/*"],
  ])("of one character repeated are read: %s", (_, piece) => void check(piece.repeat(1_000_000 / piece.length)));
});
