import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import type { PlatformError } from "effect/PlatformError";
import { showBytes } from "../shape/tensor.ts";
import { DataError } from "./error.ts";
import { LIMITS } from "./limits.ts";

/** Why the system refused, in a few words. */
export const reasonOf = (error: PlatformError): string =>
  ({
    NotFound: "it does not exist",
    PermissionDenied: "permission denied",
    AlreadyExists: "it exists already",
    BadResource: "it is not a file that can be read",
    Busy: "it is in use",
  })[String(error.reason._tag)] ??
  error.reason.description ??
  error.reason.message;

export const unreadable = (file: string, why: string): DataError =>
  new DataError({
    code: "MTT5502",
    message: `cannot read ${file}: ${why}`,
    file,
    help: "paths in a program are relative to the file that names them",
  });

/** Size in bytes of a regular file; undefined where there is none. */
export const sizeOfFile = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem;
  return yield* fs.stat(path).pipe(
    Effect.map((info) => (info.type === "File" ? Number(info.size) : undefined)),
    Effect.orElseSucceed(() => undefined),
  );
});

/** The whole file, if it is not too large. */
export const readBytes = Effect.fnUntraced(function* (
  file: string,
  limit: number = LIMITS.file,
): Effect.fn.Return<Uint8Array, DataError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem;
  const info = yield* fs.stat(file).pipe(Effect.mapError((error) => unreadable(file, reasonOf(error))));
  if (info.type === "Directory") return yield* unreadable(file, "it is a folder");
  // A pipe or a device keeps a reader waiting, or never ends.
  if (info.type !== "File") return yield* unreadable(file, "it is no regular file");
  const size = Number(info.size);
  if (size > limit) {
    return yield* new DataError({
      code: "MTT5509",
      message: `${file} has ${showBytes(size)}, and mtt reads at most ${showBytes(limit)} into memory`,
      file,
      expected: `at most ${limit} bytes`,
      found: `${size} bytes`,
      help: "split the file, or use the file that the program means",
    });
  }
  const bytes = yield* fs.readFile(file).pipe(Effect.mapError((error) => unreadable(file, reasonOf(error))));
  return plain(bytes);
});

/** Node's Buffer is a Uint8Array whose `slice` does not copy. */
export const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
