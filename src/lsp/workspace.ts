import { TextDocument, type TextEdit } from "vscode-languageserver-textdocument";
import { importCandidates, importedFiles, type Outside, STANDARD } from "../check/modules.ts";
import { type Compiled, compile } from "../compile.ts";
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

/** What lies outside of the editor: files, and how the protocol names them. A page in a browser has none. */
export interface Disk {
  /** The name of a document, and back: files are named by their paths, those of the standard library `std/…`. */
  readonly nameOf: (uri: string) => string;
  readonly uriOf: (name: string) => string;
  /** The document as it stands there now; the same object where it did not change. */
  readonly read: (name: string) => TextDocument | undefined;
  /** What was read of this one may be another text now. */
  readonly forget: (name: string) => void;
  /** Why a program may not read a file that it imports; `folders` are those that the editor was opened on. */
  readonly outside: (entry: string, folders: readonly string[], imported: string) => Outside | undefined;
  /** The programs below a folder. */
  readonly programs: (folder: string) => Iterable<string>;
}

/**
 * The texts an editor works on. Open buffers win over the disk; the standard library is as this program has it. Trees are kept by text, programs until one of their texts changes.
 */
export class Workspace {
  readonly #open = new Map<string, TextDocument>();
  readonly #disk: Disk;
  readonly #library = new Map([...stdlib].map(([name, text]) => [name, document(name, text)]));
  readonly #parsed = new Map<string, { readonly text: string; readonly result: Parsed }>();
  readonly #programs = new Map<string, Program>();
  readonly #words = new WeakMap<Compiled, Map<string, readonly Occurrence[]>>();
  folders: readonly string[] = [];

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  nameOf(uri: string): string {
    return this.#disk.nameOf(uri);
  }

  uriOf(name: string): string {
    return this.#disk.uriOf(name);
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
    this.#disk.forget(name);
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
    return this.#library.get(name) ?? this.#open.get(name) ?? this.#disk.read(name);
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
    const folders = this.folders.map((folder) => this.nameOf(folder));
    const outside = new Map<string, Outside>();
    const pending = [name];
    for (let at = pending.pop(); at !== undefined; at = pending.pop())
      for (const imported of importedFiles(this.parse(at, texts.get(at)!).file)) {
        const refused = this.#disk.outside(name, folders, imported);
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
      const folders = this.folders.map((folder) => this.nameOf(folder));
      const outside = !name.startsWith(STANDARD) && this.#disk.outside(importer, folders, name) !== undefined;
      const text = outside ? undefined : this.document(name)?.getText();
      if (text !== undefined) return this.parse(name, text).file;
    }
    return undefined;
  }

  /** Names of all programs of the workspace: open ones, and those of its folders. */
  all(): readonly string[] {
    const found = new Set(this.#open.keys());
    for (const folder of this.folders) for (const path of this.#disk.programs(this.nameOf(folder))) found.add(path);
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
