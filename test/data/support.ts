import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import { afterAll, expect } from "vitest";
import type { DataConfig, DataEvent } from "../../src/data/config.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { type DataCode, DataError } from "../../src/data/error.ts";
import { layerHttp } from "../../src/data/http.ts";
import { makeColumn, makeSource } from "../../src/data/view.ts";
import type { Field } from "../../src/plan/dataset.ts";

// The servers of the tests are here, whatever proxy the machine has.
process.env.no_proxy = "127.0.0.1";

export const image = (...shape: number[]): Field => ({ name: "image", type: { dtype: "f32", shape } });
export const label = (classes: number): Field => ({ name: "label", type: { dtype: "i32", shape: [] }, classes });
export const number = (name: string, dtype: "f32" | "f64" | "i32" | "bool" = "f32"): Field => ({
  name,
  type: { dtype, shape: [] },
});

export const services = Layer.mergeAll(NodeFileSystem.layer, layerHttp);

export const run = <A, E>(effect: Effect.Effect<A, E, FileSystem | HttpClient>): Promise<A> =>
  Effect.runPromise(effect.pipe(Effect.provide(services)));

/** The typed error of an effect that must fail. */
export const errorOf = async <A>(effect: Effect.Effect<A, DataError, FileSystem | HttpClient>): Promise<DataError> =>
  run(Effect.flip(effect));

/** The DataError that a reader must throw. */
export const thrown = (read: () => unknown): DataError => {
  try {
    read();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

/** A reader gave a result or a DataError: nothing else may come of damaged bytes. */
export const typed = (read: () => unknown): DataCode | "read" => {
  try {
    read();
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as DataError).code;
  }
};

/** A folder of the test file's own, removed after it. */
export const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "mtt-data-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A machine whose environment and home are the test's, with what it was told. */
export const machine = (
  home: string,
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
): { readonly config: DataConfig; readonly events: DataEvent[] } => {
  const events: DataEvent[] = [];
  const config: DataConfig = {
    base: home,
    reach: { project: home, allowed: [] },
    ...(directory === undefined ? {} : { directory }),
    environment: { XDG_CACHE_HOME: join(home, "cache"), ...environment },
    platform: "linux",
    report: (event) => Effect.sync(() => void events.push(event)),
  };
  return { config, events };
};

/** u8 numbers as IDX. */
export const idx = (sizes: readonly number[], numbers: Uint8Array, type = 8): Uint8Array => {
  const bytes = new Uint8Array(4 + 4 * sizes.length + numbers.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, type);
  view.setUint8(3, sizes.length);
  sizes.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  bytes.set(numbers, 4 + 4 * sizes.length);
  return bytes;
};

/** n examples { image: f32[2, 2, 1], label: class[classes] } whose pixels and labels follow from their index. */
export const sample = (n: number, classes = 10, origin = "sample", shift = 0): Dataset =>
  makeSource(
    [
      makeColumn(
        image(2, 2, 1),
        Uint8Array.from({ length: 4 * n }, (_, k) => k * 7 + shift),
        1 / 255,
      ),
      makeColumn(
        label(classes),
        Uint8Array.from({ length: n }, (_, k) => (k * 3) % classes),
      ),
    ],
    origin,
  );
