import type { Diagnostic, Fix, Sources } from "./diagnostic.ts";

/**
 * The texts that safe fixes change, by name. Fixes are taken in order; of two that touch the same place the first, so that another look at the
 * new texts may find more to do. A fix is taken whole or not at all.
 */
export const applySafe = (diagnostics: readonly Diagnostic[], sources: Sources): Sources => {
  const taken: Fix["edits"][number][] = [];
  for (const { fixes } of diagnostics) {
    const fix = fixes.find(({ safe }) => safe);
    if (fix === undefined || fix.edits.some((edit) => !sources.has(edit.span.file))) continue;
    if (!fix.edits.some((edit) => taken.some((other) => touch(edit.span, other.span)))) taken.push(...fix.edits);
  }
  const changed = new Map<string, string>();
  for (const { span, text } of taken.toSorted((a, b) => b.span.start - a.span.start)) {
    const before = changed.get(span.file) ?? sources.get(span.file) ?? "";
    changed.set(span.file, before.slice(0, span.start) + text + before.slice(span.end));
  }
  return changed;
};

type Range = Fix["edits"][number]["span"];

const touch = (a: Range, b: Range): boolean => a.file === b.file && a.start <= b.end && b.start <= a.end;
