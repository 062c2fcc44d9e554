import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import { storeError } from "./errors.ts";
import { checkFormat } from "./format.ts";
import type { Hash } from "./hash.ts";
import { type Layout, layoutOf, namesIn } from "./layout.ts";
import { type FoundResult, filesIn, objectsIn, referencesOf, resultsIn } from "./walk.ts";

export interface GcOptions {
  /** Milliseconds since the last use. */
  readonly maxAge: number;
  /** Bytes of all objects; the least recently used results go until the rest fits. */
  readonly maxSize: number | undefined;
  readonly dryRun: boolean;
  /** Keys that stay whatever their age: what current pipelines need. */
  readonly keep: ReadonlySet<Hash>;
}

export interface Collected {
  readonly results: number;
  readonly objects: number;
  /** Of temporary, damaged and lock files too. */
  readonly bytes: number;
  /** Bytes of objects that are left. */
  readonly left: number;
  /** Bytes that are kept above `maxSize`, because they are in use. */
  readonly over: number;
}

/** What was used within an hour is never removed: a run at work may be about to read it. */
export const GRACE = 3_600_000;

/** All results under one key: the epochs of a training come and go together. */
interface Held {
  readonly key: Hash;
  readonly used: number;
  readonly objects: ReadonlySet<Hash>;
}

/**
 * Removes results by age and size, and objects that no result names. Safe beside a running one: what it used lately stays, what it takes up between our
 * look and our hand is put back, and what it misses all the same it computes again.
 */
export const collectGarbage = Effect.fnUntraced(function* (root: string, options: GcOptions) {
  const fs = yield* FileSystem;
  const at = layoutOf(root);
  yield* checkFormat(fs, at);
  const now = yield* Clock.currentTimeMillis;
  return yield* Effect.gen(function* () {
    const sizes = new Map((yield* objectsIn(fs, at)).map((object) => [object.hash, object]));
    const locked = new Set((yield* namesIn(fs, at.locks)).map((name) => name.replace(/\.lock$/, "")));
    const held = byKey(yield* resultsIn(fs, at));
    const total = [...sizes.values()].reduce((sum, { size }) => sum + size, 0);
    const { removed, left } = choose(held, sizes, { ...options, now, locked });

    let bytes = 0;
    let results = 0;
    const gone = new Set<Hash>();
    for (const entry of removed) {
      if (options.dryRun || (yield* removeResult(fs, at, entry))) {
        gone.add(entry.key);
        results++;
      }
    }
    const named = new Set(held.flatMap(({ key, objects }) => (gone.has(key) ? [] : [...objects])));
    let objects = 0;
    let freed = 0;
    for (const { hash, path, size, time } of sizes.values()) {
      if (named.has(hash) || now - time < GRACE) continue;
      if (options.dryRun || (yield* removeFile(fs, at, path, time))) {
        objects++;
        freed += size;
      }
    }
    for (const [folder, age] of [
      [at.temporary, GRACE],
      [at.locks, GRACE],
      [at.damaged, options.maxAge],
    ] as const) {
      for (const { path, size, time } of yield* filesIn(fs, folder)) {
        if (now - time < Math.max(age, GRACE)) continue;
        if (!options.dryRun) yield* fs.remove(path, { force: true, recursive: true });
        bytes += size;
      }
    }
    const collected: Collected = {
      results,
      objects,
      bytes: bytes + freed,
      left: total - freed,
      over: options.maxSize === undefined ? 0 : Math.max(0, left - options.maxSize),
    };
    return collected;
  }).pipe(Effect.mapError(storeError(root, "removing what is not needed")));
});

const byKey = (results: readonly FoundResult[]): readonly Held[] => {
  const held = new Map<Hash, { used: number; objects: Set<Hash> }>();
  for (const { key, time, result } of results) {
    const entry = held.get(key) ?? { used: 0, objects: new Set() };
    held.set(key, entry);
    entry.used = Math.max(entry.used, time);
    if (Option.isSome(result)) for (const object of referencesOf(result.value)) entry.objects.add(object);
  }
  return [...held].map(([key, entry]) => ({ key, ...entry }));
};

/** What goes, the least recently used first, and the bytes of objects that the rest and the grace hold. */
const choose = (
  held: readonly Held[],
  sizes: ReadonlyMap<Hash, { readonly size: number; readonly time: number }>,
  { maxAge, maxSize, keep, now, locked }: GcOptions & { readonly now: number; readonly locked: ReadonlySet<Hash> },
): { readonly removed: readonly Held[]; readonly left: number } => {
  const uses = new Map<Hash, number>();
  for (const { objects } of held) for (const object of objects) uses.set(object, (uses.get(object) ?? 0) + 1);
  let left = 0;
  for (const [hash, { size, time }] of sizes) if (uses.has(hash) || now - time < GRACE) left += size;
  const removed: Held[] = [];
  for (const entry of held.toSorted((a, b) => a.used - b.used)) {
    const age = now - entry.used;
    if (keep.has(entry.key) || locked.has(entry.key) || age < GRACE) continue;
    if (age <= maxAge && (maxSize === undefined || left <= maxSize)) continue;
    removed.push(entry);
    for (const object of entry.objects) {
      const rest = (uses.get(object) ?? 0) - 1;
      uses.set(object, rest);
      const found = sizes.get(object);
      if (rest === 0 && found !== undefined && now - found.time >= GRACE) left -= found.size;
    }
  }
  return { removed, left };
};

/** Out of the way first, then looked at once more: a run that took it up meanwhile has given it a new time, and gets it back. */
const removeAside = Effect.fnUntraced(
  function* (
    fs: FileSystem,
    at: Layout,
    path: string,
    untouched: (aside: string) => Effect.Effect<boolean, PlatformError>,
  ) {
    const aside = `${at.temporary}/gc-${process.pid}-${process.hrtime.bigint()}`;
    yield* fs.rename(path, aside);
    const ours = yield* untouched(aside);
    // Where a new one has been made in its place, that one holds the same.
    if (!ours && !(yield* fs.exists(path))) {
      yield* fs.rename(aside, path);
      return false;
    }
    yield* fs.remove(aside, { recursive: true, force: true });
    return ours;
  },
  Effect.catchIf(
    (error) => error.reason._tag === "NotFound",
    () => Effect.succeed(false),
  ),
);

const removeResult = (fs: FileSystem, at: Layout, { key, used }: Held) =>
  removeAside(fs, at, `${at.results}/${key}`, (aside) =>
    Effect.map(filesIn(fs, aside), (files) => files.every(({ time }) => time <= used)),
  );

const removeFile = (fs: FileSystem, at: Layout, path: string, written: number) =>
  removeAside(fs, at, path, (aside) =>
    Effect.map(fs.stat(aside), ({ mtime }) => Option.exists(mtime, (time) => time.getTime() <= written)),
  );
