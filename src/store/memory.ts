import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Semaphore from "effect/Semaphore";
import { type Hash, hashBytes } from "./hash.ts";
import { Store, type StoredResult } from "./store.ts";

/** A store that lives as long as the process: for tests, and scripts that keep nothing. */
export const layerMemory: Layer.Layer<Store> = Layer.sync(Store, () => {
  const objects = new Map<Hash, Uint8Array>();
  const results = new Map<string, StoredResult>();
  const locks = new Map<Hash, Semaphore.Semaphore>();
  const place = (key: Hash, at: number | undefined) => (at === undefined ? key : `${key}@${at}`);
  return Store.of({
    putObject: (bytes) =>
      Effect.sync(() => {
        const hash = hashBytes(bytes);
        objects.set(hash, bytes.slice());
        return hash;
      }),
    getObject: (hash) => Effect.sync(() => Option.fromUndefinedOr(objects.get(hash))),
    beginObject: Effect.sync(() => {
      const pieces: Uint8Array[] = [];
      return {
        write: (bytes) => Effect.sync(() => void pieces.push(bytes.slice())),
        finish: Effect.sync(() => {
          const bytes = Buffer.concat(pieces);
          const hash = hashBytes(bytes);
          objects.set(hash, bytes);
          return hash;
        }),
      };
    }),
    readObject: (hash, from, to) =>
      Effect.sync(() => Option.map(Option.fromUndefinedOr(objects.get(hash)), (bytes) => bytes.subarray(from, to))),
    putResult: (result, at) => Effect.sync(() => void results.set(place(result.key, at), result)),
    getResult: (key, at) => Effect.sync(() => Option.fromUndefinedOr(results.get(place(key, at)))),
    kept: (key) =>
      Effect.sync(() =>
        [...results.keys()]
          .filter((entry) => entry.startsWith(`${key}@`))
          .map((entry) => Number(entry.slice(key.length + 1)))
          .sort((a, b) => a - b),
      ),
    lock: (key, onWait) =>
      Effect.gen(function* () {
        const held = locks.get(key) ?? Semaphore.makeUnsafe(1);
        locks.set(key, held);
        const take = Effect.gen(function* () {
          if (yield* Semaphore.takeIfAvailable(held, 1)) return;
          yield* onWait;
          yield* Semaphore.take(held, 1);
        });
        yield* Effect.acquireRelease(take, () => Semaphore.release(held, 1));
      }),
    list: Effect.sync(() => [...results.values()].map((result) => ({ result, bytes: 0 }))),
    damaged: Effect.succeed([]),
  });
});
