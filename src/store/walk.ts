import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import * as Schema from "effect/Schema";
import type { Hash } from "./hash.ts";
import { type Layout, namesIn, orNone } from "./layout.ts";
import { textAt } from "./read-text.ts";
import { unseal } from "./record.ts";
import { STORE_FORMAT, StoredResult } from "./store.ts";

const decode = Schema.decodeUnknownOption(StoredResult);

/** A result's record, or nothing where it is torn, altered or of another format. */
export const readRecord = (text: string): Option.Option<StoredResult> =>
  Option.filter(Option.flatMap(unseal(text), decode), ({ format }) => format === STORE_FORMAT);

/** Objects that a result names. */
export const referencesOf = ({ arrays, files = {} }: StoredResult): readonly Hash[] =>
  [...Object.values(arrays), ...Object.values(files)].map(({ object }) => object);

interface Found {
  readonly path: string;
  /** A regular file, as all that is stored. */
  readonly regular: boolean;
  readonly size: number;
  /** Milliseconds since 1970: when it was written or, of a result, last used. */
  readonly time: number;
}

export interface FoundObject extends Found {
  readonly hash: Hash;
}

export interface FoundResult extends Found {
  readonly key: Hash;
  readonly name: string;
  readonly result: Option.Option<StoredResult>;
}

const stat = (fs: FileSystem, path: string): Effect.Effect<Option.Option<Found>, PlatformError> =>
  Effect.map(
    orNone(fs.stat(path)),
    Option.map(({ size, mtime, type }) => ({
      path,
      regular: type === "File",
      size: Number(size),
      time: Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() }),
    })),
  );

/** Files of a folder with size and time; one that goes meanwhile is left out. */
export const filesIn = Effect.fnUntraced(function* (fs: FileSystem, folder: string) {
  const found: (Found & { readonly name: string })[] = [];
  for (const name of yield* namesIn(fs, folder)) {
    const file = yield* stat(fs, `${folder}/${name}`);
    if (Option.isSome(file)) found.push({ ...file.value, name });
  }
  return found;
});

export const objectsIn = Effect.fnUntraced(function* (fs: FileSystem, { objects }: Layout) {
  const found: FoundObject[] = [];
  for (const head of yield* namesIn(fs, objects)) {
    for (const { name, ...file } of yield* filesIn(fs, `${objects}/${head}`)) {
      found.push({ ...file, hash: `${head}${name}` });
    }
  }
  return found;
});

export const resultsIn = Effect.fnUntraced(function* (fs: FileSystem, { results }: Layout) {
  const found: FoundResult[] = [];
  for (const key of yield* namesIn(fs, results)) {
    for (const file of yield* filesIn(fs, `${results}/${key}`)) {
      const text = yield* textAt(fs, file.path);
      if (Option.isSome(text)) found.push({ ...file, key, result: readRecord(text.value) });
    }
  }
  return found;
});
