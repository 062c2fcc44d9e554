import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type { Json } from "../plan/json.ts";
import { storeError } from "./errors.ts";
import { checkFormat } from "./format.ts";
import { layoutOf, namesIn } from "./layout.ts";
import { makeFolder } from "./make-folder.ts";
import { textAt } from "./read-text.ts";
import { seal, unseal } from "./record.ts";
import { JsonValue } from "./store.ts";
import { writeWhole } from "./write-whole.ts";

const StepRecord = Schema.Struct({
  kind: Schema.String,
  status: Schema.Literals(["ran", "cached", "skipped", "failed"]),
  key: Schema.String,
  seconds: Schema.Number,
  result: JsonValue,
});

/** One `mtt run`, for `mtt runs` and for `mtt cache gc`. */
export const RunRecord = Schema.Struct({
  /** `20261125-093012-3f2a`: its start in UTC and four digits by chance. */
  id: Schema.String,
  /** An absolute path. */
  file: Schema.String,
  targets: Schema.Array(Schema.String),
  /** Params given by flags, variables and mtt.yaml. */
  params: Schema.Record(Schema.String, Schema.String),
  /** The engine's identity: `tensorflow/2.21.0/cpu`. */
  engine: Schema.String,
  /** Of mtt. */
  version: Schema.String,
  host: Schema.String,
  pid: Schema.Int,
  /** Milliseconds since 1970. */
  started: Schema.Number,
  finished: Schema.optionalKey(Schema.Number),
  /** `running` is what a killed run leaves. */
  status: Schema.Literals(["running", "done", "failed", "interrupted"]),
  steps: Schema.Record(Schema.String, StepRecord),
  /** Every key that was used, parts of steps too, by `name`: `blame/curvature`. */
  used: Schema.Array(Schema.Struct({ step: Schema.String, key: Schema.String, ran: Schema.Boolean })),
});
export type RunRecord = typeof RunRecord.Type;

const decode = Schema.decodeUnknownOption(RunRecord);

/** A run's record from its text, or nothing where it is torn, altered or none. */
export const decodeRun = (text: string): Option.Option<RunRecord> => Option.flatMap(unseal(text), decode);

/** Writes or replaces the record. */
export const writeRun = Effect.fnUntraced(function* (root: string, record: RunRecord) {
  const fs = yield* FileSystem;
  const at = layoutOf(root);
  const body: Json = { ...record };
  yield* makeFolder(fs, at.runs).pipe(
    Effect.andThen(makeFolder(fs, at.temporary)),
    Effect.andThen(
      writeWhole(fs, at.run(record.id), new TextEncoder().encode(seal(body)), `${at.temporary}/run-${record.id}`),
    ),
    Effect.mapError(storeError(root, "writing the record of the run")),
  );
});

/** All runs, the oldest first; records that are damaged are left out and counted. */
export const readRuns = Effect.fnUntraced(function* (root: string) {
  const fs = yield* FileSystem;
  const at = layoutOf(root);
  yield* checkFormat(fs, at);
  return yield* Effect.gen(function* () {
    const runs: RunRecord[] = [];
    let damaged = 0;
    for (const name of yield* namesIn(fs, at.runs)) {
      const text = yield* textAt(fs, `${at.runs}/${name}`);
      if (Option.isNone(text)) continue;
      const record = decodeRun(text.value);
      if (Option.isSome(record)) runs.push(record.value);
      else damaged++;
    }
    return { runs: runs.toSorted((a, b) => a.started - b.started), damaged };
  }).pipe(Effect.mapError(storeError(root, "reading the records of runs")));
});

/**
 * Keys that current pipelines need: of every file that is still there, what its last run used, and what came with those results when they were computed
 * (a score's factors and solves are not read again once it is there).
 */
export const keysInUse = (runs: readonly RunRecord[], isThere: (file: string) => boolean): ReadonlySet<string> => {
  const last = new Map<string, RunRecord>();
  const made = new Map<string, { readonly run: RunRecord; readonly step: string }>();
  for (const run of runs) {
    last.set(run.file, run);
    for (const { step, key, ran } of run.used) if (ran) made.set(key, { run, step });
  }
  const keys = new Set<string>();
  for (const [file, run] of last) {
    if (!isThere(file)) continue;
    for (const { key } of run.used) {
      keys.add(key);
      const origin = made.get(key);
      if (origin === undefined) continue;
      for (const other of origin.run.used) if (other.step.startsWith(`${origin.step}/`)) keys.add(other.key);
    }
  }
  return keys;
};
