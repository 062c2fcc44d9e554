import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { Path } from "effect/Path";
import { importedFiles } from "../check/modules.ts";
import { parse } from "../syntax/parse.ts";
import { UsageError } from "./exit.ts";

/** A program larger than this is not one a person wrote. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/** The file and every file it imports, by the names their imports resolve to. An import that cannot be read is left out: the checker says so at its place. */
export const readSources = Effect.fnUntraced(function* (entry: string) {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const sources = new Map<string, string>();

  const text = yield* fs.stat(entry).pipe(
    Effect.filterOrFail(
      (info) => info.type === "File",
      () => new UsageError({ message: `${entry} is not a file` }),
    ),
    Effect.filterOrFail(
      (info) => Number(info.size) <= LIMIT_BYTES,
      () => new UsageError({ message: `${entry} is larger than 64 MiB` }),
    ),
    Effect.andThen(fs.readFileString(entry)),
    Effect.mapError((error) =>
      error._tag === "UsageError"
        ? error
        : new UsageError({
            message:
              error.reason._tag === "NotFound"
                ? `there is no file ${entry}`
                : `${entry} cannot be read: ${error.reason._tag}`,
            help: `mtt looks in ${path.resolve(".")}`,
          }),
    ),
  );
  sources.set(entry, text);

  const pending = [entry];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const imported of importedFiles(parse(name, sources.get(name)!).file)) {
      if (sources.has(imported)) continue;
      const found = yield* Effect.option(fs.readFileString(imported));
      if (found._tag === "None") continue;
      sources.set(imported, found.value);
      pending.push(imported);
    }
  }
  return sources;
});
