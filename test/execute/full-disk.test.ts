import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import { systemError } from "effect/PlatformError";
import { afterAll, describe, expect, it } from "vitest";
import { reference } from "../../src/backend/reference.ts";
import { hostConfig } from "../../src/data/config.ts";
import { layerHttp } from "../../src/data/http.ts";
import { Events, type RunEvent } from "../../src/execute/events.ts";
import { execute } from "../../src/execute/execute.ts";
import { Reports } from "../../src/execute/reports.ts";
import { layerFileSystem } from "../../src/store/file-system.ts";
import { planOf } from "../elaborate/program.ts";

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "mtt-full-"));
  folders.push(made);
  return made;
};

const full = systemError({
  _tag: "Unknown",
  module: "FileSystem",
  method: "writeAll",
  cause: Object.assign(new Error("no space left on device"), { code: "ENOSPC" }),
});

/** A disk that takes so many files; the next one fails in the middle of its bytes, as a full one does. */
const diskOf = (files: number) =>
  Layer.effect(
    FileSystem,
    Effect.gen(function* () {
      const real = yield* FileSystem;
      let left = files;
      return FileSystem.of({
        ...real,
        open: (path, options) =>
          Effect.map(real.open(path, options), (file) => {
            if (options?.flag !== "wx" || left-- > 0) return file;
            return Object.assign(Object.create(file), {
              writeAll: (bytes: Uint8Array) =>
                Effect.andThen(file.writeAll(bytes.subarray(0, bytes.length / 2)), Effect.fail(full)),
            });
          }),
      });
    }),
  ).pipe(Layer.provide(nodeServices));

const plan = planOf(`
let digits = glyphs(n: 60, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 20, epochs: 4, seed: 1 }
`);

const run = async (store: string, files = Number.POSITIVE_INFINITY) => {
  const events: RunEvent[] = [];
  const services = Layer.mergeAll(
    layerFileSystem(store),
    layerHttp,
    Layer.succeed(Events, { emit: (event) => Effect.sync(() => void events.push(event)) }),
    Layer.succeed(Reports, { version: 1, render: () => Effect.succeed("") }),
  ).pipe(Layer.provideMerge(diskOf(files)), Layer.provideMerge(nodeServices));
  const setting = { backend: reference, data: hostConfig("."), program: "test", reports: join(store, "reports") };
  const result = await Effect.runPromise(execute(plan, ["model"], setting).pipe(Effect.provide(services)));
  const epochs = events.flatMap((event) =>
    event.event === "step.progress" && event.figures.accuracy !== undefined ? [event.figures.epoch] : [],
  );
  return { ...result, epochs };
};

describe("a disk that gets full", () => {
  // Each training epoch writes parameters, the optimizer's state and a record.
  it.each([0, 1, 2, 5, 7, 9, 13])(
    "after %i files: a clear failure, nothing lost, and the same bytes once there is space",
    async (files) => {
      const whole = await run(folder());
      const store = folder();
      const stopped = await run(store, files);
      expect(stopped.status).toBe("failed");
      expect(stopped.diagnostics[0]).toMatchObject({
        code: "MTT5102",
        message: expect.stringContaining(`the disk of the store ${store} is full`),
        help: expect.stringContaining("free some space"),
      });
      expect(readdirSync(join(store, "tmp"))).toEqual([]);
      const again = await run(store);
      expect(again.status).toBe("done");
      expect(again.diagnostics).toEqual([]);
      expect(again.summaries.model!.result).toEqual(whole.summaries.model!.result);
      // What was stored before is not computed again: an epoch that was told of was stored, or was the one that failed.
      const stored = Math.max(0, stopped.epochs.length - 1);
      expect(again.epochs.length).toBeLessThanOrEqual(4 - stored);
    },
  );
});
