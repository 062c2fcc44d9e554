import { codes } from "../diagnostic/codes.ts";
import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import { type Lines, Places } from "../diagnostic/position.ts";
import type { File } from "../syntax/ast.ts";
import type { Checked } from "./checked.ts";
import { isLibrary } from "./modules.ts";
import { problems } from "./problems.ts";

/** A code of a comment `// mtt: allow MTT2015, MTT3101: why`, and the line that it is for. */
interface Allow {
  readonly code: string;
  readonly span: Span;
  readonly line: number;
}

/**
 * Leaves out warnings that a comment allows: `// mtt: allow MTT2015` behind the code of a line, or above it. Where `complete` (all that may be
 * warned of is among the diagnostics), what a comment allows in vain is warned of.
 */
export function withoutAllowed(
  diagnostics: readonly Diagnostic[],
  { files }: Checked,
  complete: boolean,
): readonly Diagnostic[] {
  const places = new Places(new Map([...files].map(([name, { text }]) => [name, text])));
  const allows = [...files.values()].filter(({ name }) => !isLibrary(name)).flatMap((file) => allowsOf(file, places));
  if (allows.length === 0) return diagnostics;
  const used = new Set<Allow>();
  const kept = diagnostics.filter(({ code, severity, span }) => {
    const line = places.range(span)?.start.line;
    const allow = allows.find((one) => one.code === code && one.line === line && one.span.file === span.file);
    if (allow === undefined || severity === "error") return true;
    used.add(allow);
    return false;
  });
  if (!complete) return kept;
  return [...kept, ...allows.filter((allow) => !used.has(allow)).map((allow) => idle(allow))];
}

const pattern = /^\/\/\s*mtt:\s*allow\b/;

function allowsOf({ comments, text, name }: File, places: Places): readonly Allow[] {
  const lines = places.lines(name);
  return comments.flatMap(({ kind, text: comment, span }) => {
    const head = kind === "line" ? pattern.exec(comment)?.[0] : undefined;
    if (head === undefined || lines === undefined) return [];
    const line = lines.position(span.start).line;
    const alone = text.slice(lines.lineAt(line).start, span.start).trim() === "";
    const at = (start: number, code: string): Allow => ({
      code,
      span: { file: name, start: span.start + start, end: span.start + start + Math.max(code.length, 1) },
      line: alone ? nextCode(lines, line) : line,
    });
    const written = [...comment.slice(head.length).matchAll(/\bMTT\w+/g)];
    return written.length === 0 ? [at(0, "")] : written.map(({ 0: code, index }) => at(head.length + index, code));
  });
}

/** The number of the next line that holds more than a comment. */
function nextCode(lines: Lines, from: number): number {
  for (let line = from + 1; line <= lines.count; line++)
    if (!/^\s*(?:\/\/|$)/.test(lines.lineAt(line).text)) return line;
  return from;
}

function idle({ code, span }: Allow): Diagnostic {
  const known = Object.keys(codes).includes(code);
  const message = known ? `nothing here says ${code}` : `there is no warning ${code}`;
  return problems.idleAllow(span, code === "" ? "an `allow` names the code of a warning" : message, {
    label: "allowed in vain",
    help: known ? "remove it; errors cannot be allowed" : "write the code of a warning, such as MTT2015",
  });
}
