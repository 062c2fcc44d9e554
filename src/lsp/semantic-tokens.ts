import { SemanticTokensBuilder } from "vscode-languageserver/node";
import type { Meaning } from "./occurrences.ts";
import { wordKind, wordKinds } from "./word-kinds.ts";
import type { Workspace } from "./workspace.ts";

export const tokenTypes = [...wordKinds];
export const tokenModifiers = ["declaration", "defaultLibrary", "readonly"];

/** Words by what they mean; the grammar colours the rest. */
export function semanticTokens(workspace: Workspace, name: string): { data: number[] } {
  const builder = new SemanticTokensBuilder();
  const program = workspace.program(name);
  if (program === undefined) return builder.build();
  let end = 0;
  for (const { span, meaning, declares } of workspace.words(program, program.entry)) {
    if (span.start < end) continue;
    end = span.end;
    const { start } = workspace.range(span);
    const modifiers = [...(declares ? ["declaration"] : []), ...modifiersOf(meaning)];
    const bits = modifiers.reduce((all, one) => all | (1 << tokenModifiers.indexOf(one)), 0);
    builder.push(start.line, start.character, span.end - span.start, wordKinds.indexOf(wordKind(meaning)), bits);
  }
  return builder.build();
}

function modifiersOf(meaning: Meaning): readonly string[] {
  if (meaning.kind === "declaration") {
    if (meaning.file.name.startsWith("std/")) return ["defaultLibrary"];
    return meaning.declaration.kind === "param" ? ["readonly"] : [];
  }
  return meaning.kind === "primitive" || meaning.kind === "builtin" ? ["defaultLibrary"] : [];
}
