import {
  CodeActionKind,
  createConnection,
  DidChangeWatchedFilesNotification,
  ProposedFeatures,
  type Range,
  type TextDocumentPositionParams,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { format } from "../format/format.ts";
import { completion } from "./completion.ts";
import { codeActions, diagnosticsOf } from "./diagnostics.ts";
import { makeDisk } from "./disk.ts";
import { hover } from "./hover.ts";
import { inlayHints } from "./inlay-hints.ts";
import { documentSymbols, foldings, workspaceSymbols } from "./outline.ts";
import { definition, highlights, references, rename, renamed } from "./references.ts";
import { semanticTokens, tokenModifiers, tokenTypes } from "./semantic-tokens.ts";
import { signatureHelp } from "./signature-help.ts";
import { Workspace } from "./workspace.ts";

/** Speaks the language server's protocol over stdin and stdout until the editor ends it. Nothing else may write to stdout. */
export function serve(): void {
  console.log = console.error;
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  const documents = new TextDocuments(TextDocument);
  const workspace = new Workspace(makeDisk());
  let watches = false;

  connection.onInitialize(({ capabilities, workspaceFolders }) => {
    workspace.folders = (workspaceFolders ?? []).map(({ uri }) => uri);
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    return {
      serverInfo: { name: "mtt" },
      capabilities: {
        positionEncoding: "utf-16",
        textDocumentSync: TextDocumentSyncKind.Incremental,
        hoverProvider: true,
        completionProvider: { triggerCharacters: [".", ">", ":", "(", '"', "/", " "] },
        signatureHelpProvider: { triggerCharacters: ["(", ","] },
        definitionProvider: true,
        referencesProvider: true,
        documentHighlightProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        workspaceSymbolProvider: true,
        foldingRangeProvider: true,
        inlayHintProvider: true,
        documentFormattingProvider: true,
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll] },
        semanticTokensProvider: { legend: { tokenTypes, tokenModifiers }, full: true },
      },
    };
  });
  connection.onInitialized(() => {
    if (watches)
      connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: [{ globPattern: "**/*.mtt" }] });
  });

  // A check waits for as long as the last one took, so that fast typing is not checked letter by letter.
  let pending: NodeJS.Timeout | undefined;
  let took = 0;
  let told = new Set<string>();
  const check = () => {
    pending = undefined;
    const start = performance.now();
    const found = diagnosticsOf(workspace);
    took = performance.now() - start;
    for (const name of told)
      if (!found.has(name)) connection.sendDiagnostics({ uri: workspace.uriOf(name), diagnostics: [] });
    for (const [name, diagnostics] of found) {
      const version = workspace.versionOf(name);
      connection.sendDiagnostics({
        uri: workspace.uriOf(name),
        diagnostics: [...diagnostics],
        ...(version === undefined ? {} : { version }),
      });
    }
    told = new Set(found.keys());
  };
  const soon = () => {
    clearTimeout(pending);
    pending = setTimeout(check, Math.min(took, 200));
  };

  documents.onDidChangeContent(({ document }) => {
    workspace.set(document.uri, document);
    soon();
  });
  documents.onDidClose(({ document }) => {
    workspace.close(document.uri);
    soon();
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const { uri } of changes) workspace.fileChanged(uri);
    soon();
  });

  /** The name of a document, and the offset of a place in it. */
  const at = ({ textDocument, position }: TextDocumentPositionParams): [string, number] => {
    const name = workspace.nameOf(textDocument.uri);
    return [name, workspace.document(name)?.offsetAt(position) ?? 0];
  };
  const between = (uri: string, { start, end }: Range): [string, number, number] => {
    const textDocument = { uri };
    const [name, from] = at({ textDocument, position: start });
    return [name, from, at({ textDocument, position: end })[1]];
  };

  connection.onHover((params) => hover(workspace, ...at(params)));
  connection.onCompletion((params) => completion(workspace, ...at(params)));
  connection.onSignatureHelp((params) => signatureHelp(workspace, ...at(params)));
  connection.onDefinition((params) => definition(workspace, ...at(params)));
  connection.onReferences((params) => references(workspace, ...at(params), params.context.includeDeclaration));
  connection.onDocumentHighlight((params) => highlights(workspace, ...at(params)));
  connection.onPrepareRename((params) => workspace.range(renamed(workspace, ...at(params)).word.span));
  connection.onRenameRequest((params) => rename(workspace, ...at(params), params.newName));
  connection.onDocumentSymbol(({ textDocument: { uri } }) => documentSymbols(workspace, workspace.nameOf(uri)));
  connection.onWorkspaceSymbol(({ query }) => workspaceSymbols(workspace, query));
  connection.onFoldingRanges(({ textDocument: { uri } }) => foldings(workspace, workspace.nameOf(uri)));
  connection.languages.inlayHint.on(({ textDocument, range }) =>
    inlayHints(workspace, ...between(textDocument.uri, range)),
  );
  connection.languages.semanticTokens.on(({ textDocument: { uri } }) =>
    semanticTokens(workspace, workspace.nameOf(uri)),
  );
  connection.onCodeAction(({ textDocument, range }) => codeActions(workspace, ...between(textDocument.uri, range)));
  connection.onDocumentFormatting(({ textDocument: { uri } }) => {
    const name = workspace.nameOf(uri);
    const text = workspace.document(name)?.getText();
    const formatted = text === undefined ? undefined : format(text, name);
    if (text === undefined || typeof formatted !== "string" || formatted === text) return [];
    return [{ range: workspace.range({ file: name, start: 0, end: text.length }), newText: formatted }];
  });

  documents.listen(connection);
  connection.listen();
}
