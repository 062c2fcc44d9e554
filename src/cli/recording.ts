import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import packageJson from "../../package.json" with { type: "json" };
import { Events } from "../execute/events.ts";
import { type RunRecord, writeRun } from "../store/runs.ts";
import { printError } from "./print.ts";

export type About = Pick<RunRecord, "file" | "targets" | "params" | "engine">;

/** `20261125-093012-3f2a`. */
const idAt = (started: number): string =>
  `${new Date(started).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}-${randomBytes(2).toString("hex")}`;

/**
 * Events that are kept as the run's record too: written when it begins, so that a killed run is known, and when it ends. A store that cannot be written
 * to still serves what it holds: then the run is not in the history, and that is said.
 */
export const recorded = (root: string, about: About, kinds: ReadonlyMap<string, string>, inner: Layer.Layer<Events>) =>
  Layer.effect(
    Events,
    Effect.gen(function* () {
      const events = yield* Events;
      const fs = yield* FileSystem;
      const started = yield* Clock.currentTimeMillis;
      const used = new Map<string, RunRecord["used"][number]>();
      const record: RunRecord = {
        id: idAt(started),
        ...about,
        version: packageJson.version,
        host: hostname(),
        pid: process.pid,
        started,
        status: "running",
        steps: {},
        used: [],
      };
      const write = (now: RunRecord) => writeRun(root, now).pipe(Effect.provideService(FileSystem, fs));
      let begun = false;
      return Events.of({
        emit: (event) =>
          Effect.gen(function* () {
            if (!begun) {
              begun = true;
              yield* Effect.ignore(write(record));
            }
            if (event.event === "step.started" || event.event === "step.cached") {
              const { step, key } = event;
              used.set(key, { step, key, ran: event.event === "step.started" });
            }
            if (event.event === "run.finished") {
              const ended: RunRecord = {
                ...record,
                status: event.status,
                finished: yield* Clock.currentTimeMillis,
                steps: Object.fromEntries(
                  Object.entries(event.steps).map(([name, summary]) => [
                    name,
                    { kind: kinds.get(name) ?? "part", ...summary },
                  ]),
                ),
                used: [...used.values()],
              };
              yield* Effect.catchTag(write(ended), "StoreError", ({ message }) =>
                // A run that failed has said what is wrong with the store.
                event.status === "done" ? printError(`note: this run is not in the history: ${message}`) : Effect.void,
              );
            }
            yield* events.emit(event);
          }),
      });
    }),
  ).pipe(Layer.provide(inner));
