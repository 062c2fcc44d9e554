import { type Compiled, compile } from "../../src/compile.ts";
import type { Diagnostic, Span } from "../../src/diagnostic/diagnostic.ts";
import { format } from "../../src/format/format.ts";
import { parse } from "../../src/syntax/parse.ts";

/** What came of one text. */
export interface Outcome {
  /** Whether it parses without an error, and whether it compiles without one. */
  readonly parses: boolean;
  readonly compiles: boolean;
  /** The first property that does not hold of it, in words; a thrown error is one. */
  readonly broken?: string;
}

const name = "fuzz.mtt";
const isError = ({ severity }: Diagnostic): boolean => severity === "error";
const compiled = (text: string): Compiled => compile(name, new Map([[name, text]]));

/** What must hold of every text: see the messages. */
export function outcomeOf(text: string): Outcome {
  let known = { parses: false, compiles: false };
  try {
    const { diagnostics, checked } = compiled(text);
    known = { parses: !parse(name, text).diagnostics.some(isError), compiles: !diagnostics.some(isError) };
    const lies = (span: Span) => {
      const of = checked.files.get(span.file)?.text;
      return of !== undefined && span.start >= 0 && span.start <= span.end && span.end <= of.length;
    };
    for (const diagnostic of diagnostics) {
      const { span, notes, fixes, code, message } = diagnostic;
      const spans = [
        span,
        ...notes.flatMap((note) => (note.kind === "text" && note.span ? [note.span] : [])),
        ...fixes.flatMap(({ edits }) => edits.map((edit) => edit.span)),
      ];
      if (!spans.every(lies)) return { ...known, broken: `${code} ${message}: a place outside of the file` };
      if (span.file !== name && !text.includes("import"))
        return { ...known, broken: `${code} ${message}: told of ${span.file}` };
    }
    if (JSON.stringify(compiled(text).diagnostics) !== JSON.stringify(diagnostics))
      return { ...known, broken: "checked twice, it says something else" };
    if (!known.parses) return known;
    const once = format(text, name);
    if (typeof once !== "string") return { ...known, broken: "it parses and is not formatted" };
    const twice = format(once, name);
    if (twice !== once) return { ...known, broken: "formatting what is formatted changes it" };
    const [before, after] = [said(diagnostics), said(compiled(once).diagnostics)];
    if (before.join("\n") === after.join("\n")) return known;
    const first = before.findIndex((line, i) => line !== after[i]);
    const at = first < 0 ? before.length : first;
    return { ...known, broken: `formatted, it says something else: ${before[at]} became ${after[at]}` };
  } catch (error) {
    return { ...known, broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** What is said, without its place and notes (stages of one line stand together in them, and lines may change). */
const said = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map(({ severity, code, message }) => `${severity} ${code} ${message}`);
