import { commands, type ExtensionContext, workspace } from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

/** Starts `mtt lsp` and lets the editor speak with it. */
export async function activate({ subscriptions }: ExtensionContext): Promise<void> {
  const [command = "npx", ...args] = workspace.getConfiguration("mtt").get<string[]>("command", ["npx", "mtt"]);
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
  client = new LanguageClient(
    "mtt",
    "mtt",
    {
      command,
      args: [...args, "lsp"],
      transport: TransportKind.stdio,
      // On Windows `npx` is a script, which only a shell starts.
      options: { ...(folder === undefined ? {} : { cwd: folder }), shell: process.platform === "win32" },
    },
    {
      documentSelector: [
        { language: "mtt", scheme: "file" },
        { language: "mtt", scheme: "untitled" },
      ],
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.mtt") },
    },
  );
  subscriptions.push(commands.registerCommand("mtt.restart", () => client?.restart()));
  await client.start();
}

export const deactivate = (): Promise<void> | undefined => client?.stop();
