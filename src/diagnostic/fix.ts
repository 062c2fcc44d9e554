import type { Diagnostic, Fix, Sources } from "./diagnostic.ts";

type Edit = Fix["edits"][number];

/**
 * Edits of the safe fixes. Fixes are taken in order; of two that touch the same place the first, so that another look at the new texts may find
 * more to do. A fix is taken whole or not at all: `within` says which files may be changed.
 */
export const safeEdits = (diagnostics: readonly Diagnostic[], within: (file: string) => boolean): readonly Edit[] => {
  const taken: Edit[] = [];
  for (const { fixes } of diagnostics) {
    const fix = fixes.find(({ safe }) => safe);
    if (fix === undefined || !fix.edits.every((edit) => within(edit.span.file))) continue;
    if (!fix.edits.some((edit) => taken.some((other) => touch(edit.span, other.span)))) taken.push(...fix.edits);
  }
  return taken;
};

/** The texts that safe fixes change, by name. */
export const applySafe = (diagnostics: readonly Diagnostic[], sources: Sources): Sources => {
  const taken = safeEdits(diagnostics, (file) => sources.has(file));
  const changed = new Map<string, string>();
  for (const { span, text } of taken.toSorted((a, b) => b.span.start - a.span.start)) {
    const before = changed.get(span.file) ?? sources.get(span.file) ?? "";
    changed.set(span.file, before.slice(0, span.start) + text + before.slice(span.end));
  }
  return changed;
};

const touch = (a: Edit["span"], b: Edit["span"]): boolean => a.file === b.file && a.start <= b.end && b.start <= a.end;
