import type { Diagnostic, Note, Span } from "./diagnostic.ts";
import { Places } from "./position.ts";

/** One JSON object a line; `range` is null where the text is not at hand. */
export const renderJson = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): string => {
  const places = new Places(sources);
  return diagnostics.map((diagnostic) => `${JSON.stringify(toJson(diagnostic, places))}\n`).join("");
};

/** A diagnostic as other programs get it: lines and columns (code points) from 1, offsets in UTF-16 code units from 0. */
export const toJson = (diagnostic: Diagnostic, places: Places) => {
  const { code, severity, span, message, label, notes, help, fixes } = diagnostic;
  const range = (at: Span) => places.range(at) ?? null;
  const noteOf = (note: Note) =>
    note.kind === "text" && note.span
      ? { kind: note.kind, text: note.text, file: note.span.file, range: range(note.span) }
      : note;
  return {
    code,
    severity,
    file: span.file,
    range: range(span),
    message,
    label: label ?? null,
    notes: notes.map(noteOf),
    help: help ?? null,
    fixes: fixes.map(({ title, safe, edits }) => ({
      title,
      safe,
      edits: edits.map((edit) => ({ file: edit.span.file, range: range(edit.span), text: edit.text })),
    })),
  };
};
