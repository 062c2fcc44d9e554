import type { Diagnostic, Sources, Span } from "../diagnostic/diagnostic.ts";

/** What a script adds to a program is a text of its own in messages. */
export const SCRIPT = "script";

/** Diagnostics of a program to whose text a script has added, each where it belongs: what begins in the addition stands in `script`. */
export const relocated = (
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  file: string,
  start: number,
): { readonly diagnostics: readonly Diagnostic[]; readonly sources: Sources } => {
  const text = sources.get(file) ?? "";
  const moved = (span: Span): Span =>
    span.file === file && span.start >= start
      ? { file: SCRIPT, start: span.start - start, end: span.end - start }
      : span;
  return {
    diagnostics: diagnostics.map((diagnostic) => ({
      ...diagnostic,
      span: moved(diagnostic.span),
      notes: diagnostic.notes.map((note) =>
        note.kind === "text" && note.span !== undefined ? { ...note, span: moved(note.span) } : note,
      ),
      // Nobody can edit what a script writes by its edits.
      fixes: moved(diagnostic.span).file === SCRIPT ? [] : diagnostic.fixes,
    })),
    sources: new Map([...sources, [file, text.slice(0, start)], [SCRIPT, text.slice(start)]]),
  };
};
