import { type CompletionItem, CompletionItemKind, InsertTextFormat } from "vscode-languageserver-types";
import { builtinNames, builtins, builtinsNamed } from "../check/builtins.ts";
import type { Type } from "../check/checked.ts";
import { kinds } from "../check/kinds/index.ts";
import { STANDARD } from "../check/modules.ts";
import { primitiveNames } from "../check/primitives.ts";
import { isNamed, isPublic, isStandard, resultFits, wordsOf } from "../check/scope.ts";
import { describeWant, showType } from "../check/types.ts";
import { opaqueKinds, type Want } from "../check/want.ts";
import { fitsWant } from "../check/wants.ts";
import { stdlib } from "../generated/stdlib.ts";
import { surface } from "../ir/surface.ts";
import type { StepKind } from "../syntax/ast.ts";
import { declarationWords, dtypes, statementWords } from "../syntax/words.ts";
import { calleesNamed, declarationNamed } from "./callee.ts";
import { markdown, showBuiltin, showValue, tell } from "./hover.ts";
import { callAt, declarationBefore, type Place, placeAt } from "./place.ts";
import { contains, treeOf } from "./tree.ts";
import type { Program, Workspace } from "./workspace.ts";

/** What may stand at a place. */
export function completion(workspace: Workspace, name: string, offset: number): CompletionItem[] {
  const program = workspace.program(name);
  const text = workspace.document(name)?.getText();
  if (program === undefined || text === undefined) return [];
  const place = placeAt(name, text, offset);
  if (place.inside === "comment") return [];
  if (place.inside === "string") return place.before.at(-1)?.text === "from" ? importPaths(workspace, name) : [];
  const found = atPlace(workspace, program, place);
  // The nearest meaning of a name hides the others.
  const seen = new Set<string>();
  return found.filter(({ label, kind }) => {
    const key = `${label}\n${kind === CompletionItemKind.Property}`;
    return !seen.has(key) && seen.add(key);
  });
}

function atPlace(workspace: Workspace, program: Program, place: Place): CompletionItem[] {
  const { before, open } = place;
  const last = before.at(-1);
  if (last?.text === ".") return members(program, last.start);
  if (last?.text === "|>") return stagesAfter(program, place);
  const inner = open.at(-1);
  if (inner === undefined) {
    if (typeFollows(place, 0)) return types();
    const begins = last === undefined || isAfterLine(workspace, program, place);
    return [...(begins ? keywords([...declarationWords.keys()]) : []), ...values(program, place, undefined)];
  }
  const bracket = before[inner]!.text;
  if (bracket === "{" && before[inner - 1]?.text === "import") return importable(workspace, program, place);
  const call = callAt(place);
  if (call?.innermost) {
    if (call.declares) return typeFollows(place, inner + 1) ? types() : [];
    const known = calleesNamed(program, call.callee.text);
    const all = known.flatMap(({ parameters }) => parameters);
    if (call.named !== undefined) return values(program, place, all.find((one) => one.name === call.named)?.want);
    const starts = last?.text === "(" || last?.text === ",";
    const names = starts
      ? all.filter((one) => !call.names.has(one.name)).map((one) => named(one.name, one.label, one.doc))
      : [];
    return [...names, ...values(program, place, all[call.argument]?.want)];
  }
  if (bracket === "{") {
    const step = stepAround(place, inner);
    if (step !== undefined) return stepPlace(program, place, inner, step);
    const starts = last?.text === "{" || isAfterLine(workspace, program, place);
    return [...(starts ? keywords([...statementWords.keys()]) : []), ...values(program, place, undefined)];
  }
  const field = open.findLast((i) => before[i]!.text === "{");
  const step = field === undefined ? undefined : stepAround(place, field);
  const want = step === undefined || field === undefined ? undefined : wantOf(step, fieldBefore(place, field));
  return values(program, place, want?.want === "list" ? want.item : want);
}

/** The word at the place is the first of its line. */
function isAfterLine(workspace: Workspace, { entry }: Program, { before, start }: Place): boolean {
  const end = before.at(-1)?.end ?? 0;
  return workspace.document(entry.name)?.getText().slice(end, start).includes("\n") === true;
}

/** A `:` or `->` of a declaration is the last thing before, and not that of a field or an argument. */
function typeFollows({ before }: Place, from: number): boolean {
  const [last, second, third] = [before.at(-1), before.at(-2), before.at(-3)];
  if (last?.text === ">" && second?.text === "-") return true;
  if (last?.text === "->") return true;
  if (last?.text !== ":" || before.length - from < 2) return false;
  return from > 0 || declarationWords.has(third?.text ?? "") || statementWords.has(third?.text ?? "");
}

/** The kind of step whose record is opened by this bracket. */
function stepAround(place: Place, inner: number): StepKind | undefined {
  const word = declarationBefore(place, inner)?.text;
  const kind = Object.keys(kinds).find((one): one is StepKind => one === word);
  const at = place.before[inner - 1];
  const direct = at?.text === "with" || place.before[inner - 2]?.text === word;
  return direct ? kind : undefined;
}

/** The field of the record whose value is being written. */
function fieldBefore({ before }: Place, inner: number): string | undefined {
  let depth = 0;
  for (let i = before.length - 1; i > inner; i--) {
    const { text } = before[i]!;
    if (")]}".includes(text)) depth++;
    else if ("([{".includes(text)) depth--;
    else if (text === ":" && depth <= 0 && before[i - 1]!.first) return before[i - 1]!.text;
    else if (text === ":" && depth <= 0 && ["{", ","].includes(before[i - 2]?.text ?? "")) return before[i - 1]!.text;
  }
  return undefined;
}

const wantOf = (step: StepKind, name: string | undefined): Want | undefined =>
  kinds[step].fields.find((field) => field.name === name)?.want;

function stepPlace(program: Program, place: Place, inner: number, step: StepKind): CompletionItem[] {
  const last = place.before.at(-1);
  const text = program.entry.text.slice(last?.end ?? 0, place.start);
  if (last?.text === "{" || last?.text === "," || text.includes("\n")) {
    const given = new Set(
      treeOf(program.entry).fields.flatMap(({ node, step: of }) =>
        of !== undefined && contains(of.span, place.before[inner]!.start) && node.name.span.start !== place.start
          ? [node.name.text]
          : [],
      ),
    );
    return kinds[step].fields
      .filter(({ name }) => !given.has(name))
      .map(({ name, want, doc, default: value }) =>
        named(name, `${name}: ${describeWant(want)}${value === undefined ? "" : ` (default: ${value})`}`, doc),
      );
  }
  return values(program, place, wantOf(step, fieldBefore(place, inner)));
}

const named = (name: string, code: string, doc?: string): CompletionItem => ({
  label: name,
  kind: CompletionItemKind.Property,
  insertText: `${name}: `,
  documentation: markdown({ code, doc }),
  sortText: `0${name}`,
});

const keywords = (words: readonly string[]): CompletionItem[] =>
  words.map((label) => ({ label, kind: CompletionItemKind.Keyword, sortText: `1${label}` }));

const types = (): CompletionItem[] =>
  [...dtypes, "class", "int", "float", "bool", "string", "size", "padding", "block", "dataset", ...opaqueKinds].map(
    (label) => ({ label, kind: CompletionItemKind.TypeParameter }),
  );

/** What may follow the dot. */
function members({ entry, compiled }: Program, dot: number): CompletionItem[] {
  for (const { node } of treeOf(entry).expressions) {
    if (node.kind !== "field" || node.target.span.end > dot || node.span.end < dot || node.name.span.start < dot)
      continue;
    const known = compiled.checked.members.get(node.target);
    if (known !== undefined)
      return [...known].map(([label, type]) => ({ label, kind: CompletionItemKind.Field, detail: showValue(type) }));
  }
  return [];
}

/** The type of what flows into a stage, as far as it is known: of the widest expression that ends before the `|>`. */
function pipedType({ entry, compiled }: Program, { before }: Place): Type | undefined {
  const end = before.at(-2)?.end;
  const ending = treeOf(entry)
    .expressions.filter(({ node }) => node.span.end === end && node.kind !== "binary" && node.kind !== "unary")
    .sort((a, b) => a.node.span.start - b.node.span.start);
  for (const { node } of ending) {
    const type = compiled.checked.types.get(node);
    if (type !== undefined && type.kind !== "error") return type;
  }
  return undefined;
}

function stagesAfter(program: Program, place: Place): CompletionItem[] {
  const type = pipedType(program, place);
  const takes = builtins.filter(
    ({ parameters: [first] }) => type !== undefined && first !== undefined && fitsWant(type, first.want),
  );
  if (type?.kind === "dataset" || type?.kind === "step" || type?.kind === "list")
    return takes.map((row) => builtinItem(row.name, "0"));
  return [...blockItems(program), ...primitiveItems()];
}

const builtinItem = (name: string, rank: string): CompletionItem => {
  const rows = builtinsNamed(name);
  return {
    label: name,
    kind: CompletionItemKind.Function,
    documentation: markdown({ code: rows.map(showBuiltin).join("\n"), doc: rows[0]?.doc }),
    sortText: `${rank}${name}`,
  };
};

const primitiveItems = (): CompletionItem[] =>
  primitiveNames
    .filter((name) => /^\w/.test(name))
    .map((label) => ({
      label,
      kind: CompletionItemKind.Function,
      documentation: surface.get(label)?.doc ?? "",
      sortText: `5${label}`,
    }));

/** Blocks of the file, of its imports and of the standard library. */
function blockItems(program: Program): CompletionItem[] {
  const { files } = program.compiled.checked;
  const own = namesOf(program).filter((name) => declarationNamed(program, name)?.kind === "block");
  const library = [...files.values()]
    .filter(isStandard)
    .flatMap(({ declarations }) => declarations.filter(isNamed).map(({ name }) => name.text))
    .filter(isPublic);
  return [
    ...own.map((name) => declaredItem(program, name, "2")),
    ...library.map((name) => declaredItem(program, name, "3")),
  ];
}

const namesOf = ({ entry }: Program): readonly string[] => [
  ...entry.declarations.filter(isNamed).map(({ name }) => name.text),
  ...entry.imports.flatMap(({ names }) => names.map(({ name, as }) => (as ?? name).text)),
];

function declaredItem(program: Program, label: string, rank: string): CompletionItem {
  const declaration = declarationNamed(program, label);
  const file = declaration && program.compiled.checked.files.get(declaration.span.file);
  const block = declaration?.kind === "block" || declaration?.kind === "network";
  return {
    label,
    kind: block ? CompletionItemKind.Function : CompletionItemKind.Variable,
    sortText: `${rank}${label}`,
    insertTextFormat: InsertTextFormat.PlainText,
    ...(declaration === undefined || file === undefined || declaration.kind === "assert"
      ? {}
      : { documentation: markdown(tell(program, { kind: "declaration", file, declaration })) }),
  };
}

/** Values that may stand at a place: what it takes first, then all that has a name there. */
function values(program: Program, place: Place, want: Want | undefined): CompletionItem[] {
  const expected =
    want === undefined
      ? []
      : [
          ...wordsOf(want).map((label) => ({ label, kind: CompletionItemKind.EnumMember, sortText: `0${label}` })),
          ...builtinNames
            .filter((name) => builtinsNamed(name).some((row) => resultFits(row, want)))
            .map((name) => builtinItem(name, "0")),
        ];
  const own = namesOf(program).map((name) => {
    const declaration = declarationNamed(program, name);
    const value = declaration?.kind === "let" || declaration?.kind === "param" ? declaration.value : undefined;
    const type: Type | undefined =
      declaration?.kind === "step"
        ? { kind: "step", step: declaration }
        : value && program.compiled.checked.types.get(value);
    const fits = want !== undefined && type !== undefined && fitsWant(type, want);
    const network = want?.want === "network" && declaration?.kind === "network";
    return declaredItem(program, name, fits || network ? "0" : "2");
  });
  if (want?.want === "words" || want?.want === "network") return [...expected, ...own];
  return [
    ...expected,
    ...locals(program, place),
    ...exampleFields(program, place),
    ...own,
    ...blockItems(program),
    ...builtinNames.map((name) => builtinItem(name, "4")),
    ...primitiveItems(),
  ];
}

/** Parameters, sizes and statements of the block a place stands in. */
function locals(program: Program, { start }: Place): CompletionItem[] {
  const { entry } = program;
  const owner = entry.declarations.findLast(({ span }) => span.start <= start);
  if (owner?.kind !== "block" && owner?.kind !== "network") return [];
  const sizes = treeOf(entry).dims.flatMap(({ node, owner: of }) =>
    of === owner && node.kind === "dim_name" ? [node.name] : [],
  );
  return [
    ...owner.parameters.map((parameter) => ({
      label: parameter.name.text,
      kind: CompletionItemKind.Variable,
      documentation: markdown(tell(program, { kind: "parameter", block: owner, parameter })),
      sortText: `1${parameter.name.text}`,
    })),
    ...owner.statements
      .filter(({ span }) => span.end <= start)
      .map((statement) => ({
        label: statement.name.text,
        kind: CompletionItemKind.Variable,
        documentation: markdown(tell(program, { kind: "local", statement })),
        sortText: `1${statement.name.text}`,
      })),
    ...[...new Set(sizes)].map((label) => ({ label, kind: CompletionItemKind.TypeParameter, sortText: `2${label}` })),
  ];
}

/** In `where(…)` and `map(…)`: the fields of the examples that flow in, and what is known of each. */
function exampleFields(program: Program, place: Place): CompletionItem[] {
  const at = place.open.findLast((i) => ["where", "map"].includes(place.before[i - 1]?.text ?? ""));
  if (at === undefined || place.before[at - 2]?.text !== "|>") return [];
  const type = pipedType(program, { ...place, before: place.before.slice(0, at - 1) });
  const fields = type?.kind === "dataset" ? [...type.fields] : [];
  return [
    ...fields.map(([label, field]) => ({
      label,
      kind: CompletionItemKind.Field,
      detail: showType(field),
      sortText: `0${label}`,
    })),
    { label: "index", kind: CompletionItemKind.Field, detail: "i32[]", sortText: "0index" },
  ];
}

/** Names that the file an import names declares; it stands behind the names. */
function importable(workspace: Workspace, program: Program, { start }: Place): CompletionItem[] {
  const at = program.entry.imports.find(({ span }) => contains(span, start));
  const target = at && workspace.imported(program.entry.name, at.from.value);
  if (at === undefined || target === undefined) return [];
  const given = new Set(at.names.filter(({ name }) => name.span.start !== start).map(({ name }) => name.text));
  return target.declarations
    .filter(isNamed)
    .filter(({ name }) => isPublic(name.text) && !given.has(name.text))
    .map((declaration) => ({
      label: declaration.name.text,
      kind: CompletionItemKind.Variable,
      documentation: markdown(tell(program, { kind: "declaration", file: target, declaration })),
    }));
}

function importPaths(workspace: Workspace, name: string): CompletionItem[] {
  const paths = [
    ...[...stdlib.keys()].map((one) => one.replace(/\.mtt$/, "")),
    ...workspace.all().flatMap((one) => (one === name ? [] : [relative(name, one)])),
  ];
  return paths.map((label) => ({
    label,
    kind: CompletionItemKind.File,
    sortText: label.startsWith(STANDARD) ? `1${label}` : `0${label}`,
  }));
}

/** The path of a file from another one's folder. */
function relative(from: string, to: string): string {
  const [here, there] = [from.split("/").slice(0, -1), to.split("/")];
  let same = 0;
  while (same < here.length && same < there.length - 1 && here[same] === there[same]) same++;
  return [...here.slice(same).map(() => ".."), ...there.slice(same)].join("/");
}
