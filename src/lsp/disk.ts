import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TextDocument } from "vscode-languageserver-textdocument";
import { STANDARD } from "../check/modules.ts";
import { outsideOf, projectOf } from "../data/reach.ts";
import type { Disk } from "./workspace.ts";

/** The folder of the standard library's files, beside this program: an editor can open them. */
const library = ((): string => {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, "stdlib", "layers.mtt"))) return `${at.replaceAll("\\", "/")}/stdlib/`;
  return "/stdlib/";
})();

/** The files of this machine. What was read is kept until the disk says that it is another: not every editor watches files. */
export const makeDisk = (): Disk => {
  const known = new Map<string, { readonly time: number; readonly document: TextDocument }>();
  return {
    nameOf: (uri) => {
      if (!uri.startsWith("file:")) return uri;
      const path = fileURLToPath(uri).replaceAll("\\", "/");
      return path.startsWith(library) ? STANDARD + path.slice(library.length) : path;
    },
    uriOf: (name) => {
      if (name.startsWith(STANDARD)) return pathToFileURL(library + name.slice(STANDARD.length)).href;
      return name.startsWith("/") || /^[a-zA-Z]:\//.test(name) ? pathToFileURL(name).href : name;
    },
    read: (name) => {
      try {
        const time = statSync(name).mtimeMs;
        const before = known.get(name);
        if (before?.time === time) return before.document;
        const document = TextDocument.create(name, "mtt", 0, readFileSync(name, "utf8"));
        known.set(name, { time, document });
        return document;
      } catch {
        return undefined;
      }
    },
    forget: (name) => {
      known.delete(name);
    },
    // A program in an editor may read its project, and the folders that the editor was opened on.
    outside: (entry, folders, imported) =>
      outsideOf({ project: projectOf(dirname(entry)), allowed: folders }, imported),
    programs: programsIn,
  };
};

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
