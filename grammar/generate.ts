// Writes the grammar's forms from lexer and parser: npm run generate.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toEbnf } from "./ebnf.ts";
import { readGrammar } from "./model.ts";
import { toRailroad } from "./railroad.ts";
import { toTextMate } from "./textmate.ts";

/** File name → text, for this script and for the test that they have not drifted. */
export const generate = (): ReadonlyMap<string, string> => {
  const rules = readGrammar();
  return new Map([
    ["mtt.ebnf", toEbnf(rules)],
    ["railroad.html", toRailroad(rules)],
    ["../editors/vscode/syntaxes/mtt.tmLanguage.json", toTextMate()],
  ]);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of generate()) writeFileSync(new URL(file, import.meta.url), text);
}
