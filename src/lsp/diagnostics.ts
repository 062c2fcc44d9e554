import {
  type CodeAction,
  CodeActionKind,
  DiagnosticSeverity,
  type Diagnostic as Reported,
} from "vscode-languageserver-types";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { safeEdits } from "../diagnostic/fix.ts";
import type { Workspace } from "./workspace.ts";

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** The message, what was expected, the pipeline's shapes and the help, as the terminal shows them below each other. */
export function messageOf({ message, label, notes, help }: Diagnostic): string {
  const stages = notes.flatMap((note) => (note.kind === "stage" ? [note] : []));
  const width = Math.max(0, ...stages.map(({ stage }) => stage.length));
  return [
    message,
    ...(label === undefined ? [] : [label]),
    ...notes.map((note) => (note.kind === "stage" ? `= ${note.stage.padEnd(width)}  ${note.shape}` : `= ${note.text}`)),
    ...(help === undefined ? [] : [`help: ${help}`]),
  ].join("\n");
}

/** A diagnostic for an editor. */
export function reported(workspace: Workspace, diagnostic: Diagnostic): Reported {
  const { code, severity, notes, span } = diagnostic;
  const related = notes.flatMap((note) =>
    note.kind === "text" && note.span !== undefined
      ? [{ location: workspace.location(note.span), message: note.text }]
      : [],
  );
  return {
    range: workspace.range(span),
    severity: severities[severity],
    code,
    source: "mtt",
    message: messageOf(diagnostic),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
  };
}

/**
 * What there is to say of each file, by name: of an open document what its own check says, of a file that is not open what the programs that read
 * it say.
 */
export function diagnosticsOf(workspace: Workspace): ReadonlyMap<string, readonly Reported[]> {
  const found = new Map<string, Map<string, Reported>>();
  for (const entry of workspace.open) {
    const program = workspace.program(entry);
    if (program === undefined) continue;
    for (const file of [entry, ...program.texts.keys()]) if (!found.has(file)) found.set(file, new Map());
    for (const diagnostic of program.compiled.diagnostics) {
      const { file } = diagnostic.span;
      if (file !== entry && workspace.isOpen(file)) continue;
      const shown = reported(workspace, diagnostic);
      const of = found.get(file) ?? new Map<string, Reported>();
      found.set(file, of.set(JSON.stringify(shown), shown));
    }
  }
  return new Map([...found].map(([file, all]) => [file, [...all.values()]]));
}

/** The repairs that the diagnostics of a range propose, and all safe ones of the file at once. */
export function codeActions(workspace: Workspace, name: string, from: number, to: number): CodeAction[] {
  const program = workspace.program(name);
  if (program === undefined) return [];
  const here = program.compiled.diagnostics.filter(({ span }) => span.file === name);
  const actions = here
    .filter(({ span }) => span.start <= to && span.end >= from)
    .flatMap((diagnostic) =>
      diagnostic.fixes.map(
        (fix): CodeAction => ({
          title: fix.title,
          kind: CodeActionKind.QuickFix,
          diagnostics: [reported(workspace, diagnostic)],
          isPreferred: fix.safe,
          edit: { changes: workspace.changes(fix.edits) },
        }),
      ),
    );
  const safe = safeEdits(here, (file) => file === name);
  if (safe.length === 0) return actions;
  const all: CodeAction = {
    title: "repair all that is safe to repair",
    kind: CodeActionKind.SourceFixAll,
    edit: { changes: workspace.changes(safe) },
  };
  return [...actions, all];
}
