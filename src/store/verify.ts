import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { storeError } from "./errors.ts";
import { checkFormat } from "./format.ts";
import type { Hash } from "./hash.ts";
import { hashOf } from "./hash-file.ts";
import { layoutOf, setAside } from "./layout.ts";
import { objectsIn, referencesOf, resultsIn } from "./walk.ts";

export interface Verified {
  readonly results: number;
  readonly objects: number;
  readonly bytes: number;
  /** Set aside: `object 3f…`, `result 9a…/at-4.json`. */
  readonly damaged: readonly string[];
  /** What a whole result names and the store lacks, so that it is computed again: `classifier: object 3f…`. */
  readonly missing: readonly string[];
  /** Objects that no result names, such as a stopped run leaves. */
  readonly unused: number;
}

/** Reads every byte that is stored and compares it with its hash; what does not fit is set aside, as a run that met it would do. */
export const verifyStore = Effect.fnUntraced(function* (root: string) {
  const fs = yield* FileSystem;
  const at = layoutOf(root);
  yield* checkFormat(fs, at);
  return yield* Effect.gen(function* () {
    const damaged: string[] = [];
    const whole = new Set<Hash>();
    let bytes = 0;
    for (const { hash, path, size, regular } of yield* objectsIn(fs, at)) {
      const found = regular ? yield* Effect.scoped(Effect.flatMap(fs.open(path), hashOf)) : undefined;
      if (found === hash) {
        whole.add(hash);
        bytes += size;
      } else {
        yield* setAside(fs, at, path);
        damaged.push(`object ${hash}`);
      }
    }
    const missing: string[] = [];
    const used = new Set<Hash>();
    let results = 0;
    for (const { key, name, path, result } of yield* resultsIn(fs, at)) {
      if (Option.isNone(result)) {
        yield* setAside(fs, at, path);
        damaged.push(`result ${key}/${name}`);
        continue;
      }
      results++;
      for (const object of referencesOf(result.value)) {
        used.add(object);
        if (!whole.has(object)) missing.push(`${result.value.name}: object ${object}`);
      }
    }
    const verified: Verified = {
      results,
      objects: whole.size,
      bytes,
      damaged,
      missing,
      unused: [...whole].filter((hash) => !used.has(hash)).length,
    };
    return verified;
  }).pipe(Effect.mapError(storeError(root, "reading all that is stored")));
});
