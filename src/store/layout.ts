import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import type { Hash } from "./hash.ts";

/**
 * Where things lie: `objects/ab/cdef…` (bytes by sha256), `results/<key>/result.json` and `at-<n>.json`, `runs/<id>.json`, `locks`, `damaged` (set
 * aside, for people), `tmp`, `format.json`.
 */
export const layoutOf = (root: string) => ({
  root,
  format: `${root}/format.json`,
  objects: `${root}/objects`,
  results: `${root}/results`,
  runs: `${root}/runs`,
  locks: `${root}/locks`,
  damaged: `${root}/damaged`,
  temporary: `${root}/tmp`,
  object: (hash: Hash) => `${root}/objects/${hash.slice(0, 2)}/${hash.slice(2)}`,
  result: (key: Hash, at?: number) => `${root}/results/${key}/${at === undefined ? "result" : `at-${at}`}.json`,
  run: (id: string) => `${root}/runs/${id}.json`,
  lock: (key: Hash) => `${root}/locks/${key}.lock`,
});
export type Layout = ReturnType<typeof layoutOf>;

/** What is not there is none; every other failure stays one. */
export const orNone = <A, R>(
  effect: Effect.Effect<A, PlatformError, R>,
): Effect.Effect<Option.Option<A>, PlatformError, R> =>
  effect.pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      (error) => error.reason._tag === "NotFound",
      () => Effect.succeed(Option.none<A>()),
    ),
  );

/** Names in a folder in their order; none where there is no such folder. */
export const namesIn = (fs: FileSystem, folder: string): Effect.Effect<readonly string[], PlatformError> =>
  Effect.map(orNone(fs.readDirectory(folder)), Option.match({ onNone: () => [], onSome: (names) => names.toSorted() }));

/** Moved where people can look at it; a disk that refuses that leaves it where it is, and it is not read all the same. */
export const setAside = (fs: FileSystem, { root, damaged }: Layout, path: string): Effect.Effect<void> =>
  fs
    .makeDirectory(damaged, { recursive: true })
    .pipe(
      Effect.andThen(fs.rename(path, `${damaged}/${path.slice(root.length + 1).replaceAll("/", "-")}`)),
      Effect.ignore,
    );
