import type { Diagnostic, Note, Severity } from "./diagnostic.ts";
import { type Lines, Places } from "./position.ts";
import { show } from "./width.ts";

const codes = { error: "31", warning: "33", info: "36", frame: "34", bold: "1" } as const;
type Paint = (style: keyof typeof codes, text: string) => string;

/** Longer lines are cut around the place; spans over more lines show their first and last ones. */
const longestLine = 160;
const mostLines = 4;
const stageColumn = 17;

/** For people: message, place, the source with carets below it, notes, help; a line that counts them at the end. */
export const renderHuman = (
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  { color }: { readonly color: boolean },
): string => {
  if (diagnostics.length === 0) return "";
  const places = new Places(sources);
  const paint: Paint = color ? (style, text) => `\u001B[${codes[style]}m${text}\u001B[0m` : (_, text) => text;
  const blocks = diagnostics.map((diagnostic) => block(diagnostic, places, paint).join("\n"));
  return `${[...blocks, paint("bold", summary(diagnostics))].join("\n\n")}\n`;
};

const block = (diagnostic: Diagnostic, places: Places, paint: Paint): string[] => {
  const { code, severity, span, message } = diagnostic;
  const lines = places.lines(span.file);
  const range = places.range(span);
  const width = range ? String(lastShown(range.start.line, range.end)).length : 1;
  const margin = " ".repeat(width + 1);
  const at = range ? `:${range.start.line}:${range.start.column}` : "";
  return [
    `${paint(severity, `${severity}[${code}]`)}${paint("bold", `: ${message}`)}`,
    `${" ".repeat(width)}${paint("frame", "┌")} ${span.file}${at}`,
    ...(lines && range ? snippet(diagnostic, lines, width, paint) : []),
    ...notes(diagnostic.notes, places).map((note) => `${margin}${paint("frame", "=")} ${indent(note, margin)}`),
    ...helps(diagnostic).map((help) => `${margin}${paint("info", "help:")} ${indent(help, margin)}`),
  ];
};

/** A span that ends where a line begins ends on the line before. */
const lastShown = (first: number, end: { readonly line: number; readonly column: number }): number =>
  end.column === 1 && end.line > first ? end.line - 1 : end.line;

const helps = ({ help, fixes }: Diagnostic): string[] =>
  help !== undefined ? [help] : fixes.slice(0, 1).map((fix) => fix.title);

const indent = (text: string, margin: string): string => text.replaceAll("\n", `\n${margin}  `);

const snippet = ({ span, label, severity }: Diagnostic, lines: Lines, width: number, paint: Paint): string[] => {
  const first = lines.position(span.start).line;
  const last = lastShown(first, lines.position(Math.max(span.start, span.end)));
  const out: string[] = [];
  for (let line = first; line <= last; line++) {
    if (last - first >= mostLines && line === first + 2) {
      out.push(`${" ".repeat(width)} ${paint("frame", "⋮")}`);
      line = last;
    }
    const { text, start } = lines.lineAt(line);
    const from = Math.max(span.start - start, line === first ? 0 : text.length - text.trimStart().length);
    const to = Math.max(from, Math.min(span.end - start, text.length));
    const cut = window(text, Math.min(from, text.length), to);
    const shown = show(cut.text);
    const column = shown.columns[cut.from]!;
    const carets = "^".repeat(Math.max(1, shown.columns[cut.to]! - column));
    const said = line === last && label !== undefined ? ` ${label}` : "";
    const number = paint("frame", `${String(line).padStart(width)} │`);
    out.push(`${number} ${shown.text}`.trimEnd());
    if (line > first && line < last && text.trim() === "") continue;
    const below = paint(severity, `${carets}${said}`);
    out.push(`${" ".repeat(width)} ${paint("frame", "│")} ${" ".repeat(column)}${below}`);
  }
  return out;
};

/** The part of a line that is shown: all of it, or what surrounds the place. */
const window = (text: string, from: number, to: number): { text: string; from: number; to: number } => {
  if (text.length <= longestLine) return { text, from, to };
  const start = Math.max(0, Math.min(from - longestLine / 4, text.length - longestLine));
  const end = Math.min(text.length, start + longestLine);
  const before = start > 0 ? "…" : "";
  const after = end < text.length ? "…" : "";
  const shift = before.length - start;
  return {
    text: `${before}${text.slice(start, end)}${after}`,
    from: from + shift,
    to: Math.min(to, end) + shift,
  };
};

const notes = (all: readonly Note[], places: Places): string[] => {
  const stages = all.filter((note) => note.kind === "stage");
  const column = Math.max(stageColumn, ...stages.map(({ stage }) => [...stage].length + 2));
  return all.map((note) => {
    if (note.kind === "stage") return `${note.stage}${" ".repeat(column - [...note.stage].length)}${note.shape}`;
    const range = note.span && places.range(note.span);
    const at = note.span && range ? ` (${note.span.file}:${range.start.line}:${range.start.column})` : "";
    return `${note.text}${at}`;
  });
};

const plurals: { readonly [S in Severity]: readonly [string, string] } = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  info: ["remark", "remarks"],
};

/** 2 errors, 1 warning; `mtt check --fix` mends 1 */
const summary = (diagnostics: readonly Diagnostic[]): string => {
  const counts = (["error", "warning", "info"] as const)
    .map((severity) => ({ severity, count: diagnostics.filter((d) => d.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${plurals[severity][count === 1 ? 0 : 1]}`)
    .join(", ");
  const safe = diagnostics.filter(({ fixes }) => fixes.some((fix) => fix.safe)).length;
  return safe === 0
    ? counts
    : `${counts}; \`mtt check --fix\` mends ${safe === diagnostics.length ? "all of it" : safe}`;
};
