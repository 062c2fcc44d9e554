import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostic/diagnostic.ts";
import { Lines } from "../../src/diagnostic/position.ts";
import { type Format, render } from "../../src/diagnostic/render.ts";

const make = (
  text: string,
  place: string,
  more: Partial<Diagnostic> = {},
  from = 0,
): [Diagnostic, Map<string, string>] => {
  const start = text.indexOf(place, from);
  const diagnostic: Diagnostic = {
    code: "MTT1001",
    severity: "error",
    span: { file: "a.mtt", start, end: start + place.length },
    message: "wrong",
    notes: [],
    fixes: [],
    ...more,
  };
  return [diagnostic, new Map([["a.mtt", text]])];
};
const human = (text: string, place: string, more: Partial<Diagnostic> = {}) => {
  const [diagnostic, sources] = make(text, place, more);
  return render([diagnostic], sources, "human");
};

describe("human", () => {
  it("is what the language's description shows", () => {
    const text = `${"//\n".repeat(13)}  |> dense(10)\n`;
    const start = text.indexOf("dense");
    const diagnostic: Diagnostic = {
      code: "MTT3004",
      severity: "error",
      span: { file: "pipelines/mnist.mtt", start, end: start + "dense(10)".length },
      message: "dense(10) got f32[4, 4, 32], and needs one axis",
      label: "x: f32[n] expected here",
      notes: [
        { kind: "stage", stage: "image", shape: "f32[28, 28, 1]" },
        { kind: "stage", stage: "conv, lrelu", shape: "f32[14, 14, 8]" },
        { kind: "stage", stage: "conv, lrelu", shape: "f32[7, 7, 16]" },
        { kind: "stage", stage: "conv, lrelu", shape: "f32[4, 4, 32]" },
      ],
      help: "put `|> flatten` before it: f32[512]",
      fixes: [],
    };
    expect(
      render([diagnostic], new Map([["pipelines/mnist.mtt", text]]), "human"),
    ).toBe(`error[MTT3004]: dense(10) got f32[4, 4, 32], and needs one axis
  ┌ pipelines/mnist.mtt:14:6
14 │   |> dense(10)
   │      ^^^^^^^^^ x: f32[n] expected here
   = image            f32[28, 28, 1]
   = conv, lrelu      f32[14, 14, 8]
   = conv, lrelu      f32[7, 7, 16]
   = conv, lrelu      f32[4, 4, 32]
   help: put \`|> flatten\` before it: f32[512]

1 error
`);
  });

  it("keeps carets below tabs and wide, combined and invisible characters", () => {
    expect(human("\tlet x = $", "$")).toContain("1 │     let x = $\n  │             ^\n");
    expect(human('let x = "日本" $', "$")).toContain('1 │ let x = "日本" $\n  │                ^\n');
    expect(human("let x = 😀 $", "😀")).toContain("1 │ let x = 😀 $\n  │         ^^\n");
    expect(human("let e\u0301 = $", "$")).toContain("  │         ^\n");
    expect(human("a\u0000b $", "$")).toContain("1 │ a\u2400b $\n  │     ^\n");
  });

  it("counts characters, not code units, and no byte order mark", () => {
    expect(human("\uFEFF😀 $", "$")).toContain("┌ a.mtt:1:3\n");
    expect(human("a\r\nb $\r\n", "$")).toContain("┌ a.mtt:2:3\n2 │ b $\n");
  });

  it("shows the lines of a longer span", () => {
    expect(human("let x = f(\n  1,\n  2\n)", "f(\n  1,\n  2\n)", { label: "here" })).toContain(
      "1 │ let x = f(\n  │         ^^\n2 │   1,\n  │   ^^\n3 │   2\n  │   ^\n4 │ )\n  │ ^ here\n",
    );
    const long = `f(\n${"  1,\n".repeat(20)})`;
    const shown = human(long, long, { label: "here" });
    expect(shown).toContain("⋮");
    expect(shown).toContain("22 │ )\n   │ ^ here");
    expect(shown.split("\n").length).toBeLessThan(14);
  });

  it("cuts long lines around the place", () => {
    const shown = human(`let x = [${"1, ".repeat(100_000)}$]`, "$", { label: "here" });
    expect(Math.max(...shown.split("\n").map((line) => line.length))).toBeLessThan(200);
    const [source, carets] = shown.split("\n").slice(2, 4);
    expect(source?.[carets?.indexOf("^") ?? -1]).toBe("$");
  });

  it("marks a place at the end of the text, and a text that is not at hand", () => {
    const [diagnostic, sources] = make("let x =", "=");
    const end = { ...diagnostic, span: { file: "a.mtt", start: 7, end: 7 } };
    expect(render([end], sources, "human")).toContain("1 │ let x =\n  │        ^\n");
    expect(render([end], new Map(), "human")).toContain("┌ a.mtt\n");
  });

  it("says where a note's place is, offers a fix without help, and counts", () => {
    const [one, sources] = make("let x = f(", "(", {
      notes: [{ kind: "text", text: "opened here", span: { file: "a.mtt", start: 4, end: 5 } }],
      fixes: [{ title: "close it", safe: false, edits: [] }],
    });
    const all = render([one, { ...one, severity: "warning" }, one], sources, "human");
    expect(all).toContain("  = opened here (a.mtt:1:5)\n  help: close it\n");
    expect(all.endsWith("\n\n2 errors, 1 warning\n")).toBe(true);
  });

  it("has colors only where asked", () => {
    const [diagnostic, sources] = make("let x = $", "$");
    const colored = render([diagnostic], sources, "human", { color: true });
    expect(colored).toContain("\u001B[31m");
    const plain = colored.split("\u001B[").map((piece, i) => (i === 0 ? piece : piece.slice(piece.indexOf("m") + 1)));
    expect(plain.join("")).toBe(render([diagnostic], sources, "human"));
  });
});

describe("short, json, github and sarif", () => {
  const text = "let a = 1\nlet é = 50%, $\n";
  const [diagnostic, sources] = make(text, "$", {
    message: "50%: no,\nnever",
    label: "here",
    help: "remove it",
    notes: [
      { kind: "text", text: "see", span: { file: "a.mtt", start: 4, end: 5 } },
      { kind: "stage", stage: "image", shape: "f32[2]" },
    ],
    fixes: [{ title: "remove it", safe: true, edits: [{ span: { file: "a.mtt", start: 23, end: 24 }, text: "" }] }],
  });

  it("short: a line each", () => {
    expect(render([diagnostic], sources, "short")).toBe("a.mtt:2:14: error[MTT1001]: 50%: no, never\n");
  });

  it("json: an object a line", () => {
    const lines = render([diagnostic, diagnostic], sources, "json").trimEnd().split("\n");
    expect(lines.length).toBe(2);
    expect(JSON.parse(lines[0]!)).toEqual({
      code: "MTT1001",
      severity: "error",
      file: "a.mtt",
      range: { start: { line: 2, column: 14, offset: 23 }, end: { line: 2, column: 15, offset: 24 } },
      message: "50%: no,\nnever",
      label: "here",
      notes: [
        {
          kind: "text",
          text: "see",
          file: "a.mtt",
          range: { start: { line: 1, column: 5, offset: 4 }, end: { line: 1, column: 6, offset: 5 } },
        },
        { kind: "stage", stage: "image", shape: "f32[2]" },
      ],
      help: "remove it",
      fixes: [
        {
          title: "remove it",
          safe: true,
          edits: [
            {
              file: "a.mtt",
              range: { start: { line: 2, column: 14, offset: 23 }, end: { line: 2, column: 15, offset: 24 } },
              text: "",
            },
          ],
        },
      ],
    });
  });

  it("github: escaped workflow commands", () => {
    const at = { ...diagnostic, severity: "info" as const, span: { ...diagnostic.span, file: "a,b:c.mtt" } };
    expect(render([at], new Map([["a,b:c.mtt", text]]), "github")).toBe(
      "::notice file=a%2Cb%3Ac.mtt,line=2,col=14,endLine=2,endColumn=15,title=MTT1001::50%25: no,%0Anever%0Ahelp: remove it\n",
    );
  });

  it("sarif: a log of version 2.1.0", () => {
    const region = { startLine: 2, startColumn: 14, endLine: 2, endColumn: 15 };
    const log: unknown = JSON.parse(render([diagnostic, { ...diagnostic, severity: "info" }], sources, "sarif"));
    expect(log).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { name: "mtt", rules: [{ id: "MTT1001", shortDescription: { text: expect.any(String) } }] } },
          columnKind: "unicodeCodePoints",
          results: [
            {
              ruleId: "MTT1001",
              ruleIndex: 0,
              level: "error",
              message: { text: expect.stringContaining("50%") },
              locations: [{ physicalLocation: { artifactLocation: { uri: "a.mtt" }, region } }],
              relatedLocations: [{ message: { text: "see" } }],
              fixes: [
                {
                  description: { text: "remove it" },
                  artifactChanges: [{ replacements: [{ deletedRegion: region, insertedContent: { text: "" } }] }],
                },
              ],
            },
            { level: "note" },
          ],
        },
      ],
    });
  });

  it("have something to say of nothing only in sarif", () => {
    const formats: readonly Format[] = ["human", "short", "json", "github"];
    expect(formats.map((format) => render([], new Map(), format))).toEqual(["", "", "", ""]);
    expect(JSON.parse(render([], new Map(), "sarif"))).toMatchObject({ runs: [{ results: [] }] });
  });
});

describe("positions", () => {
  it("are what counting from the beginning gives, in any order", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\t", "日") });
    const property = (text: string, places: number[]) => {
      const lines = new Lines(text);
      for (const place of places) {
        const offset = Math.min(place, text.length);
        const before = text.slice(0, offset).split("\n");
        // The second half of a surrogate pair stands where its first half does, plus one.
        const column = [...before.at(-1)!].length + 1;
        expect(lines.position(offset)).toEqual({ line: before.length, column, offset });
      }
    };
    fc.assert(fc.property(texts, fc.array(fc.nat(40), { maxLength: 8 }), property), { numRuns: 300 });
  });

  it("every place of any text can be shown", () => {
    const property = (text: string, a: number, b: number, format: Format) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)].map((at) => Math.min(at, text.length)) as [number, number];
      const [diagnostic] = make("", "");
      const shown = render(
        [{ ...diagnostic, span: { file: "a.mtt", start, end } }],
        new Map([["a.mtt", text]]),
        format,
      );
      expect(shown).toContain("MTT1001");
    };
    const formats = fc.constantFrom<Format>("human", "short", "json", "github", "sarif");
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(60), fc.nat(60), formats, property), { numRuns: 500 });
  });
});
