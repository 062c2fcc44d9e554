import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { importedFiles, type Outside, type Parse } from "../check/modules.ts";
import { outsideOf, type Reach } from "../data/reach.ts";
import type { Sources } from "../diagnostic/diagnostic.ts";
import { readText } from "./read-text.ts";

/** The file and every file it imports, by the names their imports resolve to; `texts` stand for what files hold. An import of what is no file, or lies `outside`, is left out: the checker says so at its place. */
export const readSources = Effect.fnUntraced(function* (entry: string, texts: Sources, reach: Reach, parse: Parse) {
  const fs = yield* FileSystem;
  const sources = new Map<string, string>([[entry, texts.get(entry) ?? (yield* readText(entry))]]);
  const outside = new Map<string, Outside>();
  const pending = [entry];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const imported of importedFiles(parse(name, sources.get(name)!).file)) {
      if (sources.has(imported)) continue;
      const refused = outsideOf(reach, imported);
      if (refused !== undefined) {
        outside.set(imported, refused);
        continue;
      }
      const info = yield* Effect.option(fs.stat(imported));
      if (info._tag === "None" || info.value.type !== "File") continue;
      sources.set(imported, texts.get(imported) ?? (yield* readText(imported)));
      pending.push(imported);
    }
  }
  return { sources, outside };
});
