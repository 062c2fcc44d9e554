import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { PlatformError } from "effect/PlatformError";

/** The file as it was, or with these bytes, whatever happens: written to `temporary` on the same disk, synced, renamed. */
export const writeWhole = (
  fs: FileSystem,
  path: string,
  bytes: Uint8Array,
  temporary = `${path}.${process.pid}.tmp`,
): Effect.Effect<void, PlatformError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(temporary, { flag: "wx" });
      yield* file.writeAll(bytes);
      yield* file.sync;
    }),
  ).pipe(
    Effect.andThen(fs.rename(temporary, path)),
    Effect.onError(() => Effect.ignore(fs.remove(temporary, { force: true }))),
  );
