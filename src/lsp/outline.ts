import { type DocumentSymbol, type FoldingRange, FoldingRangeKind, SymbolKind } from "vscode-languageserver-types";
import type { Declaration, File, Statement } from "../syntax/ast.ts";
import type { Workspace } from "./workspace.ts";

const symbolKinds = {
  param: SymbolKind.Constant,
  let: SymbolKind.Variable,
  block: SymbolKind.Function,
  network: SymbolKind.Class,
  step: SymbolKind.Event,
  weight: SymbolKind.Field,
  state: SymbolKind.Property,
} as const;

type Named = Exclude<Declaration, { kind: "assert" }>;

const detailOf = (node: Named | Statement): string => (node.kind === "step" ? node.step : node.kind);

const namedOf = (file: File): readonly Named[] =>
  file.declarations.filter((one): one is Named => one.kind !== "assert" && one.name.text !== "");

export function documentSymbols(workspace: Workspace, name: string): DocumentSymbol[] {
  const program = workspace.program(name);
  if (program === undefined) return [];
  const symbol = (node: Named | Statement): DocumentSymbol => ({
    name: node.name.text,
    detail: detailOf(node),
    kind: symbolKinds[node.kind],
    range: workspace.range(node.span),
    selectionRange: workspace.range(node.name.span),
    ...(node.kind === "block" || node.kind === "network"
      ? { children: node.statements.filter((one) => one.name.text !== "").map(symbol) }
      : {}),
  });
  return namedOf(program.entry).map(symbol);
}

/** Declarations of all programs whose names hold the letters of the query in order. */
export function workspaceSymbols(workspace: Workspace, query: string) {
  const wanted = new RegExp([...query].map((c) => c.replace(/[^\p{L}\p{N}_]/gu, "\\$&")).join(".*"), "iu");
  return workspace.all().flatMap((file) => {
    const document = workspace.document(file);
    if (document === undefined) return [];
    return namedOf(workspace.parse(file, document.getText()).file)
      .filter(({ name }) => wanted.test(name.text))
      .map((node) => ({
        name: node.name.text,
        kind: symbolKinds[node.kind],
        containerName: detailOf(node),
        location: workspace.location(node.name.span),
      }));
  });
}

/** Declarations of several lines, imports, and comments. */
export function foldings(workspace: Workspace, name: string): FoldingRange[] {
  const program = workspace.program(name);
  if (program === undefined) return [];
  const { declarations, imports, comments } = program.entry;
  const fold = (first: { start: number }, last: { end: number }, kind?: FoldingRangeKind): FoldingRange[] => {
    const { start, end } = workspace.range({ file: name, start: first.start, end: last.end });
    if (end.line <= start.line) return [];
    return [{ startLine: start.line, endLine: end.line, ...(kind === undefined ? {} : { kind }) }];
  };
  const blocks: { start: number; end: number }[] = [];
  const lineOf = (offset: number) => workspace.range({ file: name, start: offset, end: offset }).start.line;
  for (const { span } of comments) {
    const last = blocks.at(-1);
    if (last !== undefined && lineOf(span.start) === lineOf(last.end) + 1) last.end = span.end;
    else blocks.push({ start: span.start, end: span.end });
  }
  return [
    ...declarations.flatMap(({ span }) => fold(span, span)),
    ...(imports.length > 1 ? fold(imports[0]!.span, imports.at(-1)!.span, FoldingRangeKind.Imports) : []),
    ...blocks.flatMap((block) => fold(block, block, FoldingRangeKind.Comment)),
  ];
}
