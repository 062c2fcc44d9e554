import { nearest } from "../diagnostic/near-miss.ts";
import type { Declaration, File, Name } from "../syntax/ast.ts";
import { builtinNames, builtins, builtinsNamed } from "./builtins.ts";
import type { Binding } from "./checked.ts";
import type { Context, Declared, Env, Named } from "./context.ts";
import { report } from "./context.ts";
import { meant } from "./meant.ts";
import { importedFile, isLibrary } from "./modules.ts";
import { isPrimitive, primitiveNames } from "./primitives.ts";
import { problems } from "./problems.ts";
import type { Builtin, Want } from "./want.ts";

export const isNamed = (declaration: Declaration): declaration is Named => declaration.kind !== "assert";

export const isStandard = (file: File): boolean => isLibrary(file.name);

/** Names a file gives and imports, as it calls them. */
export const namesInFile = (file: File): ReadonlySet<string> =>
  new Set([
    ...file.declarations.filter(isNamed).map(({ name }) => name.text),
    ...file.imports.flatMap(({ names }) => names.map(({ name, as }) => (as ?? name).text)),
  ]);

export const isPublic = (name: string): boolean => !name.startsWith("_");

/** Collects every file's names; reports names declared twice, unknown imports, and names that hide built-in ones. */
export function declareAll(c: Context): void {
  for (const file of c.files.values())
    if (isStandard(file))
      for (const declaration of file.declarations)
        if (isNamed(declaration) && declaration.kind === "block" && isPublic(declaration.name.text))
          c.prelude.set(declaration.name.text, { file, declaration });
  for (const file of c.files.values()) c.names.set(file, ownNames(c, file));
  for (const file of c.files.values()) importNames(c, file);
}

function ownNames(c: Context, file: File): Map<string, Declared> {
  const names = new Map<string, Declared>();
  for (const declaration of file.declarations) {
    if (!isNamed(declaration) || declaration.name.text === "") continue;
    const { name } = declaration;
    const before = names.get(name.text);
    if (before !== undefined) report(c, twice(name, before.declaration.name));
    else {
      names.set(name.text, { file, declaration });
      warnOfShadow(c, file, name);
    }
  }
  return names;
}

function importNames(c: Context, file: File): void {
  const names = new Map(c.names.get(file));
  for (const { names: wanted, from } of file.imports) {
    const target = importedFile(file.name, from.value, c.files);
    const source = target === undefined ? undefined : c.files.get(target);
    if (source === undefined) {
      for (const { name, as } of wanted) c.missing.add(`${file.name}:${(as ?? name).text}`);
      continue;
    }
    const offered = new Map(
      source.declarations.filter(isNamed).map((declaration) => [declaration.name.text, declaration] as const),
    );
    for (const { name, as } of wanted) {
      const local = as ?? name;
      const declaration = offered.get(name.text);
      if (declaration === undefined || !isPublic(name.text)) {
        const known = [...offered.keys()].filter(isPublic);
        report(
          c,
          declaration !== undefined
            ? problems.notExported(name.span, `\`${name.text}\` is private to "${from.value}"`, {
                label: "begins with `_`",
                notes: [{ kind: "text", text: "declared here", span: declaration.name.span }],
                help: `call it \`${name.text.replace(/^_+/, "") || "name"}\` there, and it can be imported`,
              })
            : problems.notExported(name.span, `"${from.value}" declares no \`${name.text}\``, {
                label: "not declared there",
                ...meant(
                  nearest(name.text, known),
                  name.span,
                  known.length === 0 ? "nothing in it can be imported" : `it declares ${known.join(", ")}`,
                ),
              }),
        );
        // Declared as nothing, so that its uses are not reported again.
        if (!names.has(local.text)) c.missing.add(`${file.name}:${local.text}`);
        continue;
      }
      const before = names.get(local.text);
      if (before !== undefined) report(c, twice(local, before.declaration.name));
      else {
        names.set(local.text, { file: source, declaration });
        if (c.prelude.get(local.text)?.declaration !== declaration) warnOfShadow(c, file, local);
      }
    }
  }
  c.names.set(file, names);
}

const twice = (name: Name, before: Name) =>
  problems.declaredTwice(name.span, `\`${name.text}\` is declared twice`, {
    label: "declared again here",
    notes: [{ kind: "text", text: "first declared here", span: before.span }],
    help: "give one of them another name",
  });

/** What a name means where no declaration of the user's says: for warnings. */
function builtInMeaning(c: Context, name: string): string | undefined {
  if (c.prelude.has(name)) return `the block \`${name}\` of the standard library`;
  if (isPrimitive(name)) return `the operation \`${name}\``;
  const [row] = builtinsNamed(name);
  return row === undefined ? undefined : `the built-in \`${name}\``;
}

export function warnOfShadow(c: Context, file: File, name: Name): void {
  if (isStandard(file)) return;
  const meaning = builtInMeaning(c, name.text);
  if (meaning === undefined) return;
  report(
    c,
    problems.shadows(name.span, `\`${name.text}\` hides ${meaning}`, {
      label: "in this file the name means this",
      help: "choose another name if that one is needed too",
    }),
  );
}

/** What a name may stand for, before the place decides: nearest first. */
export interface Meanings {
  readonly field: Binding | undefined;
  readonly local: Env["locals"] extends ReadonlyMap<string, infer L> ? L | undefined : never;
  readonly declared: Declared | undefined;
  readonly word: { readonly type: string } | undefined;
  /** Rows whose result the place takes. */
  readonly expected: readonly Builtin[];
  readonly standard: Declared | undefined;
  readonly primitive: boolean;
  readonly rows: readonly Builtin[];
}

export function meaningsOf(c: Context, env: Env, name: string, want: Want | undefined): Meanings {
  const inExample = env.fields !== undefined;
  const rows = builtinsNamed(name).filter((row) => row.example === undefined || inExample);
  const field = env.fields?.has(name) || (inExample && name === "index");
  return {
    field: field ? { kind: "field", name } : undefined,
    local: env.locals.get(name),
    declared: c.names.get(env.file)?.get(name),
    word: want && wordIn(want, name),
    expected: want === undefined ? [] : rows.filter((row) => resultFits(row, want)),
    standard: c.prelude.get(name),
    primitive: isPrimitive(name),
    rows,
  };
}

/** The sort of word that the place takes by this name. */
export function wordIn(want: Want, name: string): { readonly type: string } | undefined {
  switch (want.want) {
    case "padding":
      return name === "same" || name === "valid" ? { type: "padding" } : undefined;
    case "value":
      return want.type.kind === "padding" ? wordIn({ want: "padding" }, name) : undefined;
    case "words":
      return want.words.includes(name) ? { type: "word" } : undefined;
    case "either":
      return want.of.map((one) => wordIn(one, name)).find((found) => found !== undefined);
    default:
      return undefined;
  }
}

export const resultFits = (row: Builtin, want: Want): boolean => {
  switch (want.want) {
    case "opaque":
      return row.result.result === "opaque" && row.result.name === want.name;
    case "value":
      return want.type.kind === "opaque" && resultFits(row, { want: "opaque", name: want.type.name as never });
    case "either":
      return want.of.some((one) => resultFits(row, one));
    case "list":
      return resultFits(row, want.item);
    default:
      return false;
  }
};

/** Words that some place takes, whatever this one does. */
const everyWord: ReadonlySet<string> = new Set([
  "training",
  "same",
  "valid",
  ...builtins.flatMap((row) => row.parameters.flatMap(({ want }) => wordsOf(want))),
]);

/** Whether a name means anything: a field or local aside. */
export const isKnown = (c: Context, env: Env, name: string): boolean =>
  c.names.get(env.file)?.has(name) === true ||
  c.prelude.has(name) ||
  isPrimitive(name) ||
  builtinsNamed(name).length > 0 ||
  everyWord.has(name);

/** Words and built-in functions that give what is taken. */
export const namesOfWant = (want: Want): readonly string[] => [
  ...wordsOf(want),
  ...builtinNames.filter((name) => builtinsNamed(name).some((row) => resultFits(row, want))),
];

/** Every name that could stand here, for the near miss. */
export function namesInScope(c: Context, env: Env, want: Want | undefined): readonly string[] {
  const expected = want === undefined ? [] : namesOfWant(want);
  return [
    ...(env.fields?.keys() ?? []),
    ...env.locals.keys(),
    ...(c.names.get(env.file)?.keys() ?? []),
    ...expected,
    ...c.prelude.keys(),
    ...primitiveNames,
    ...builtinNames,
  ];
}

export function wordsOf(want: Want): readonly string[] {
  switch (want.want) {
    case "padding":
      return ["same", "valid"];
    case "value":
      return want.type.kind === "padding" ? ["same", "valid"] : [];
    case "words":
      return want.words;
    case "either":
      return want.of.flatMap(wordsOf);
    default:
      return [];
  }
}
