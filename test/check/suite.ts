import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { withoutAllowed } from "../../src/check/allow.ts";
import { type CheckOptions, check } from "../../src/check/check.ts";
import type { Checked } from "../../src/check/checked.ts";
import { loadModules } from "../../src/check/modules.ts";
import { warningsOf } from "../../src/check/warnings/warnings.ts";
import type { Diagnostic, Sources } from "../../src/diagnostic/diagnostic.ts";

export const root = resolve(import.meta.dirname, "../..");

/** Texts of the standard library, as they lie in stdlib/. */
export const library: Sources = new Map(
  readdirSync(join(root, "stdlib"))
    .filter((file) => file.endsWith(".mtt"))
    .map((file) => [`std/${file}`, readFileSync(join(root, "stdlib", file), "utf8")]),
);

export interface Outcome {
  readonly checked: Checked;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses and checks a program of these files, the first the entry; the standard library stands beside them unless given. */
export function checkSources(sources: Sources, options: CheckOptions = {}, std: Sources = library): Outcome {
  const [entry] = sources.keys();
  const modules = loadModules(entry!, new Map([...sources, ...std]));
  const checked = check(entry!, modules.files, options);
  const order = [...modules.files.keys()];
  const found = [...modules.diagnostics, ...checked.diagnostics];
  const right = found.every(({ severity }) => severity !== "error");
  const all = [...found, ...(right ? warningsOf(checked) : [])];
  const diagnostics = [...withoutAllowed(all, checked, right)].sort(
    (a, b) => order.indexOf(a.span.file) - order.indexOf(b.span.file) || a.span.start - b.span.start,
  );
  return { checked, diagnostics };
}

export const checkText = (text: string, options: CheckOptions = {}): Outcome =>
  checkSources(new Map([["main.mtt", text]]), options);

/** What a diagnostic says, without its place. */
export const said = ({ code, message }: Diagnostic): string => `${code} ${message}`;

/** A diagnostic as the comments of test/suite expect it: ``7: error MTT2001 `digts`: there is no `digts` ``. */
export function line(diagnostic: Diagnostic, text: string): string {
  const { severity, code, span, message } = diagnostic;
  const at = text.slice(0, span.start).split("\n").length;
  return `${at}: ${severity} ${code} \`${text.slice(span.start, span.end)}\`: ${message}`;
}

/** Comments `// error CODE \`text\`: message` stand above the line they expect it in; several may. */
export function expected(text: string): readonly string[] {
  const found: string[] = [];
  const waiting: string[] = [];
  for (const [i, row] of text.split("\n").entries()) {
    const comment = /^\s*\/\/ ((?:error|warning|info) MTT\d{4} `.*`: .*)$/.exec(row);
    if (comment !== null) waiting.push(comment[1]!);
    else for (const one of waiting.splice(0)) found.push(`${i + 1}: ${one}`);
  }
  return found;
}
