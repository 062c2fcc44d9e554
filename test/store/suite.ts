import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../src/store/hash.ts";
import { STORE_FORMAT, Store, type StoredResult } from "../../src/store/store.ts";

export const result = (key: string, more: Partial<StoredResult> = {}): StoredResult => ({
  format: STORE_FORMAT,
  key,
  kind: "train",
  name: "classifier",
  preimage: { seed: 1 },
  figures: { loss: 0.25 },
  arrays: {},
  seconds: 1,
  finished: 0,
  ...more,
});

/** What every store must do. `layer` opens the same store anew each time it is built, where it outlives the process. */
export const suite = (name: string, layer: () => Layer.Layer<Store, unknown>) => {
  const run = <A>(effect: Effect.Effect<A, unknown, Store>) =>
    Effect.runPromise(effect.pipe(Effect.provide(layer())) as Effect.Effect<A>);

  describe(name, () => {
    it("gives back the bytes it was given, by their hash", () =>
      run(
        Effect.gen(function* () {
          const store = yield* Store;
          const bytes = Uint8Array.from([1, 2, 3]);
          const hash = yield* store.putObject(bytes);
          expect(hash).toBe(hashBytes(bytes));
          bytes[0] = 9;
          expect([...Option.getOrThrow(yield* store.getObject(hash))]).toEqual([1, 2, 3]);
          expect(Option.isNone(yield* store.getObject("0".repeat(64)))).toBe(true);
        }),
      ));

    it("takes an object in pieces, and reads pieces of it", () =>
      run(
        Effect.gen(function* () {
          const store = yield* Store;
          const hash = yield* Effect.scoped(
            Effect.gen(function* () {
              const object = yield* store.beginObject;
              const piece = Uint8Array.from([1, 2]);
              yield* object.write(piece);
              piece[0] = 9;
              yield* object.write(Uint8Array.from([3, 4, 5]));
              return yield* object.finish;
            }),
          );
          expect(hash).toBe(hashBytes(Uint8Array.from([1, 2, 3, 4, 5])));
          expect([...Option.getOrThrow(yield* store.readObject(hash, 1, 4))]).toEqual([2, 3, 4]);
          expect([...Option.getOrThrow(yield* store.getObject(hash))]).toEqual([1, 2, 3, 4, 5]);
          expect(Option.isNone(yield* store.readObject("0".repeat(64), 0, 1))).toBe(true);
        }),
      ));

    it("keeps results by key, and those on the way by number", () =>
      run(
        Effect.gen(function* () {
          const store = yield* Store;
          yield* store.putResult(result("k1"));
          yield* store.putResult(result("k1", { figures: { loss: 0.5 } }), 10);
          yield* store.putResult(result("k1"), 2);
          expect(Option.getOrThrow(yield* store.getResult("k1"))).toEqual(result("k1"));
          expect(Option.getOrThrow(yield* store.getResult("k1", 10)).figures).toEqual({ loss: 0.5 });
          expect(yield* store.kept("k1")).toEqual([2, 10]);
          expect(yield* store.kept("k2")).toEqual([]);
          expect(Option.isNone(yield* store.getResult("k2"))).toBe(true);
          expect((yield* store.list).length).toBe(3);
        }),
      ));

    it("lets one holder of a lock go at a time, in turn", () =>
      run(
        Effect.gen(function* () {
          const store = yield* Store;
          const order: string[] = [];
          const inside = yield* Deferred.make<void>();
          const waiting = yield* Deferred.make<void>();
          const work = (who: string) =>
            Effect.scoped(
              Effect.gen(function* () {
                yield* store.lock(
                  "k",
                  Effect.andThen(
                    Effect.sync(() => void order.push(`${who} waits`)),
                    Deferred.succeed(waiting, undefined),
                  ),
                );
                order.push(`${who} in`);
                yield* Deferred.succeed(inside, undefined);
                yield* Deferred.await(waiting);
                order.push(`${who} out`);
              }),
            );
          yield* Effect.all([work("a"), Effect.andThen(Deferred.await(inside), work("b"))], {
            concurrency: 2,
          });
          expect(order).toEqual(["a in", "b waits", "a out", "b in", "b out"]);
        }),
      ));
  });
};
