import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { makeDisk } from "../../src/lsp/disk.ts";
import { Workspace } from "../../src/lsp/workspace.ts";
import { folderOf, removeFolders } from "../cli/mtt.ts";

afterAll(removeFolders);

describe("a program in an editor", () => {
  const home = folderOf({
    "secret/parts.mtt": "let half = 0.5\n",
    "project/mtt.yaml": "",
    "project/p.mtt": 'import { half } from "../secret/parts"\nassert half == 0.5\n',
  });
  const name = join(home, "project/p.mtt");
  const codesOf = (workspace: Workspace) => workspace.program(name)?.compiled.diagnostics.map(({ code }) => code);

  it("imports nothing from outside of its project", () => {
    const workspace = new Workspace(makeDisk());
    expect(codesOf(workspace)).toContain("MTT5519");
    expect(workspace.imported(name, "../secret/parts")).toBeUndefined();
  });

  it("imports what the folder holds that the editor was opened on", () => {
    const workspace = new Workspace(makeDisk());
    workspace.folders = [pathToFileURL(home).href];
    expect(codesOf(workspace)).toEqual([]);
    expect(workspace.imported(name, "../secret/parts")?.declarations).toHaveLength(1);
  });
});
