import type { Span } from "../diagnostic/diagnostic.ts";
import { Places } from "../diagnostic/position.ts";
import type { Step } from "../plan/plan.ts";
import type { Outcome } from "./outcome.ts";
import type { Said } from "./reports.ts";
import type { About } from "./setting.ts";

/** What a report says of its program and its steps, each with its place. */
export const saidOf = (
  steps: readonly (Pick<Outcome, "warnings"> & { readonly step: Step })[],
  about: About | undefined,
): readonly Said[] => {
  const places = new Places(about?.texts ?? new Map());
  const placed = (span: Span): Pick<Said, "at"> => {
    const file = about?.pathOf(span.file) ?? span.file;
    const start = places.range({ ...span, file })?.start;
    if (start === undefined) return {};
    const { line, column } = start;
    return { at: { file, line, column, text: places.lines(file)!.lineAt(line).text.trim() } };
  };
  const ofProgram = (about?.warnings ?? []).map(
    ({ code, message, help, notes, span }): Said => ({
      code,
      message,
      ...(help === undefined ? {} : { help }),
      notes: notes.map((note) => (note.kind === "text" ? note.text : `${note.stage}: ${note.shape}`)),
      ...placed(span),
    }),
  );
  const ofSteps = steps.flatMap(({ step, warnings = [] }) =>
    warnings.map((warning): Said => ({ ...warning, notes: [], step: step.id, ...placed(step.span) })),
  );
  return [...ofProgram, ...ofSteps];
};
