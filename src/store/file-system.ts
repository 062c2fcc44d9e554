import { createHash } from "node:crypto";
import * as Effect from "effect/Effect";
import { type File, FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import * as Schema from "effect/Schema";
import { canonicalJson, type Json } from "../plan/json.ts";
import { storeError } from "./errors.ts";
import { type Hash, hashBytes, hashJson } from "./hash.ts";
import { lockFile } from "./lock.ts";
import { makeFolder } from "./make-folder.ts";
import { JsonValue, STORE_FORMAT, Store, StoredResult, StoreError } from "./store.ts";
import { writeWhole } from "./write-whole.ts";

/** A record on disk: its own hash beside it, so that a torn or altered one is found. */
const Record = Schema.fromJsonString(Schema.Struct({ sha256: Schema.String, result: JsonValue }));
const decodeRecord = Schema.decodeUnknownOption(Record);
const decodeResult = Schema.decodeUnknownOption(StoredResult);
const decodeFormat = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ format: Schema.Int })));

const PIECE = 2 ** 20;

const hashOf = (file: File): Effect.Effect<Hash, PlatformError> =>
  Effect.gen(function* () {
    const hash = createHash("sha256");
    const piece = new Uint8Array(PIECE);
    for (;;) {
      const read = Number(yield* file.read(piece));
      if (read === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, read));
    }
  });

/**
 * `root/objects/ab/cdef…` (bytes by sha256), `root/results/<key>/result.json` and `at-<n>.json`, `root/locks`, `root/damaged` (set aside, for people),
 * `root/format.json`. Every file is written beside its place, synced and renamed.
 */
export const layerFileSystem = (root: string): Layer.Layer<Store, StoreError, FileSystem> =>
  Layer.effect(
    Store,
    Effect.gen(function* () {
      const fs = yield* FileSystem;
      const refuse = <A, R>(doing: string, effect: Effect.Effect<A, PlatformError, R>) =>
        Effect.mapError(effect, storeError(root, doing));
      const orNone = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
        effect.pipe(
          Effect.map(Option.some),
          Effect.catchIf(
            (error) => error.reason._tag === "NotFound",
            () => Effect.succeed(Option.none<A>()),
          ),
        );

      const formatFile = `${root}/format.json`;
      const format = yield* refuse("reading format.json", orNone(fs.readFileString(formatFile)));
      if (Option.isSome(format)) {
        const found = decodeFormat(format.value);
        if (Option.isNone(found) || found.value.format !== STORE_FORMAT) {
          return yield* new StoreError({
            code: "MTT5103",
            message: `the store ${root} has format ${Option.match(found, { onNone: () => "unknown", onSome: (it) => String(it.format) })}; this mtt reads format ${STORE_FORMAT}`,
            help: "use the version of mtt that made it, or another store with --store DIR",
          });
        }
      }

      const damage: string[] = [];
      const setAside = (path: string, what: string) =>
        Effect.gen(function* () {
          yield* fs.makeDirectory(`${root}/damaged`, { recursive: true });
          yield* fs.rename(path, `${root}/damaged/${path.slice(root.length + 1).replaceAll("/", "-")}`);
        }).pipe(
          Effect.ignore,
          Effect.andThen(Effect.sync(() => void damage.push(`${what} is damaged; set aside in ${root}/damaged`))),
        );

      let ready = false;
      let counter = 0;
      /** Objects that were found to fit their hashes. */
      const whole = new Set<Hash>();
      const prepare = Effect.gen(function* () {
        if (ready) return;
        for (const folder of ["objects", "results", "locks", "tmp"]) {
          yield* makeFolder(fs, `${root}/${folder}`);
        }
        ready = true;
        if (Option.isNone(format)) yield* write(formatFile, new TextEncoder().encode(`{"format":${STORE_FORMAT}}\n`));
      });

      const temporaryPath = (): string => `${root}/tmp/${process.pid}-${process.hrtime.bigint()}-${counter++}`;

      const write = (path: string, bytes: Uint8Array) => writeWhole(fs, path, bytes, temporaryPath());

      const objectPath = (hash: Hash) => `${root}/objects/${hash.slice(0, 2)}/${hash.slice(2)}`;
      const resultPath = (key: Hash, at?: number) =>
        `${root}/results/${key}/${at === undefined ? "result" : `at-${at}`}.json`;

      const putObject = (bytes: Uint8Array) =>
        refuse(
          `writing ${bytes.length} bytes`,
          Effect.gen(function* () {
            const hash = hashBytes(bytes);
            yield* prepare;
            yield* fs.makeDirectory(`${root}/objects/${hash.slice(0, 2)}`, { recursive: true });
            yield* write(objectPath(hash), bytes);
            return hash;
          }),
        );

      const getObject = (hash: Hash) =>
        refuse(
          `reading object ${hash}`,
          Effect.gen(function* () {
            const bytes = yield* orNone(fs.readFile(objectPath(hash)));
            if (Option.isSome(bytes) && hashBytes(bytes.value) !== hash) {
              yield* setAside(objectPath(hash), `object ${hash}`);
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
          yield* fs.makeDirectory(`${root}/objects/${name.slice(0, 2)}`, { recursive: true });
          yield* fs.rename(temporary, objectPath(name));
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
              const opened = yield* orNone(fs.open(objectPath(hash)));
              if (Option.isNone(opened)) return Option.none<Uint8Array>();
              if (to <= from) return Option.some(new Uint8Array());
              const file = opened.value;
              if (!whole.has(hash)) {
                if ((yield* hashOf(file)) !== hash) {
                  yield* setAside(objectPath(hash), `object ${hash}`);
                  return Option.none<Uint8Array>();
                }
                whole.add(hash);
              }
              yield* file.seek(BigInt(from), "start");
              const bytes = new Uint8Array(to - from);
              let at = 0;
              while (at < bytes.length) {
                const read = Number(yield* file.read(bytes.subarray(at)));
                if (read === 0) break;
                at += read;
              }
              return Option.some(bytes.subarray(0, at));
            }),
          ),
        );

      const putResult = (result: StoredResult, at?: number) =>
        refuse(
          `writing the result of ${result.name}`,
          Effect.gen(function* () {
            yield* prepare;
            yield* fs.makeDirectory(`${root}/results/${result.key}`, { recursive: true });
            const body: Json = { ...result };
            const text = `{"sha256":"${hashJson(body)}","result":${canonicalJson(body)}}\n`;
            yield* write(resultPath(result.key, at), new TextEncoder().encode(text));
          }),
        );

      const readResult = (path: string, what: string) =>
        Effect.gen(function* () {
          const text = yield* orNone(fs.readFileString(path));
          if (Option.isNone(text)) return Option.none<StoredResult>();
          const record = decodeRecord(text.value);
          const result =
            Option.isSome(record) && hashJson(record.value.result) === record.value.sha256
              ? decodeResult(record.value.result)
              : Option.none<StoredResult>();
          if (Option.isNone(result) || result.value.format !== STORE_FORMAT) {
            yield* setAside(path, what);
            return Option.none<StoredResult>();
          }
          return result;
        });

      const getResult = (key: Hash, at?: number) =>
        refuse(
          `reading result ${key}`,
          readResult(resultPath(key, at), `the stored result ${key}${at === undefined ? "" : ` at ${at}`}`),
        );

      const kept = (key: Hash) =>
        refuse(
          `reading results of ${key}`,
          orNone(fs.readDirectory(`${root}/results/${key}`)).pipe(
            Effect.map((names) =>
              Option.getOrElse(names, (): string[] => [])
                .flatMap((name) => /^at-(\d+)\.json$/.exec(name)?.[1] ?? [])
                .map(Number)
                .sort((a, b) => a - b),
            ),
          ),
        );

      const lock = (key: Hash, onWait: Effect.Effect<void>) =>
        refuse("writing a lock", Effect.andThen(prepare, lockFile(fs, `${root}/locks/${key}.lock`, onWait)));

      const list = refuse(
        "reading results",
        Effect.gen(function* () {
          const keys = Option.getOrElse(yield* orNone(fs.readDirectory(`${root}/results`)), (): string[] => []);
          const entries = [];
          for (const key of keys.sort()) {
            for (const name of yield* fs.readDirectory(`${root}/results/${key}`)) {
              const result = yield* readResult(`${root}/results/${key}/${name}`, `the stored result ${key}`);
              if (Option.isNone(result)) continue;
              let bytes = 0;
              const { arrays, files = {} } = result.value;
              for (const { object } of [...Object.values(arrays), ...Object.values(files)]) {
                const info = yield* orNone(fs.stat(objectPath(object)));
                if (Option.isSome(info)) bytes += Number(info.value.size);
              }
              entries.push({ result: result.value, bytes });
            }
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
