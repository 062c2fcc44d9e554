import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { PlatformError } from "effect/PlatformError";

/**
 * Makes a folder and those above it that are missing. Step by step, because the system's own way tries for ever where a folder that exists takes no
 * new ones and says so by "not found", as /proc does. Another process may make the same ones at the same time.
 */
export const makeFolder = (fs: FileSystem, folder: string): Effect.Effect<void, PlatformError> => {
  const make = fs.makeDirectory(folder).pipe(
    Effect.catchIf(
      (error) => error.reason._tag === "AlreadyExists",
      () => Effect.void,
    ),
  );
  return make.pipe(
    Effect.catchIf(
      (error) => error.reason._tag === "NotFound" && dirname(folder) !== folder,
      () =>
        fs.exists(dirname(folder)).pipe(
          Effect.flatMap((parent) => (parent ? Effect.void : makeFolder(fs, dirname(folder)))),
          // Where the parent is there by now, somebody else made it in between, or it takes no new folders: the second try tells.
          Effect.andThen(make),
        ),
    ),
  );
};
