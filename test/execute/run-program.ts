import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layer as layerNode } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { afterAll } from "vitest";
import { reference } from "../../src/backend/reference.ts";
import { hostConfig } from "../../src/data/config.ts";
import { layerHttp } from "../../src/data/http.ts";
import { readRows } from "../../src/execute/array-file.ts";
import { Events, type RunEvent } from "../../src/execute/events.ts";
import { execute } from "../../src/execute/execute.ts";
import { SCORES } from "../../src/execute/kinds/influence.ts";
import { Reports } from "../../src/execute/reports.ts";
import type { Setting } from "../../src/execute/setting.ts";
import { layerFileSystem } from "../../src/store/file-system.ts";
import { planOf } from "../elaborate/program.ts";

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

/** A folder that goes with the tests of this file. */
export const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "mtt-execute-"));
  folders.push(made);
  return made;
};

/** Runs every step of the program on the reference backend; tells what came of it, the events, and rows of scores. */
export const runProgram = async (text: string, store = folder(), more: Partial<Setting> = {}) => {
  const events: RunEvent[] = [];
  const plan = planOf(text);
  const services = Layer.mergeAll(
    layerFileSystem(store),
    layerHttp,
    Layer.succeed(Events, { emit: (event) => Effect.sync(() => void events.push(event)) }),
    Layer.succeed(Reports, { version: 1, render: () => Effect.succeed("") }),
  ).pipe(Layer.provideMerge(layerNode));
  const setting = {
    backend: reference,
    data: hostConfig("."),
    program: "test",
    reports: join(store, "reports"),
    ...more,
  };
  // What is a target keeps its contents.
  const targets = plan.steps.map(({ id }) => id);
  const result = await Effect.runPromise(execute(plan, targets, setting).pipe(Effect.provide(services)));
  const outcome = (id: string) => result.outcomes.get(id)!;
  return {
    ...result,
    plan,
    events,
    outcome,
    arrays: (id: string, group: string) => Effect.runPromise(outcome(id).arrays(group)),
    scores: async (id: string, rows: number) => {
      const read = readRows(outcome(id).files![SCORES]!, 0, rows);
      const { data, shape } = await Effect.runPromise(read.pipe(Effect.provide(services)));
      return { data: [...data], shape };
    },
  };
};
