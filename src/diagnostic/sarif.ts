import { codes } from "./codes.ts";
import type { Diagnostic, Severity, Span } from "./diagnostic.ts";
import { Places } from "./position.ts";

const levels: { readonly [S in Severity]: string } = { error: "error", warning: "warning", info: "note" };

/** SARIF 2.1.0 (OASIS), as code scanning services read it. */
export const renderSarif = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): string => {
  const places = new Places(sources);
  const titles: Readonly<Record<string, string>> = codes;
  const rules = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const ruleIndex = new Map(rules.map((code, index) => [code, index]));

  const region = (span: Span) => {
    const range = places.range(span);
    return range
      ? {
          startLine: range.start.line,
          startColumn: range.start.column,
          endLine: range.end.line,
          endColumn: range.end.column,
        }
      : undefined;
  };
  const artifact = (file: string) => ({ uri: encodeURI(file.replaceAll("\\", "/")) });
  const location = (span: Span) => ({
    physicalLocation: { artifactLocation: artifact(span.file), region: region(span) },
  });
  const text = ({ message, label, help, notes }: Diagnostic) =>
    [
      message,
      ...(label === undefined ? [] : [label]),
      ...notes.map((note) => (note.kind === "text" ? note.text : `${note.stage}: ${note.shape}`)),
      ...(help === undefined ? [] : [`help: ${help}`]),
    ].join("\n");

  const results = diagnostics.map((diagnostic) => {
    const related = diagnostic.notes.flatMap((note) =>
      note.kind === "text" && note.span ? [{ ...location(note.span), message: { text: note.text } }] : [],
    );
    const fixes = diagnostic.fixes.map(({ title, edits }) => ({
      description: { text: title },
      artifactChanges: [...new Set(edits.map(({ span }) => span.file))].map((file) => ({
        artifactLocation: artifact(file),
        replacements: edits
          .filter(({ span }) => span.file === file)
          .map((edit) => ({ deletedRegion: region(edit.span), insertedContent: { text: edit.text } }))
          .filter(({ deletedRegion }) => deletedRegion !== undefined),
      })),
    }));
    return {
      ruleId: diagnostic.code,
      ruleIndex: ruleIndex.get(diagnostic.code),
      level: levels[diagnostic.severity],
      message: { text: text(diagnostic) },
      locations: [location(diagnostic.span)],
      ...(related.length > 0 ? { relatedLocations: related } : {}),
      ...(fixes.length > 0 ? { fixes } : {}),
    };
  });
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "mtt",
            rules: rules.map((code) => ({ id: code, shortDescription: { text: titles[code] ?? code } })),
          },
        },
        columnKind: "unicodeCodePoints",
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
};
