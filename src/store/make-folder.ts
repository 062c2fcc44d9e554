import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { PlatformError } from "effect/PlatformError";

/**
 * Makes a folder and those above it that are missing. Step by step, because the system's own way tries for ever where a folder that exists takes no
 * new ones and says so by "not found", as /proc does.
 */
export const makeFolder = (fs: FileSystem, folder: string): Effect.Effect<void, PlatformError> =>
  fs.makeDirectory(folder).pipe(
    Effect.catchIf(
      (error) => error.reason._tag === "AlreadyExists",
      () => Effect.void,
    ),
    Effect.catchIf(
      (error) => error.reason._tag === "NotFound" && dirname(folder) !== folder,
      (error) =>
        Effect.flatMap(fs.exists(dirname(folder)), (parent) =>
          parent
            ? Effect.fail(error)
            : Effect.andThen(
                makeFolder(fs, dirname(folder)),
                Effect.suspend(() => fs.makeDirectory(folder)),
              ),
        ),
    ),
  );
