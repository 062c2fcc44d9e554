import { dirname, join } from "node:path";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import { showBytes } from "../shape/tensor.ts";
import { hashBytes } from "../store/hash.ts";
import type { DataConfig } from "./config.ts";
import { attempt, DataError } from "./error.ts";
import { readBytes, reasonOf, sizeOfFile } from "./files.ts";

export interface Download {
  /** How messages call the file. */
  readonly name: string;
  /** Tried in order. */
  readonly urls: readonly string[];
  /** Where the file is kept: whole and accepted, or not at all. */
  readonly target: string;
  /** Throws a DataError for contents that are not what they should be. */
  readonly accept: (bytes: Uint8Array) => void;
  /** A longer answer is refused before it fills the disk. */
  readonly limit: number;
}

const WAIT_FOR_ANSWER = "20 seconds";
const WAIT_FOR_BYTES = "30 seconds";
/** Milliseconds after which a part that nobody wrote to belongs to a process that died. */
const ABANDONED = 2 * 60 * 1000;

/** The connection broke or the server was busy: worth another try, from where it stopped. */
class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}

const failed = (message: string): DataError =>
  new DataError({
    code: "MTT5515",
    message,
    help: "is the network reachable? HTTPS_PROXY and NODE_EXTRA_CA_CERTS are honoured",
  });

/**
 * A file from the first mirror that has it. What an interrupted download got is kept beside the target, and the next one goes on from there;
 * the file appears under its name only whole and accepted.
 */
export const download = Effect.fnUntraced(function* (config: DataConfig, wanted: Download) {
  const fs = yield* FileSystem.FileSystem;
  const folder = dirname(wanted.target);
  yield* fs
    .makeDirectory(folder, { recursive: true })
    .pipe(Effect.mapError((error) => failed(`cannot make the cache folder ${folder}: ${reasonOf(error)}`)));
  const tried: string[] = [];
  for (const url of wanted.urls) {
    const outcome = yield* fromMirror(config, wanted, url).pipe(
      Effect.catchTag("DataError", (error) => Effect.succeed(error)),
    );
    if (!(outcome instanceof DataError)) return outcome;
    tried.push(`${url}: ${outcome.message}`);
  }
  return yield* failed(tried.join("\n"));
});

let parts = 0;

const fromMirror = Effect.fnUntraced(function* (config: DataConfig, wanted: Download, url: string) {
  const fs = yield* FileSystem.FileSystem;
  // Two mirrors may pack the same contents differently: a part goes on only where it came from.
  const kept = `${wanted.target}.${hashBytes(new TextEncoder().encode(url)).slice(0, 8)}.part`;
  // Claimed by its new name, so that two processes never write one file.
  const part = `${kept}.${process.pid}-${++parts}`;
  yield* claim(kept, part);
  const drop = fs.remove(part, { force: true }).pipe(Effect.ignore);
  const once = Effect.gen(function* () {
    yield* transfer(config, wanted, url, part).pipe(
      Effect.retry({
        schedule: Schedule.exponential("200 millis"),
        times: 2,
        while: (error) => error._tag === "Broken",
      }),
      Effect.catchTag("Broken", (error) => Effect.fail(failed(error.message))),
      Effect.tapError((error) => (error.code === "MTT5509" ? drop : Effect.void)),
    );
    const bytes = yield* readBytes(part, wanted.limit);
    return yield* attempt(() => wanted.accept(bytes)).pipe(
      Effect.tapError(() => drop),
      Effect.as(bytes),
    );
  });
  const resumed = (yield* sizeOfFile(part)) !== undefined;
  const bytes = yield* once.pipe(
    // The part may have been another version of the file: once more, from the beginning.
    Effect.catchTag("DataError", (error) =>
      resumed && error.code !== "MTT5515" ? once : Effect.fail<DataError>(error),
    ),
    Effect.tap(() =>
      fs
        .rename(part, wanted.target)
        .pipe(Effect.mapError((error) => failed(`cannot write ${wanted.target}: ${reasonOf(error)}`))),
    ),
    Effect.onExit((exit) => (exit._tag === "Success" ? Effect.void : fs.rename(part, kept).pipe(Effect.ignore))),
  );
  return bytes;
});

/** Takes over the part that an earlier download left: by its name, or, where that process was killed, by its age. */
const claim = Effect.fnUntraced(function* (kept: string, part: string) {
  const fs = yield* FileSystem.FileSystem;
  const folder = dirname(kept);
  const names = yield* fs.readDirectory(folder).pipe(Effect.orElseSucceed(() => []));
  for (const name of names) {
    const path = join(folder, name);
    if (!path.startsWith(kept) || path === part) continue;
    if (path !== kept) {
      const modified = yield* fs.stat(path).pipe(
        Effect.map(({ mtime }) => (mtime._tag === "Some" ? mtime.value.getTime() : Date.now())),
        Effect.orElseSucceed(() => Date.now()),
      );
      if (Date.now() - modified < ABANDONED) continue;
    }
    yield* fs.rename(path, part).pipe(Effect.ignore);
  }
});

/** Appends to `part` what it lacks of `url`. */
const transfer = Effect.fnUntraced(function* (config: DataConfig, wanted: Download, url: string, part: string) {
  const fs = yield* FileSystem.FileSystem;
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.followRedirects(5), HttpClient.withScope);
  const have = (yield* sizeOfFile(part)) ?? 0;
  const request = HttpClientRequest.get(url).pipe(
    // The file as it lies on the server: offsets mean nothing in a packed answer.
    HttpClientRequest.setHeader("accept-encoding", "identity"),
    have > 0 ? HttpClientRequest.setHeader("range", `bytes=${have}-`) : (same) => same,
  );
  const response = yield* client.execute(request).pipe(
    // Not tried again: without a network, the fallback or the error should come soon.
    Effect.mapError((error) => failed(transportReason(error))),
    Effect.timeoutOrElse({
      duration: WAIT_FOR_ANSWER,
      orElse: () => Effect.fail(failed(`no answer in ${WAIT_FOR_ANSWER}`)),
    }),
  );
  const { status, headers } = response;
  if (status === 416 || (status === 206 && !headers["content-range"]?.startsWith(`bytes ${have}-`))) {
    yield* fs.remove(part, { force: true }).pipe(Effect.ignore);
    return yield* new Broken({ message: `the server could not go on from byte ${have}` });
  }
  if (status >= 500 || status === 429) return yield* new Broken({ message: `the server answered ${status}` });
  if (status !== 200 && status !== 206) return yield* failed(`the server answered ${status}`);
  const start = status === 206 ? have : 0;
  const length = headers["content-length"];
  const total = length === undefined ? undefined : start + Number(length);
  if (total !== undefined && total > wanted.limit) return yield* tooLong(wanted, total);

  const toFile = Effect.mapError((error: Parameters<typeof reasonOf>[0]) =>
    failed(`cannot write ${part}: ${reasonOf(error)}`),
  );
  const file = yield* fs.open(part, { flag: start > 0 ? "a" : "w" }).pipe(toFile);
  let written = start;
  let shown = 0;
  yield* response.stream.pipe(
    Stream.mapError((error) => new Broken({ message: transportReason(error) })),
    Stream.timeoutOrElse({
      duration: WAIT_FOR_BYTES,
      orElse: () => Stream.fail(new Broken({ message: `nothing came for ${WAIT_FOR_BYTES}` })),
    }),
    Stream.runForEach((chunk) =>
      Effect.gen(function* () {
        written += chunk.length;
        if (written > wanted.limit) return yield* tooLong(wanted, written);
        yield* file.writeAll(chunk).pipe(toFile);
        if (total === undefined || written - shown < total / 100) return;
        shown = written;
        const message = `downloading ${wanted.name}, ${showBytes(written)} of ${showBytes(total)}`;
        yield* config.report({ kind: "progress", message, fraction: written / total });
      }),
    ),
  );
  yield* file.sync.pipe(toFile);
  if (total !== undefined && written < total) {
    return yield* new Broken({ message: `the connection ended after ${written} of ${total} bytes` });
  }
}, Effect.scoped);

const tooLong = (wanted: Download, bytes: number): DataError =>
  new DataError({
    code: "MTT5509",
    message: `the answer is at least ${showBytes(bytes)} long, and ${wanted.name} has at most ${showBytes(wanted.limit)}`,
    expected: `at most ${wanted.limit} bytes`,
    found: `${bytes} bytes`,
    help: "the mirror serves something else under this name",
  });

/** `example.org was not found: …` says more than `Transport error (GET https://…)`. */
const transportReason = (error: { readonly message: string; readonly cause?: unknown }): string => {
  const { cause } = error;
  const first = cause instanceof AggregateError && cause.errors[0] instanceof Error ? cause.errors[0] : cause;
  const message = first instanceof Error ? first.message : error.message;
  const [, code, host] = /^getaddrinfo (\w+) (\S+)$/.exec(message) ?? [];
  return host === undefined ? message : `${host} was not found: is there a network? (${code})`;
};
