import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TextDocument, type TextEdit } from "vscode-languageserver-textdocument";
import { importCandidates, importedFiles, type Outside, STANDARD } from "../check/modules.ts";
import { type Compiled, compile } from "../compile.ts";
import { outsideOf, projectOf, type Reach } from "../data/reach.ts";
import type { Fix, Span } from "../diagnostic/diagnostic.ts";
import { stdlib } from "../generated/stdlib.ts";
import type { File } from "../syntax/ast.ts";
import { type Parsed, parse } from "../syntax/parse.ts";
import { type Occurrence, occurrencesOf } from "./occurrences.ts";

/** A program as its entry sees it. */
export interface Program {
  readonly entry: File;
  readonly compiled: Compiled;
  /** Every file it was made of, the library's aside, with its text. */
  readonly texts: ReadonlyMap<string, string>;
}

/** The folder of the standard library's files, beside this program: an editor can open them. */
const library = ((): string => {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, "stdlib", "layers.mtt"))) return `${at.replaceAll("\\", "/")}/stdlib/`;
  return "/stdlib/";
})();

/**
 * The texts an editor works on. Open buffers win over the disk; the standard library is as this program has it. Files are named by their paths,
 * those of the library `std/…`. Trees are kept by text, programs until one of their texts changes.
 */
export class Workspace {
  readonly #open = new Map<string, TextDocument>();
  readonly #disk = new Map<string, { readonly time: number; readonly document: TextDocument }>();
  readonly #library = new Map([...stdlib].map(([name, text]) => [name, document(name, text)]));
  readonly #parsed = new Map<string, { readonly text: string; readonly result: Parsed }>();
  readonly #programs = new Map<string, Program>();
  readonly #words = new WeakMap<Compiled, Map<string, readonly Occurrence[]>>();
  folders: readonly string[] = [];

  nameOf(uri: string): string {
    if (!uri.startsWith("file:")) return uri;
    const path = fileURLToPath(uri).replaceAll("\\", "/");
    return path.startsWith(library) ? STANDARD + path.slice(library.length) : path;
  }

  uriOf(name: string): string {
    if (name.startsWith(STANDARD)) return pathToFileURL(library + name.slice(STANDARD.length)).href;
    return name.startsWith("/") || /^[a-zA-Z]:\//.test(name) ? pathToFileURL(name).href : name;
  }

  /** Names of the open documents. */
  get open(): Iterable<string> {
    return this.#open.keys();
  }

  isOpen(name: string): boolean {
    return this.#open.has(name);
  }

  versionOf(name: string): number | undefined {
    return this.#open.get(name)?.version;
  }

  /** A document as it now is. */
  set(uri: string, document: TextDocument): void {
    const name = this.nameOf(uri);
    this.#open.set(name, document);
    this.#changed(name);
  }

  close(uri: string): void {
    const name = this.nameOf(uri);
    this.#open.delete(name);
    this.#parsed.delete(name);
    this.fileChanged(uri);
  }

  /** What stands on the disk is another text now, or none. */
  fileChanged(uri: string): void {
    const name = this.nameOf(uri);
    this.#disk.delete(name);
    this.#changed(name);
  }

  #changed(name: string): void {
    // A program with an import that was not found may find it now.
    for (const [entry, { texts, compiled }] of this.#programs)
      if (entry === name || texts.has(name) || compiled.diagnostics.some(({ code }) => code === "MTT2003"))
        this.#programs.delete(entry);
  }

  /** The document as it stands in the editor, or else on the disk. */
  document(name: string): TextDocument | undefined {
    return this.#library.get(name) ?? this.#open.get(name) ?? this.#read(name);
  }

  /** Read again where the disk says it is another: not every editor watches files. */
  #read(name: string): TextDocument | undefined {
    try {
      const time = statSync(name).mtimeMs;
      const known = this.#disk.get(name);
      if (known?.time === time) return known.document;
      const read = document(name, readFileSync(name, "utf8"));
      this.#disk.set(name, { time, document: read });
      return read;
    } catch {
      return undefined;
    }
  }

  /** The tree of a text. */
  readonly parse = (name: string, text: string): Parsed => {
    const known = this.#parsed.get(name);
    if (known?.text === text) return known.result;
    const result = parse(name, text);
    this.#parsed.set(name, { text, result });
    return result;
  };

  /** The program whose entry is this document. */
  program(name: string): Program | undefined {
    const known = this.#programs.get(name);
    if (known !== undefined) return known;
    const text = this.document(name)?.getText();
    if (text === undefined) return undefined;
    const texts = new Map([[name, text]]);
    const reach = this.#reach(name);
    const outside = new Map<string, Outside>();
    const pending = [name];
    for (let at = pending.pop(); at !== undefined; at = pending.pop())
      for (const imported of importedFiles(this.parse(at, texts.get(at)!).file)) {
        const refused = outsideOf(reach, imported);
        if (refused !== undefined) outside.set(imported, refused);
        const found = refused !== undefined || texts.has(imported) ? undefined : this.document(imported)?.getText();
        if (found === undefined) continue;
        texts.set(imported, found);
        pending.push(imported);
      }
    const compiled = compile(name, texts, { outside, parse: this.parse });
    const program = { entry: compiled.checked.entry, compiled, texts };
    this.#programs.set(name, program);
    return program;
  }

  /** What a program in an editor may import: its project, and the folders that the editor was opened on. */
  #reach(name: string): Reach {
    const allowed = this.folders.map((folder) => this.nameOf(folder));
    return { project: projectOf(dirname(name)), allowed };
  }

  /** The words of one of a program's files. */
  words({ compiled }: Program, file: File): readonly Occurrence[] {
    const files = this.#words.get(compiled) ?? new Map<string, readonly Occurrence[]>();
    this.#words.set(compiled, files);
    const known = files.get(file.name) ?? occurrencesOf(compiled.checked, file);
    files.set(file.name, known);
    return known;
  }

  /** The file that an import of another one names. */
  imported(importer: string, from: string): File | undefined {
    for (const name of importCandidates(importer, from)) {
      const outside = !name.startsWith(STANDARD) && outsideOf(this.#reach(importer), name) !== undefined;
      const text = outside ? undefined : this.document(name)?.getText();
      if (text !== undefined) return this.parse(name, text).file;
    }
    return undefined;
  }

  /** Names of all programs of the workspace: open ones, and those of its folders. */
  all(): readonly string[] {
    const found = new Set(this.#open.keys());
    for (const folder of this.folders) for (const path of programsIn(this.nameOf(folder))) found.add(path);
    return [...found].sort();
  }

  range(span: Span) {
    const text = this.document(span.file);
    const zero = { line: 0, character: 0 };
    if (text === undefined) return { start: zero, end: zero };
    return { start: text.positionAt(span.start), end: text.positionAt(Math.max(span.start, span.end)) };
  }

  /** Edits by document, as the protocol has them. */
  changes(edits: Iterable<Fix["edits"][number]>): Record<string, TextEdit[]> {
    const changes: Record<string, TextEdit[]> = {};
    for (const { span, text } of edits) {
      const uri = this.uriOf(span.file);
      const of = changes[uri] ?? [];
      of.push({ range: this.range(span), newText: text });
      changes[uri] = of;
    }
    return changes;
  }

  location(span: Span) {
    return { uri: this.uriOf(span.file), range: this.range(span) };
  }
}

function document(name: string, text: string): TextDocument {
  return TextDocument.create(name, "mtt", 0, text);
}

/** Programs below a folder; hidden folders and those of packages are left out. */
function* programsIn(folder: string): Generator<string> {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = `${folder.replace(/\/$/, "")}/${entry.name}`;
    if (entry.isDirectory()) yield* programsIn(path);
    else if (entry.name.endsWith(".mtt")) yield path;
  }
}
