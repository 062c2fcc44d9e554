import { ErrorCodes, type Location, ResponseError, type WorkspaceEdit } from "vscode-languageserver/node";
import { importedFile } from "../check/modules.ts";
import { isStandard, namesInFile } from "../check/scope.ts";
import type { Span } from "../diagnostic/diagnostic.ts";
import { wordAt } from "./hover.ts";
import { homeOf, keyOf, type Occurrence } from "./occurrences.ts";
import { contains, treeOf } from "./tree.ts";
import type { Program, Workspace } from "./workspace.ts";

/** Where the word at a place is declared; of an import's path, the file. */
export function definition(workspace: Workspace, name: string, offset: number): Location | null {
  const program = workspace.program(name);
  if (program === undefined) return null;
  const word = wordAt(workspace, program, offset);
  const home = word && homeOf(word.meaning);
  if (home !== undefined) return workspace.location(home);
  for (const { from } of program.entry.imports) {
    const target = contains(from.span, offset)
      ? importedFile(name, from.value, program.compiled.checked.files)
      : undefined;
    if (target !== undefined) return workspace.location({ file: target, start: 0, end: 0 });
  }
  return null;
}

/** Every word of the workspace that means the same. */
function usesOf(workspace: Workspace, program: Program, word: Occurrence): readonly Occurrence[] {
  const key = keyOf(word.meaning);
  const seen = new Set<string>();
  const found: Occurrence[] = [];
  const collect = (at: Program) => {
    for (const file of at.compiled.checked.files.values()) {
      if (seen.has(file.name)) continue;
      seen.add(file.name);
      for (const one of workspace.words(at, file)) if (keyOf(one.meaning) === key) found.push(one);
    }
  };
  collect(program);
  // What only its own block knows is used nowhere else.
  const local = word.meaning.kind === "local" || word.meaning.kind === "dimension";
  if (!local)
    for (const name of workspace.all()) {
      const other = seen.has(name) ? undefined : workspace.program(name);
      if (other !== undefined) collect(other);
    }
  return found;
}

export function references(workspace: Workspace, name: string, offset: number, declaration: boolean): Location[] {
  const program = workspace.program(name);
  const word = program && wordAt(workspace, program, offset);
  if (program === undefined || word === undefined) return [];
  return usesOf(workspace, program, word)
    .filter(({ declares }) => declaration || !declares)
    .map(({ span }) => workspace.location(span));
}

/** The same word in this file alone. */
export function highlights(workspace: Workspace, name: string, offset: number) {
  const program = workspace.program(name);
  const word = program && wordAt(workspace, program, offset);
  if (program === undefined || word === undefined) return [];
  const key = keyOf(word.meaning);
  return workspace
    .words(program, program.entry)
    .filter(({ meaning }) => keyOf(meaning) === key)
    .map(({ span }) => ({ range: workspace.range(span) }));
}

/** The word at a place where it can be renamed; refuses what is not the user's. */
export function renamed(workspace: Workspace, name: string, offset: number): { program: Program; word: Occurrence } {
  const program = workspace.program(name);
  const word = program && wordAt(workspace, program, offset);
  const home = word && homeOf(word.meaning);
  if (program === undefined || word === undefined || home === undefined)
    throw refusal("nothing with a name of yours stands here");
  const file = program.compiled.checked.files.get(home.file);
  if (file === undefined || isStandard(file)) throw refusal("it belongs to the standard library");
  return { program, word };
}

export function rename(workspace: Workspace, name: string, offset: number, to: string): WorkspaceEdit {
  const { program, word } = renamed(workspace, name, offset);
  const { text } = nameAt(workspace, word.span);
  if (!/^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(to) || ["true", "false", "and", "or", "not"].includes(to))
    throw refusal(`\`${to}\` is not a name`);
  const all = usesOf(workspace, program, word);
  const home = homeOf(word.meaning)!;
  const original = nameAt(workspace, home).text;
  // A name given by `as` is the file's own: renaming it there touches that file alone.
  const alias = word.renamed !== true && text !== original;
  const edits = all.filter((one) =>
    alias
      ? one.span.file === name && one.renamed !== true && nameAt(workspace, one.span).text === text
      : nameAt(workspace, one.span).text === original,
  );
  for (const file of new Set(edits.map(({ span }) => span.file))) refuseClash(workspace, file, edits, to);
  if (!alias && to.startsWith("_") && edits.some(({ span }) => span.file !== home.file))
    throw refusal(`\`${to}\` would be private, and other files import it`);
  const changes = workspace.changes(edits.map(({ span }) => ({ span, text: to })));
  return { changes };
}

const nameAt = (workspace: Workspace, { file, start, end }: Span) => ({
  text: workspace.document(file)?.getText().slice(start, end) ?? "",
});

/** The new name must mean nothing yet, neither where the old one stands nor in what would then see it. */
function refuseClash(workspace: Workspace, name: string, edits: readonly Occurrence[], to: string): void {
  const program = workspace.program(name);
  if (program === undefined) return;
  const { entry } = program;
  const clash = (what: string) => refusal(`\`${to}\` is ${what} already in ${name.slice(name.lastIndexOf("/") + 1)}`);
  const meaning = edits[0]!.meaning;
  if (meaning.kind === "declaration") {
    if (namesInFile(entry).has(to)) throw clash("a name");
  }
  const owners = new Set(
    entry.declarations.filter(({ span }) =>
      edits.some((edit) => edit.span.file === name && contains(span, edit.span.start)),
    ),
  );
  for (const { node, owner } of treeOf(entry).declared)
    if (owners.has(owner) && node !== owner && node.name.text === to) throw clash("declared");
  for (const { span, meaning: other } of workspace.words(program, entry))
    if (
      nameAt(workspace, span).text === to &&
      other.kind !== "argument" &&
      other.kind !== "setting" &&
      (meaning.kind === "declaration" || [...owners].some((owner) => contains(owner.span, span.start)))
    )
      throw clash("used");
}

const refusal = (message: string) => new ResponseError(ErrorCodes.InvalidRequest, message);
