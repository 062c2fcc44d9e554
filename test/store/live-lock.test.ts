import { hostname } from "node:os";
import { layer as nodeFileSystem } from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { FileSystem, type FileSystem as Files, makeNoop } from "effect/FileSystem";
import { systemError } from "effect/PlatformError";
import { TestClock } from "effect/testing";
import { describe, expect, it } from "vitest";
import { lockFile } from "../../src/store/lock.ts";

const refuse = (_tag: "AlreadyExists" | "NotFound") =>
  Effect.fail(systemError({ _tag, module: "FileSystem", method: "test" }));

/** What the system says of a small file. */
const info = await Effect.runPromise(
  FileSystem.pipe(
    Effect.flatMap((fs) => fs.stat(import.meta.filename)),
    Effect.provide(nodeFileSystem),
  ),
);

/** A disk in memory that holds small files, and answers at once. */
const disk = (files: Map<string, string>): Files => {
  return makeNoop({
    writeFileString: (path, text, options) =>
      Effect.suspend(() =>
        options?.flag === "wx" && files.has(path)
          ? refuse("AlreadyExists")
          : Effect.sync(() => void files.set(path, text)),
      ),
    readFileString: (path) =>
      Effect.suspend(() => (files.has(path) ? Effect.succeed(files.get(path)!) : refuse("NotFound"))),
    remove: (path) => Effect.sync(() => void files.delete(path)),
    stat: (path) => Effect.suspend(() => (files.has(path) ? Effect.succeed(info) : refuse("NotFound"))),
  });
};

const PATH = "locks/k.lock";
const heldBy = (host: string, beat: number, pid = 1): string => JSON.stringify({ pid, host, started: "then", beat });

describe("a lock that another one holds", () => {
  const waiting = <A>(text: string, then: (files: Map<string, string>, taken: () => boolean) => Effect.Effect<A>) => {
    const files = new Map([[PATH, text]]);
    return Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const fs = yield* FileSystem;
          let told = 0;
          const lock = lockFile(
            fs,
            PATH,
            Effect.sync(() => void told++),
          );
          const taking = yield* Effect.forkScoped(
            Effect.scoped(
              Effect.andThen(
                lock,
                Effect.sync(() => files.get(PATH)!),
              ),
            ),
          );
          yield* TestClock.adjust("1 millis");
          yield* then(files, () => taking.pollUnsafe() !== undefined);
          const mine: unknown = JSON.parse(yield* Fiber.join(taking));
          expect(mine).toMatchObject({ pid: process.pid, host: hostname() });
          expect(files.size).toBe(0);
          return told;
        }),
      ).pipe(Effect.provideService(FileSystem, disk(files)), Effect.provide(TestClock.layer())),
    );
  };

  it("on another machine is respected as long as it beats, for ever, and taken over when it is silent", async () => {
    const told = await waiting(heldBy("another-machine", 0), (files, taken) =>
      Effect.gen(function* () {
        for (let beat = 1; beat <= 100; beat++) {
          yield* TestClock.adjust("2 seconds");
          expect([beat, taken()]).toEqual([beat, false]);
          files.set(PATH, heldBy("another-machine", beat));
        }
        yield* TestClock.adjust("29 seconds");
        expect(taken()).toBe(false);
        yield* TestClock.adjust("3 seconds");
        expect(taken()).toBe(true);
      }),
    );
    expect(told).toBe(1);
  });

  it("on this machine and alive is respected while it beats, and freed by its owner", async () => {
    await waiting(heldBy(hostname(), 0, process.ppid), (files, taken) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("20 seconds");
        expect(taken()).toBe(false);
        files.delete(PATH);
        yield* TestClock.adjust("1 seconds");
        expect(taken()).toBe(true);
      }),
    );
  });

  it("on this machine and gone is taken over at once, whatever it says", async () => {
    expect(await waiting(heldBy(hostname(), 5, 2 ** 22 + 1), () => Effect.void)).toBe(0);
  });

  it("and torn is taken over when nobody goes on writing it", async () => {
    await waiting('{"pid":1', (_, taken) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("900 millis");
        expect(taken()).toBe(false);
        yield* TestClock.adjust("1 seconds");
        expect(taken()).toBe(true);
      }),
    );
  });
});
