import { type InlayHint, InlayHintKind } from "vscode-languageserver-types";
import { showType } from "../check/types.ts";
import { treeOf } from "./tree.ts";
import type { Workspace } from "./workspace.ts";

/** The shape after every stage of a pipe, and after the input it starts with, that stand in a range of the text. */
export function inlayHints(workspace: Workspace, name: string, from: number, to: number): InlayHint[] {
  const program = workspace.program(name);
  if (program === undefined) return [];
  const hints: { at: number; shape: string }[] = [];
  for (const { node } of treeOf(program.entry).expressions) {
    if (node.kind !== "pipe" || node.stage.span.end < from || node.stage.span.start > to) continue;
    const type = program.compiled.checked.types.get(node);
    if (type?.kind === "tensor") hints.push({ at: node.stage.span.end, shape: showType(type) });
  }
  const document = workspace.document(name);
  return hints
    .sort((a, b) => a.at - b.at)
    .map(({ at, shape }) => ({
      position: document!.positionAt(at),
      label: shape,
      kind: InlayHintKind.Type,
      paddingLeft: true,
    }));
}
