import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { layer as nodeFileSystem } from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { afterAll, describe, expect, it } from "vitest";
import { layerFileSystem } from "../../src/store/file-system.ts";
import { layerMemory } from "../../src/store/memory.ts";
import { Store, type StoreError } from "../../src/store/store.ts";
import { result, suite } from "./suite.ts";

const folders: string[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), "mtt-store-"));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});
const on = (root: string) => layerFileSystem(root).pipe(Layer.provide(nodeFileSystem));

suite("memory", () => layerMemory);
suite("file system", () => on(join(folder(), ".mtt")));

describe("what the file system adds", () => {
  const use = <A>(root: string, effect: Effect.Effect<A, StoreError, Store>) =>
    Effect.runPromise(effect.pipe(Effect.provide(on(root))));
  const fail = (root: string, effect: Effect.Effect<unknown, StoreError, Store>) =>
    Effect.runPromise(effect.pipe(Effect.provide(on(root)), Effect.flip));
  const put = (bytes: Uint8Array) => Effect.flatMap(Store, (store) => store.putObject(bytes));

  it("sets a damaged object aside, names it, and takes it for absent", async () => {
    const root = folder();
    const hash = await use(root, put(Uint8Array.from([1, 2, 3, 4])));
    writeFileSync(join(root, "objects", hash.slice(0, 2), hash.slice(2)), Uint8Array.from([1, 2, 3, 5]));
    const [found, damaged] = await use(
      root,
      Effect.gen(function* () {
        const store = yield* Store;
        return [yield* store.getObject(hash), yield* store.damaged] as const;
      }),
    );
    expect(Option.isNone(found)).toBe(true);
    expect(damaged).toEqual([`object ${hash} is damaged; set aside in ${root}/damaged`]);
    expect(readdirSync(join(root, "damaged"))).toEqual([`objects-${hash.slice(0, 2)}-${hash.slice(2)}`]);
  });

  it("takes a result that was cut short, altered, or made by another format for absent", async () => {
    for (const harm of [
      (text: string) => text.slice(0, 40),
      (text: string) => text.replace("0.25", "0.26"),
      (text: string) => text.replace('"format":1', '"format":7'),
    ]) {
      const root = folder();
      await use(
        root,
        Effect.flatMap(Store, (store) => store.putResult(result("k"))),
      );
      const file = join(root, "results/k/result.json");
      writeFileSync(file, harm(readFileSync(file, "utf8")));
      const [found, damaged] = await use(
        root,
        Effect.gen(function* () {
          const store = yield* Store;
          return [yield* store.getResult("k"), yield* store.damaged] as const;
        }),
      );
      expect(Option.isNone(found)).toBe(true);
      expect(damaged.length).toBe(1);
    }
  });

  it("refuses a store of another format", async () => {
    const root = folder();
    writeFileSync(join(root, "format.json"), '{"format":99}');
    expect((await fail(root, put(new Uint8Array()))).message).toContain("has format 99; this mtt reads format 1");
  });

  it("says so when it cannot write", async () => {
    const root = folder();
    writeFileSync(join(root, "file"), "");
    const error = await fail(join(root, "file", ".mtt"), put(new Uint8Array()));
    expect(error.code).toBe("MTT5101");
  });

  it("takes over the lock of a process that is gone, and leaves no temporary file", async () => {
    const root = folder();
    await use(root, put(Uint8Array.from([1])));
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(join(root, "locks", "k.lock"), JSON.stringify({ pid, host: hostname(), started: "then", beat: 3 }));
    let waited = false;
    await use(
      root,
      Effect.scoped(
        Effect.flatMap(Store, (store) =>
          store.lock(
            "k",
            Effect.sync(() => {
              waited = true;
            }),
          ),
        ),
      ),
    );
    expect(waited).toBe(false);
    expect(readdirSync(join(root, "locks"))).toEqual([]);
    expect(readdirSync(join(root, "tmp"))).toEqual([]);
  });
});
