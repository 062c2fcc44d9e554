import { describe, expect, it } from "vitest";
import { importedFiles, loadModules } from "../../src/check/modules.ts";
import { parse } from "../../src/syntax/parse.ts";
import { checkSources, library, said } from "./suite.ts";

const block = (name: string) => `block ${name}(x: f32[n]) -> f32[n] = x |> relu\n`;

describe("modules", () => {
  it("imports are relative to the file that asks, with or without the ending, and renamed where they say so", () => {
    const sources = new Map([
      [
        "work/main.mtt",
        'import { one as first } from "./parts/one"\nimport { two } from "../shared/two.mtt"\nblock both(x: f32[n]) -> f32[n] = x |> first |> two\n',
      ],
      [
        "work/parts/one.mtt",
        `import { two } from "../../shared/two.mtt"\n${block("one")}block more(x: f32[n]) -> f32[n] = x |> two\n`,
      ],
      ["shared/two.mtt", block("two")],
    ]);
    const { checked, diagnostics } = checkSources(sources);
    expect(diagnostics.map(said)).toEqual([]);
    expect([...checked.files.keys()].slice(0, 3)).toEqual(["work/main.mtt", "work/parts/one.mtt", "shared/two.mtt"]);
  });

  it("blocks of the library are in scope everywhere, and importable", () => {
    const text =
      'import { relu as rectified } from "std/activations"\nblock f(x: f32[n]) -> f32[n] = x |> rectified |> relu\n';
    expect(checkSources(new Map([["main.mtt", text]])).diagnostics.map(said)).toEqual([]);
  });

  it("an import that hides a block of the library says so", () => {
    const sources = new Map([
      ["main.mtt", 'import { relu } from "./mine"\nblock f(x: f32[n]) -> f32[n] = x |> relu\n'],
      ["mine.mtt", "block relu(x: f32[...s]) -> f32[...s] = maximum(x, 0.1 * x)\n"],
    ]);
    expect(checkSources(sources).diagnostics.map(({ span, code }) => `${span.file} ${code}`)).toEqual([
      "main.mtt MTT2006",
      "mine.mtt MTT2006",
    ]);
  });

  it("a file that imports itself, and files that import each other, are a cycle each", () => {
    const own = new Map([["main.mtt", `import { f } from "./main"\n${block("f")}`]]);
    expect(loadModules("main.mtt", own).diagnostics.map(said)).toEqual([
      "MTT2005 these files import each other: main.mtt -> main.mtt",
    ]);
    const three = new Map([
      ["a.mtt", `import { b } from "./b"\n${block("a")}`],
      ["b.mtt", `import { c } from "./c"\n${block("b")}`],
      ["c.mtt", `import { a } from "./a"\n${block("c")}`],
    ]);
    expect(loadModules("a.mtt", three).diagnostics.map(said)).toEqual([
      "MTT2005 these files import each other: a.mtt -> b.mtt -> c.mtt -> a.mtt",
    ]);
  });

  it("a misspelt file and a misspelt name are reported with the near miss, and their uses are not reported again", () => {
    const sources = new Map([
      [
        "main.mtt",
        'import { one } from "./prats"\nimport { twoo } from "./parts"\nblock f(x: f32[n]) -> f32[n] = x |> one |> twoo\n',
      ],
      ["parts.mtt", block("two")],
    ]);
    const { diagnostics } = checkSources(sources);
    expect(diagnostics.map(({ code, help }) => [code, help])).toEqual([
      ["MTT2003", 'did you mean "./parts"?'],
      ["MTT2004", "did you mean `two`?"],
    ]);
  });

  it("names what a reader of files has to find", () => {
    const { file } = parse(
      "work/main.mtt",
      'import { a } from "./x"\nimport { b } from "std/layers"\nimport { c } from "../y.mtt"\n',
    );
    expect(importedFiles(file)).toEqual(["work/x", "work/x.mtt", "y.mtt"]);
  });

  it("an error in an imported file is told with that file's name, after the entry's", () => {
    const sources = new Map([
      ["main.mtt", 'import { f } from "./other"\nlet a = nothing\n'],
      ["other.mtt", "block f(x: f32[n]) -> f32[n] = x |> nowhere\n"],
    ]);
    expect(checkSources(sources).diagnostics.map(({ span, code }) => `${span.file} ${code}`)).toEqual([
      "main.mtt MTT2001",
      "other.mtt MTT2001",
    ]);
  });

  it("an entry that is not there is an empty program", () => {
    const { checked, diagnostics } = checkSources(new Map(), {}, library);
    expect(diagnostics).toEqual([]);
    expect(checked.entry.declarations).toEqual([]);
  });
});
