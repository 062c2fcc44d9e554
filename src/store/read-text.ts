import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import { orNone } from "./layout.ts";

/** Bytes of a record: figures and a preimage take thousands. */
export const RECORD_LIMIT = 2 ** 26;

/** Whether a regular file is there; a pipe or a device would keep a reader waiting, or never end. */
export const isFile = (fs: FileSystem, path: string): Effect.Effect<Option.Option<boolean>, PlatformError> =>
  Effect.map(
    orNone(fs.stat(path)),
    Option.map(({ type }) => type === "File"),
  );

/** The text of a small file of the store. What is too large for one, or no regular file, reads as nothing written, which is no record. */
export const textAt = Effect.fnUntraced(function* (fs: FileSystem, path: string) {
  const info = yield* orNone(fs.stat(path));
  if (Option.isNone(info)) return Option.none<string>();
  if (info.value.type !== "File" || Number(info.value.size) > RECORD_LIMIT) return Option.some("");
  return yield* orNone(fs.readFileString(path));
});
