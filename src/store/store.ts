import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { Json } from "../plan/json.ts";
import type { Hash } from "./hash.ts";

/** Raised with the version of what a stored result means; older results are found no more. */
export const STORE_FORMAT = 1;

/** The disk or the store refused: full, read-only, not a store, made by another version. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  code: Schema.Literals(["MTT5101", "MTT5102", "MTT5103"]),
  message: Schema.String,
  help: Schema.String,
}) {}

/** Where an object lies: its sha256. */
const StoredObject = Schema.Struct({ object: Schema.String });

/** Deeper than anything that is stored; who goes through a value goes no deeper than this. */
const DEPTH = 200;
const isJsonAt = (value: unknown, depth: number): value is Json =>
  value === null ||
  typeof value === "string" ||
  typeof value === "boolean" ||
  typeof value === "number" ||
  (typeof value === "object" && depth < DEPTH && Object.values(value).every((part) => isJsonAt(part, depth + 1)));
const isJson = (value: unknown): value is Json => isJsonAt(value, 0);

export const JsonValue = Schema.declare(isJson, { identifier: "Json" });

/** What a step came to. Its content hash covers figures and objects: the rest is for people. */
/** What computing a result warned of. */
const Warning = Schema.Struct({
  code: Schema.TemplateLiteral(["MTT", Schema.Number]),
  message: Schema.String,
  help: Schema.optionalKey(Schema.String),
});
export type Warning = typeof Warning.Type;

export const StoredResult = Schema.Struct({
  format: Schema.Int,
  key: Schema.String,
  /** The step's kind and its name when it ran: for listings and messages only. */
  kind: Schema.String,
  name: Schema.String,
  preimage: JsonValue,
  /** Numbers, strings and flags, by name. */
  figures: JsonValue,
  /** Groups of arrays (`parameters`, `optimizer`, `scores`), each one safetensors object. */
  arrays: Schema.Record(Schema.String, StoredObject),
  /** Whole files by name: a report's `html`. */
  files: Schema.optionalKey(Schema.Record(Schema.String, StoredObject)),
  seconds: Schema.Number,
  /** What it took besides, by name: bytes at most, seconds of its phases. */
  cost: Schema.optionalKey(JsonValue),
  warnings: Schema.optionalKey(Schema.Array(Warning)),
  /** Milliseconds since 1970. */
  finished: Schema.Number,
});
export type StoredResult = typeof StoredResult.Type;

/** One thing in the store, for `mtt cache ls`. */
export interface StoredEntry {
  readonly result: StoredResult;
  readonly bytes: number;
}

export interface ObjectWriter {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>;
  readonly finish: Effect.Effect<Hash, StoreError>;
}

/**
 * Content-addressed objects and keyed results. Writes are atomic: a reader sees the whole or nothing. What does not fit its hash is set aside,
 * reported through `damaged`, and treated as absent.
 */
export class Store extends Context.Service<
  Store,
  {
    readonly putObject: (bytes: Uint8Array) => Effect.Effect<Hash, StoreError>;
    readonly getObject: (hash: Hash) => Effect.Effect<Option.Option<Uint8Array>, StoreError>;
    /** An object written piece by piece, never whole in memory: there when `finish` answers its hash, and not at all where the scope ends before. */
    readonly beginObject: Effect.Effect<ObjectWriter, StoreError, Scope.Scope>;
    /** Bytes `from` to `to` (exclusive) of an object. The first reading in this process goes through all of it, to see that it fits its hash; an empty piece only asks whether it is there. */
    readonly readObject: (hash: Hash, from: number, to: number) => Effect.Effect<Option.Option<Uint8Array>, StoreError>;
    /** `at` is for results kept on the way, such as epoch 4 of a training. */
    readonly putResult: (result: StoredResult, at?: number) => Effect.Effect<void, StoreError>;
    readonly getResult: (key: Hash, at?: number) => Effect.Effect<Option.Option<StoredResult>, StoreError>;
    /** The `at`s kept under a key, ascending. */
    readonly kept: (key: Hash) => Effect.Effect<readonly number[], StoreError>;
    /** Held until the scope ends; a second run waits. Fails if the store is not writable. */
    readonly lock: (key: Hash, onWait: Effect.Effect<void>) => Effect.Effect<void, StoreError, Scope.Scope>;
    readonly list: Effect.Effect<readonly StoredEntry[], StoreError>;
    /** Descriptions of damaged things found since the last call. */
    readonly damaged: Effect.Effect<readonly string[]>;
  }
>()("mtt/store/Store") {}
