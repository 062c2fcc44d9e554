import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highlight } from "../../src/syntax/highlight.ts";

const of = (text: string) =>
  highlight(text).flatMap(({ text: piece, look }) => (look === undefined ? [] : [[piece, look]]));

describe("highlight", () => {
  it("names what each word is by its place", () => {
    expect(of('train report { data: x |> take(3), report: 3x3 } // "end"')).toEqual([
      ["train", "keyword"],
      ["report", "declared"],
      ["data", "field"],
      ["|>", "operator"],
      ["take", "call"],
      ["3", "number"],
      ["report", "field"],
      ["3x3", "number"],
      ['// "end"', "comment"],
    ]);
    expect(of("network N(x: f32[2]) -> f32[1] = x |> dense(1)").slice(0, 4)).toEqual([
      ["network", "keyword"],
      ["N", "declared"],
      ["x", "field"],
      ["f32", "type"],
    ]);
    expect(of('assert not a.b >= 1e-3, "why"')).toEqual([
      ["assert", "keyword"],
      ["not", "keyword"],
      [">=", "operator"],
      ["1e-3", "number"],
      ['"why"', "string"],
    ]);
  });

  it("keeps every character, of programs and of anything else", () => {
    const words = fc.constantFrom(
      "train",
      "let",
      " ",
      "\n",
      "{",
      "}",
      "(",
      ")",
      "[",
      ":",
      "=",
      '"',
      "'",
      "//",
      "/*",
      "*/",
      "#",
      "-",
      "<-",
      "~",
      "x",
      "é",
      "3",
      ".",
      ",",
      "|>",
      "not",
      "f32",
      "weight",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "grapheme" }),
          fc.array(words).map((parts) => parts.join("")),
        ),
        (text) => {
          expect(
            highlight(text)
              .map((piece) => piece.text)
              .join(""),
          ).toBe(text);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
