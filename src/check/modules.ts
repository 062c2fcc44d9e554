import type { Diagnostic, Sources, Span } from "../diagnostic/diagnostic.ts";
import { nearest } from "../diagnostic/near-miss.ts";
import type { File } from "../syntax/ast.ts";
import { type Parsed, parse } from "../syntax/parse.ts";
import { outsideProject, problems } from "./problems.ts";

export interface Modules {
  /** Every file read, in the order of first mention: the entry, what it imports, then the standard library. */
  readonly files: ReadonlyMap<string, File>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Why a file may not be read. */
export interface Outside {
  readonly message: string;
  readonly help: string;
}

/** A text to its tree. */
export type Parse = typeof parse;

/** Names of the standard library's files begin so; their public blocks are in scope everywhere. */
export const STANDARD = "std/";

/** The library's file of losses. */
export const LOSSES = "std/losses.mtt";

/** Whether the name of a file is one of the standard library's. */
export const isLibrary = (name: string): boolean => name.startsWith(STANDARD);

/**
 * Reads the entry and all it imports from a map of texts. `std/layers` names the standard library's file of that name, with or without `.mtt`;
 * other imports are relative to the file that asks. Files of the library are always read. Unknown and cyclic imports are diagnostics.
 */
export function loadModules(
  entry: string,
  sources: Sources,
  {
    parse: read = parse,
    outside = new Map(),
  }: { readonly parse?: Parse; readonly outside?: ReadonlyMap<string, Outside> } = {},
): Modules {
  const files = new Map<string, File>();
  const diagnostics: Diagnostic[] = [];
  const open: string[] = [];

  const load = (name: string): void => {
    if (files.has(name)) return;
    const { file, diagnostics: found } = isLibrary(name)
      ? parseLibrary(name, sources.get(name)!)
      : read(name, sources.get(name)!);
    files.set(name, file);
    diagnostics.push(...found);
    open.push(name);
    for (const { from } of file.imports) {
      const target = importedFile(name, from.value, sources);
      const refused = importCandidates(name, from.value).flatMap((candidate) => outside.get(candidate) ?? [])[0];
      if (target === undefined && refused !== undefined)
        diagnostics.push(outsideProject(from.span, refused.message, { label: "not read", help: refused.help }));
      else if (target === undefined) diagnostics.push(missing(from, name, sources));
      else if (open.includes(target)) diagnostics.push(cycle(from.span, [...open.slice(open.indexOf(target)), target]));
      else load(target);
    }
    open.pop();
  };

  if (sources.has(entry)) load(entry);
  for (const name of sources.keys()) if (isLibrary(name)) load(name);
  return { files, diagnostics };
}

/** The library is the same from check to check: its trees are kept. */
const parsed = new Map<string, { readonly text: string; readonly result: Parsed }>();

function parseLibrary(name: string, text: string): Parsed {
  const known = parsed.get(name);
  if (known?.text === text) return known.result;
  const result = parse(name, text);
  parsed.set(name, { text, result });
  return result;
}

/** The names, in order of trial, under which a file's imports look for files of the user's: what a reader of files has to find. */
export const importedFiles = (file: File): readonly string[] =>
  file.imports.flatMap(({ from }) => (isLibrary(from.value) ? [] : importCandidates(file.name, from.value)));

/** The name in `sources` of what an import asks for. */
export function importedFile(
  importer: string,
  from: string,
  sources: ReadonlyMap<string, unknown>,
): string | undefined {
  return importCandidates(importer, from).find((name) => sources.has(name));
}

/** As written, then with `.mtt`. */
export function importCandidates(importer: string, from: string): readonly string[] {
  const plain = isLibrary(from) ? from : join(directory(importer), from);
  return plain.endsWith(".mtt") ? [plain] : [plain, `${plain}.mtt`];
}

const missing = (from: { readonly span: Span; readonly value: string }, importer: string, sources: Sources) => {
  const known = [...sources.keys()]
    .filter((name) => name !== importer)
    .map((name) => asImported(importer, name, from.value));
  const { value } = from;
  const near = nearest(value, known);
  return problems.missingFile(from.span, `there is no file ${JSON.stringify(value)}`, {
    label: "not found",
    help:
      near !== undefined
        ? `did you mean "${near.word}"?`
        : isLibrary(value)
          ? `the library has ${known.filter((name) => isLibrary(name)).join(", ")}`
          : "a path is relative to the file that imports it",
    fixes:
      near === undefined
        ? []
        : [
            {
              title: `change to "${near.word}"`,
              safe: near.sure,
              edits: [{ span: from.span, text: `"${near.word}"` }],
            },
          ],
  });
};

const cycle = (span: Span, through: readonly string[]) =>
  problems.importCycle(span, `these files import each other: ${through.join(" -> ")}`, {
    label: "leads back to where it started",
    help: "move what both need into a file of its own",
  });

/** How a file is written in an import, in the manner of another one: the library's by name, others relative to the importer. */
function asImported(importer: string, name: string, like: string): string {
  const ending = like.endsWith(".mtt") && !isLibrary(like);
  const short = ending ? name : name.replace(/\.mtt$/, "");
  if (isLibrary(name)) return short;
  const here = directory(importer);
  const relative = here !== "" && short.startsWith(`${here}/`) ? short.slice(here.length + 1) : short;
  return like.startsWith("./") ? `./${relative}` : relative;
}

const directory = (name: string): string => (name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "");

/** Joins paths with `/`, resolving `.` and `..`; a leading `/` stays. */
function join(base: string, path: string): string {
  if (path.startsWith("/")) return path;
  const parts: string[] = [];
  for (const part of [...base.split("/"), ...path.split("/")]) {
    if (part === "..") {
      if (parts.length === 0 || parts.at(-1) === "..") parts.push("..");
      else parts.pop();
    } else if (part !== "" && part !== ".") parts.push(part);
  }
  return (base.startsWith("/") ? "/" : "") + parts.join("/");
}
