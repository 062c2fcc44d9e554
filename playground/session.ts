import { TextDocument } from "vscode-languageserver-textdocument";
import type { Disk, Program } from "../src/lsp/workspace.ts";
import { Workspace } from "../src/lsp/workspace.ts";

/** The one file there is. */
export const FILE = "playground.mtt";

/** A page has no files: a program imports from the standard library alone. */
const nothing: Disk = {
  nameOf: (uri) => uri,
  uriOf: (name) => name,
  read: () => undefined,
  forget: () => {},
  outside: () => undefined,
  programs: () => [],
};

/** The program in the editor, as the language server's parts see it. */
export class Session {
  readonly workspace = new Workspace(nothing);
  #version = 0;

  set(text: string): Program {
    this.workspace.set(FILE, TextDocument.create(FILE, "mtt", ++this.#version, text));
    return this.workspace.program(FILE)!;
  }
}
