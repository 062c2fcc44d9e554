import { describe, expect, it } from "vitest";
import { checkText } from "./suite.ts";

/** What is said of a program with one error: message, notes with their places, help. */
const told = (text: string) => {
  const { diagnostics } = checkText(text);
  const [one, ...more] = diagnostics.filter(({ severity }) => severity === "error");
  expect(more).toEqual([]);
  const place = (start: number, end: number) => text.slice(start, end);
  return {
    message: one!.message,
    at: place(one!.span.start, one!.span.end),
    notes: one!.notes.map((note) =>
      note.kind === "stage"
        ? `${note.stage}: ${note.shape}`
        : `${note.text}${note.span === undefined ? "" : ` @ ${place(note.span.start, note.span.end)}`}`,
    ),
    help: one!.help,
  };
};

describe("an error inside of a block that takes blocks", () => {
  it("lists every axis that disagrees, and where it shows", () => {
    expect(
      told(`block res(x: f32[h, w, c], f: block) -> f32[h, w, c] =
  x + (x |> f)
network N(x: f32[28, 28, 3]) -> f32[28, 28, 3] = x |> res(conv(4, stride: 2x2))
`),
    ).toMatchObject({
      at: "res(conv(4, stride: 2x2))",
      notes: [
        "axis -1: 3 on the left, 4 on the right",
        "axis -2: 28 on the left, 14 on the right",
        "axis -3: 28 on the left, 14 on the right",
        "in `res` @ +",
      ],
    });
  });

  it("points at the layer of a sequence, with what the ones before it make, and what would fit", () => {
    expect(told("network N(x: f32[8, 8, 3]) -> f32[10] = x |> sequence([conv(4), relu, dense(10)])\n")).toEqual({
      message: "`dense` got f32[8, 8, 4], and needs one axis",
      at: "dense(10)",
      notes: ["conv: f32[8, 8, 4]", "relu: f32[8, 8, 4]"],
      help: "put `flatten` before it: f32[256]",
    });
    expect(told("network N(x: f32[8, 8, 3]) -> f32[10] = x |> repeat(2, dense(10))\n")).toMatchObject({
      message: "repeat(2, dense(10)): `dense` got f32[8, 8, 3], and needs one axis",
      at: "repeat(2, dense(10))",
    });
  });
});

describe("a result of several arrays", () => {
  it("is compared field by field", () => {
    expect(
      told(`network N(x: f32[4]) -> { a: f32[2], b: f32[3], c: f32[1] } = { a: x |> dense(4), b: x |> dense(3), d: x }
`),
    ).toMatchObject({
      notes: [
        "declared here @ { a: f32[2], b: f32[3], c: f32[1] }",
        "`a` is f32[4], expected f32[2]",
        "`c` is missing",
        "`d` is not expected",
      ],
    });
  });
});

describe("a block called as a method", () => {
  it("is told of the pipe", () => {
    const text = "network N(x: f32[4]) -> f32[4] = x.relu()\n";
    const [one] = checkText(text).diagnostics;
    expect(one).toMatchObject({ code: "MTT2011", help: "blocks are applied with a pipe: … |> relu" });
    expect(one!.fixes[0]?.edits.map(({ span, text: by }) => [text.slice(span.start, span.end), by])).toEqual([
      [".", " |> "],
    ]);
    // The next of a chain would follow a stage.
    expect(checkText("network N(x: f32[4]) -> f32[4] = x.relu().tanh()\n").diagnostics[0]?.fixes).toEqual([]);
  });
});
