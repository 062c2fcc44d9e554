import { createHash } from "node:crypto";
import { dirname } from "node:path";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import type { Json } from "../plan/json.ts";
import { storeError } from "./errors.ts";
import { checkFormat } from "./format.ts";
import { type Hash, hashBytes } from "./hash.ts";
import { hashOf } from "./hash-file.ts";
import { layoutOf, namesIn, orNone, setAside } from "./layout.ts";
import { lockFile } from "./lock.ts";
import { makeFolder } from "./make-folder.ts";
import { isFile, textAt } from "./read-text.ts";
import { seal } from "./record.ts";
import { STORE_FORMAT, Store, type StoredResult, type StoreError } from "./store.ts";
import { readRecord, referencesOf, resultsIn } from "./walk.ts";
import { writeWhole } from "./write-whole.ts";

/** The store in a folder, as `layoutOf` lays it out. Every file is written beside its place, synced and renamed. */
export const layerFileSystem = (root: string): Layer.Layer<Store, StoreError, FileSystem> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const fs = yield* FileSystem;
      const refuse = <A, R>(doing: string, effect: Effect.Effect<A, PlatformError, R>) =>
        Effect.mapError(effect, storeError(root, doing));
      const at = layoutOf(root);
      const made = yield* checkFormat(fs, at);

      const damage: string[] = [];
      const damagedAt = (path: string, what: string) =>
        Effect.andThen(
          setAside(fs, at, path),
          Effect.sync(() => void damage.push(`${what} is damaged; set aside in ${at.damaged}`)),
        );

      let ready = false;
      let counter = 0;
      /** Objects that were found to fit their hashes. */
      const whole = new Set<Hash>();
      const prepare = Effect.gen(function* () {
        if (ready) return;
        for (const folder of [at.objects, at.results, at.locks, at.temporary]) yield* makeFolder(fs, folder);
        ready = true;
        if (!made) yield* write(at.format, new TextEncoder().encode(`{"format":${STORE_FORMAT}}\n`));
      });

      const temporaryPath = (): string => `${at.temporary}/${process.pid}-${process.hrtime.bigint()}-${counter++}`;

      const write = (path: string, bytes: Uint8Array) => writeWhole(fs, path, bytes, temporaryPath());

      const putObject = (bytes: Uint8Array) =>
        refuse(
          `writing ${bytes.length} bytes`,
          Effect.gen(function* () {
            const hash = hashBytes(bytes);
            yield* prepare;
            yield* fs.makeDirectory(dirname(at.object(hash)), { recursive: true });
            yield* write(at.object(hash), bytes);
            return hash;
          }),
        );

      /** What lies at an object's place and is no file is set aside before anybody waits for its bytes. */
      const strange = (hash: Hash) =>
        Effect.gen(function* () {
          const regular = yield* isFile(fs, at.object(hash));
          if (Option.isNone(regular) || regular.value) return false;
          yield* damagedAt(at.object(hash), `object ${hash}`);
          return true;
        });

      const getObject = (hash: Hash) =>
        refuse(
          `reading object ${hash}`,
          Effect.gen(function* () {
            if (yield* strange(hash)) return Option.none<Uint8Array>();
            const bytes = yield* orNone(fs.readFile(at.object(hash)));
            if (Option.isSome(bytes) && hashBytes(bytes.value) !== hash) {
              yield* damagedAt(at.object(hash), `object ${hash}`);
              return Option.none<Uint8Array>();
            }
            return bytes;
          }),
        );

      const beginObject = Effect.gen(function* () {
        const writing = `writing to ${root}`;
        const temporary = temporaryPath();
        const file = yield* refuse(
          writing,
          Effect.gen(function* () {
            yield* prepare;
            yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(temporary, { force: true })));
            return yield* fs.open(temporary, { flag: "wx" });
          }),
        );
        const hash = createHash("sha256");
        const finish = Effect.gen(function* () {
          const name = hash.digest("hex");
          yield* file.sync;
          yield* fs.makeDirectory(dirname(at.object(name)), { recursive: true });
          yield* fs.rename(temporary, at.object(name));
          return name;
        });
        return {
          write: (bytes: Uint8Array) =>
            refuse(
              writing,
              Effect.andThen(
                file.writeAll(bytes),
                Effect.sync(() => void hash.update(bytes)),
              ),
            ),
          finish: refuse(writing, finish),
        };
      });

      const readObject = (hash: Hash, from: number, to: number) =>
        refuse(
          `reading object ${hash}`,
          Effect.scoped(
            Effect.gen(function* () {
              if (!whole.has(hash) && (yield* strange(hash))) return Option.none<Uint8Array>();
              const opened = yield* orNone(fs.open(at.object(hash)));
              if (Option.isNone(opened)) return Option.none<Uint8Array>();
              if (to <= from) return Option.some(new Uint8Array());
              const file = opened.value;
              if (!whole.has(hash)) {
                if ((yield* hashOf(file)) !== hash) {
                  yield* damagedAt(at.object(hash), `object ${hash}`);
                  return Option.none<Uint8Array>();
                }
                whole.add(hash);
              }
              yield* file.seek(BigInt(from), "start");
              const bytes = new Uint8Array(to - from);
              let filled = 0;
              while (filled < bytes.length) {
                const read = Number(yield* file.read(bytes.subarray(filled)));
                if (read === 0) break;
                filled += read;
              }
              return Option.some(bytes.subarray(0, filled));
            }),
          ),
        );

      const putResult = (result: StoredResult, step?: number) =>
        refuse(
          `writing the result of ${result.name}`,
          Effect.gen(function* () {
            yield* prepare;
            yield* fs.makeDirectory(`${at.results}/${result.key}`, { recursive: true });
            const body: Json = { ...result };
            yield* write(at.result(result.key, step), new TextEncoder().encode(seal(body)));
          }),
        );

      const readResult = (path: string, what: string) =>
        Effect.gen(function* () {
          const text = yield* textAt(fs, path);
          if (Option.isNone(text)) return Option.none<StoredResult>();
          const result = readRecord(text.value);
          if (Option.isNone(result)) yield* damagedAt(path, what);
          return result;
        });

      /** The time of a result's file is when it was last used: `mtt cache gc` goes by it. A store that cannot be written is read all the same. */
      const touch = (path: string) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.ignore(fs.utimes(path, now / 1000, now / 1000)));

      const getResult = (key: Hash, step?: number) =>
        refuse(
          `reading result ${key}`,
          readResult(at.result(key, step), `the stored result ${key}${step === undefined ? "" : ` at ${step}`}`).pipe(
            Effect.tap((found) => (Option.isSome(found) ? touch(at.result(key, step)) : Effect.void)),
          ),
        );

      const kept = (key: Hash) =>
        refuse(
          `reading results of ${key}`,
          namesIn(fs, `${at.results}/${key}`).pipe(
            Effect.map((names) =>
              names
                .flatMap((name) => /^at-(\d+)\.json$/.exec(name)?.[1] ?? [])
                .map(Number)
                .sort((a, b) => a - b),
            ),
          ),
        );

      const lock = (key: Hash, onWait: Effect.Effect<void>) =>
        refuse("writing a lock", Effect.andThen(prepare, lockFile(fs, at.lock(key), onWait)));

      const list = refuse(
        "reading results",
        Effect.gen(function* () {
          const entries = [];
          for (const { key, path, result } of yield* resultsIn(fs, at)) {
            if (Option.isNone(result)) {
              yield* damagedAt(path, `the stored result ${key}`);
              continue;
            }
            let bytes = 0;
            for (const object of referencesOf(result.value)) {
              const info = yield* orNone(fs.stat(at.object(object)));
              if (Option.isSome(info)) bytes += Number(info.value.size);
            }
            entries.push({ result: result.value, bytes });
          }
          return entries;
        }),
      );

      return Store.of({
        putObject,
        getObject,
        beginObject,
        readObject,
        putResult,
        getResult,
        kept,
        lock,
        list,
        damaged: Effect.sync(() => damage.splice(0)),
      });
    }),
  );
