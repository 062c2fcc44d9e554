import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layer as nodeFileSystem } from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { afterAll, describe, expect, it } from "vitest";
import { layerFileSystem } from "../../src/store/file-system.ts";
import { collectGarbage, type GcOptions } from "../../src/store/gc.ts";
import { keysInUse, type RunRecord } from "../../src/store/runs.ts";
import { Store } from "../../src/store/store.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { result } from "./suite.ts";

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A store with a result of `size` bytes for each key, last used so many days ago; `k1` has epochs beside. */
const storeOf = async (days: Readonly<Record<string, number>>, size = 1000): Promise<string> => {
  const root = mkdtempSync(join(tmpdir(), "mtt-gc-"));
  folders.push(root);
  await Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* Store;
      for (const [at, key] of Object.keys(days).entries()) {
        const object = yield* store.putObject(new Uint8Array(size).fill(at + 1));
        yield* store.putResult(result(key, { arrays: { parameters: { object } } }));
      }
    }).pipe(Effect.provide(layerFileSystem(root)), Effect.provide(nodeFileSystem)),
  );
  for (const [key, ago] of Object.entries(days)) age(join(root, "results", key, "result.json"), ago);
  for (const path of objectsOf(root)) age(path, 365);
  return root;
};
const age = (path: string, days: number) => {
  const time = (Date.now() - days * DAY) / 1000;
  utimesSync(path, time, time);
};
const objectsOf = (root: string) =>
  readdirSync(join(root, "objects"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes("/"))
    .map((name) => join(root, "objects", name));
const keysOf = (root: string) => readdirSync(join(root, "results")).sort();

const gc = (root: string, options: Partial<GcOptions> = {}, files: Layer.Layer<FileSystem> = nodeFileSystem) =>
  Effect.runPromise(
    collectGarbage(root, { maxAge: 30 * DAY, maxSize: undefined, dryRun: false, keep: new Set(), ...options }).pipe(
      Effect.provide(files),
    ),
  );

describe("collecting garbage", () => {
  it("removes what was not used for so long, with its objects, and leaves the rest", async () => {
    const root = await storeOf({ k1: 40, k2: 20, k3: 31 });
    expect(await gc(root, { dryRun: true })).toEqual({ results: 2, objects: 2, bytes: 2000, left: 1000, over: 0 });
    expect([keysOf(root), objectsOf(root).length]).toEqual([["k1", "k2", "k3"], 3]);
    expect(await gc(root)).toEqual({ results: 2, objects: 2, bytes: 2000, left: 1000, over: 0 });
    expect([keysOf(root), objectsOf(root).length]).toEqual([["k2"], 1]);
  });

  it("goes by the last use, which reading renews", async () => {
    const root = await storeOf({ k1: 40 });
    await Effect.runPromise(
      Effect.flatMap(Store, (store) => store.getResult("k1")).pipe(
        Effect.provide(layerFileSystem(root)),
        Effect.provide(nodeFileSystem),
      ),
    );
    expect((await gc(root)).results).toBe(0);
  });

  it("removes the least recently used first, until the rest fits", async () => {
    const root = await storeOf({ k1: 3, k2: 9, k3: 5, k4: 1 });
    expect(await gc(root, { maxSize: 2500 })).toMatchObject({ results: 2, left: 2000, over: 0 });
    expect(keysOf(root)).toEqual(["k1", "k4"]);
  });

  it("keeps what current pipelines need and what was used within the hour, and says how much that is", async () => {
    const root = await storeOf({ k1: 300, k2: 300, k3: 0 });
    expect(await gc(root, { maxSize: 1, keep: new Set(["k2"]) })).toMatchObject({ results: 1, left: 2000, over: 1999 });
    expect(keysOf(root)).toEqual(["k2", "k3"]);
  });

  it("keeps an object that another result names too", async () => {
    const root = await storeOf({ k1: 300, k2: 1 });
    rmSync(join(root, "results/k2"), { recursive: true });
    await Effect.runPromise(
      Effect.gen(function* () {
        const store = yield* Store;
        const first = Option.getOrThrow(yield* store.getResult("k1"));
        yield* store.putResult({ ...first, key: "k9" });
      }).pipe(Effect.provide(layerFileSystem(root)), Effect.provide(nodeFileSystem)),
    );
    age(join(root, "results/k1/result.json"), 300);
    expect(await gc(root)).toMatchObject({ results: 1, objects: 1, left: 1000 });
    expect([keysOf(root), objectsOf(root).length]).toEqual([["k9"], 1]);
  });

  it("takes the epochs of a training together, by the newest of them, and none of one that is locked", async () => {
    const root = await storeOf({ k1: 300, k2: 300 });
    const store = <A>(use: (store: (typeof Store)["Service"]) => Effect.Effect<A, unknown>) =>
      Effect.runPromise(
        Effect.flatMap(Store, use).pipe(Effect.provide(layerFileSystem(root)), Effect.provide(nodeFileSystem)),
      );
    await store((it) => it.putResult(result("k1"), 1));
    await store((it) => it.putResult(result("k1"), 2));
    age(join(root, "results/k1/at-1.json"), 300);
    age(join(root, "results/k1/at-2.json"), 3);
    writeFileSync(join(root, "locks/k2.lock"), "");
    expect((await gc(root)).results).toBe(0);
    age(join(root, "results/k1/at-2.json"), 31);
    expect((await gc(root)).results).toBe(1);
    expect(keysOf(root)).toEqual(["k2"]);
  });

  it("gives back what a run takes up between the look and the hand", async () => {
    const root = await storeOf({ k1: 300 });
    const [object] = objectsOf(root);
    /** The other process reads the result, then the gc's hand comes. */
    const busy = Layer.effect(
      FileSystem,
      Effect.map(FileSystem, (fs) => ({
        ...fs,
        rename: (from: string, to: string) =>
          Effect.andThen(
            Effect.sync(() => {
              if (from.endsWith("/k1")) age(join(from, "result.json"), 0);
            }),
            fs.rename(from, to),
          ),
      })),
    ).pipe(Layer.provide(nodeFileSystem));
    expect(await gc(root, {}, busy)).toMatchObject({ results: 0, objects: 0, left: 1000 });
    expect([keysOf(root), existsSync(object!)]).toEqual([["k1"], true]);
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
  });

  it("removes what stopped runs left: temporary files, locks, objects that nothing names", async () => {
    const root = await storeOf({ k1: 1 });
    for (const name of ["tmp/9-1-0", "locks/dead.lock"]) {
      writeFileSync(join(root, name), "1234567890");
      age(join(root, name), 1);
    }
    writeFileSync(join(root, "tmp/young"), "");
    const bytes = await gc(root);
    expect(bytes).toMatchObject({ results: 0, objects: 0, bytes: 20 });
    expect([readdirSync(join(root, "tmp")), readdirSync(join(root, "locks"))]).toEqual([["young"], []]);
  });
});

describe("verifying", () => {
  const verify = (root: string) => Effect.runPromise(verifyStore(root).pipe(Effect.provide(nodeFileSystem)));

  it("finds all whole", async () => {
    const root = await storeOf({ k1: 1, k2: 1 });
    expect(await verify(root)).toEqual({ results: 2, objects: 2, bytes: 2000, damaged: [], missing: [], unused: 0 });
  });

  it("sets a flipped bit and a torn result aside, and names what is missing then", async () => {
    const root = await storeOf({ k1: 1, k2: 1, k3: 1 });
    const [object] = objectsOf(root);
    const bytes = new Uint8Array(statSync(object!).size).fill(1);
    bytes[500] = 3;
    writeFileSync(object!, bytes);
    writeFileSync(join(root, "results/k3/result.json"), '{"sha256":"');
    const found = await verify(root);
    const hash = object!.slice(join(root, "objects").length + 1).replace("/", "");
    expect(found.damaged).toEqual([`object ${hash}`, "result k3/result.json"]);
    expect(found.missing).toEqual([`classifier: object ${hash}`]);
    expect(found).toMatchObject({ results: 2, objects: 2, unused: 1 });
    expect(readdirSync(join(root, "damaged"))).toHaveLength(2);
    expect((await verify(root)).damaged).toEqual([]);
  });
});

describe("keys in use", () => {
  const run = (file: string, started: number, used: RunRecord["used"]): RunRecord => ({
    id: String(started),
    file,
    targets: [],
    params: {},
    engine: "reference/1/cpu",
    version: "0",
    host: "h",
    pid: 1,
    started,
    status: "done",
    steps: {},
    used,
  });
  it("are those of every file's last run, and the parts that came with its results", () => {
    const runs = [
      run("a.mtt", 1, [
        { step: "blame/curvature", key: "curvature", ran: true },
        { step: "blame", key: "scores", ran: true },
        { step: "other", key: "other", ran: true },
      ]),
      run("b.mtt", 2, [{ step: "m", key: "gone", ran: true }]),
      run("a.mtt", 3, [{ step: "renamed", key: "scores", ran: false }]),
    ];
    expect([...keysInUse(runs, (file) => file === "a.mtt")].sort()).toEqual(["curvature", "scores"]);
  });
});
