import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate, { type IGrammar } from "vscode-textmate";
import { parse } from "../../src/syntax/parse.ts";

const root = resolve(import.meta.dirname, "../..");
const path = join(root, "editors/vscode/syntaxes/mtt.tmLanguage.json");

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = readFileSync(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources) => new oniguruma.OnigScanner(sources),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(path, "utf8"), path),
  });
  const loaded = await registry.loadGrammar("source.mtt");
  if (loaded === null) throw new TypeError("no grammar");
  grammar = loaded;
});

/** The innermost scope of each character. */
const colours = (text: string): readonly string[] => {
  const found: string[] = [];
  let state = textmate.INITIAL;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    const scopes = new Array<string>(line.length + 1).fill("");
    for (const token of tokens) scopes.fill(token.scopes.at(-1) ?? "", token.startIndex, token.endIndex);
    found.push(...scopes);
    state = ruleStack;
  }
  return found;
};

const corpus = ["pipelines", "pipelines/paper", "stdlib", "test/suite/valid"].flatMap((folder) => {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".mtt"));
  return names.map((name) => join(folder, name));
});

describe("the grammar for editors", () => {
  it.each(corpus)("sees declarations, comments, strings and numbers where the parser does: %s", (name) => {
    const text = readFileSync(join(root, name), "utf8");
    const { file } = parse(name, text);
    const scopes = colours(text);
    const wrong: string[] = [];
    const expectScope = (start: number, end: number, scope: RegExp) => {
      for (let i = start; i < end; i++) {
        if (text[i] !== "\n" && !scope.test(scopes[i] ?? "")) {
          wrong.push(`${JSON.stringify(text.slice(start, end))} at ${start}: ${scopes[i]} instead of ${scope}`);
          return;
        }
      }
    };
    for (const { span } of file.comments) expectScope(span.start, span.end, /^comment\./);
    for (const declaration of file.declarations) {
      if (declaration.kind === "assert") expectScope(declaration.span.start, declaration.span.start + 6, /^keyword/);
      else expectScope(declaration.name.span.start, declaration.name.span.end, /^(entity\.name|variable\.other)/);
    }
    for (const { from, span } of file.imports) {
      expectScope(span.start, span.start + 6, /^keyword/);
      expectScope(from.span.start, from.span.end, /^string/);
    }
    expect(wrong).toEqual([]);
  });

  it("takes words for keywords only where they are", () => {
    const text = "let report = 1\nlet block = report + block\nassert report > 0 and not block < 3x4 // assert\n";
    const scopes = colours(text);
    const at = (word: string, from = 0) => scopes[text.indexOf(word, from)];
    expect(at("let")).toBe("keyword.declaration.mtt");
    expect(at("report")).toBe("variable.other.mtt");
    expect(at("report", 30)).toBe("source.mtt");
    expect(at("assert")).toBe("keyword.control.assert.mtt");
    expect(at("and")).toBe("keyword.operator.word.mtt");
    expect(at("3x4")).toBe("constant.numeric.size.mtt");
    expect(at("// assert")).toBe("comment.line.double-slash.mtt");
  });
});
