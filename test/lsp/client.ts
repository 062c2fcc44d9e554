import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  WorkspaceSymbolRequest,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { environment, programFile, track } from "../cli/mtt.ts";

/** One edit of a document: what stands from `start` to `end` becomes `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** An editor: a real `mtt lsp` process behind the protocol. */
export class Client {
  readonly #documents = new Map<string, TextDocument>();
  readonly #published = new Map<
    string,
    { readonly version: number | undefined; readonly all: readonly Diagnostic[] }
  >();
  readonly #waiting = new Set<() => void>();

  readonly connection: ProtocolConnection;
  readonly folder: string;
  readonly ended: Promise<number | null>;
  /** What the process has printed beside the protocol. */
  readonly stderr: () => string;

  private constructor(
    connection: ProtocolConnection,
    folder: string,
    ended: Promise<number | null>,
    stderr: () => string,
  ) {
    this.connection = connection;
    this.folder = folder;
    this.ended = ended;
    this.stderr = stderr;
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, version, diagnostics }) => {
      this.#published.set(uri, { version, all: diagnostics });
      for (const look of this.#waiting) look();
    });
  }

  static async start(folder: string): Promise<Client> {
    const child = track(spawn(process.execPath, [await programFile, "lsp", "--stdio"], { env: environment() }));
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<number | null>((finish) => {
      child.on("close", finish);
    });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    connection.listen();
    const client = new Client(connection, folder, ended, () => stderr);
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {},
      workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "test" }],
    });
    await connection.sendNotification(InitializedNotification.type, {});
    return client;
  }

  uri(name: string): string {
    return pathToFileURL(join(this.folder, name)).href;
  }

  text(name: string): string {
    return this.#documents.get(name)?.getText() ?? "";
  }

  async open(name: string, text: string): Promise<void> {
    const uri = this.uri(name);
    this.#documents.set(name, TextDocument.create(uri, "mtt", 1, text));
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "mtt", version: 1, text },
    });
  }

  async close(name: string): Promise<void> {
    this.#documents.delete(name);
    this.#published.delete(this.uri(name));
    await this.connection.sendNotification(DidCloseTextDocumentNotification.type, {
      textDocument: { uri: this.uri(name) },
    });
  }

  /** Edits one after the other, in one notification. */
  async edit(name: string, ...edits: readonly Edit[]): Promise<void> {
    let document = this.#documents.get(name)!;
    const contentChanges = [];
    for (const { start, end, text } of edits) {
      const range = { start: document.positionAt(start), end: document.positionAt(end) };
      contentChanges.push({ range, text });
      document = TextDocument.update(document, [{ range, text }], document.version + 1);
    }
    this.#documents.set(name, document);
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: this.uri(name), version: document.version },
      contentChanges,
    });
  }

  /** What is said of the document as it stands now. */
  diagnostics(name: string): Promise<readonly Diagnostic[]> {
    const uri = this.uri(name);
    const version = this.#documents.get(name)?.version;
    return new Promise((finish) => {
      const look = () => {
        const published = this.#published.get(uri);
        if (published === undefined || published.version !== version) return;
        this.#waiting.delete(look);
        finish(published.all);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Answered after all that the server has said until now. */
  async settled(): Promise<void> {
    await this.connection.sendRequest(WorkspaceSymbolRequest.type, { query: "" });
  }

  /** What was said of a document the last time. */
  said(name: string): readonly Diagnostic[] {
    return this.#published.get(this.uri(name))?.all ?? [];
  }

  /** The place of `‸` in a text, for requests: the text without it is the document's. */
  async at(
    name: string,
    marked: string,
  ): Promise<{ textDocument: { uri: string }; position: { line: number; character: number } }> {
    const offset = marked.indexOf("‸");
    if (offset < 0) throw new TypeError("the text has no ‸");
    const text = marked.replace("‸", "");
    if (this.#documents.has(name)) await this.edit(name, { start: 0, end: this.text(name).length, text });
    else await this.open(name, text);
    return { textDocument: { uri: this.uri(name) }, position: this.#documents.get(name)!.positionAt(offset) };
  }

  async stop(): Promise<number | null> {
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    return this.ended;
  }
}
