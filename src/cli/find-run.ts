import { hostname } from "node:os";
import * as Effect from "effect/Effect";
import { alive } from "../store/lock.ts";
import { type RunRecord, readRuns } from "../store/runs.ts";
import { UsageError } from "./exit.ts";
import { printError } from "./print.ts";
import { runFailed } from "./run-failed.ts";

/** The store's history, the oldest run first. */
export const history = Effect.fnUntraced(function* (store: string) {
  const { runs, damaged } = yield* Effect.catchTag(readRuns(store), "StoreError", runFailed);
  if (damaged > 0) yield* printError(`warning: ${damaged} records of runs are damaged and left out`);
  return runs;
});

/** `last`, `last~1` (the one before it), or a part of an id that only one run has. */
export const findRun = (runs: readonly RunRecord[], name: string): Effect.Effect<RunRecord, UsageError> => {
  const refuse = (message: string, help: string) => Effect.fail(new UsageError({ message, help }));
  if (runs.length === 0)
    return refuse("the store has no run yet", "`mtt run FILE` makes one; --store DIR names another store");
  const back = /^last(?:~(\d+))?$/.exec(name);
  const found =
    back === null ? runs.filter(({ id }) => id.includes(name)) : runs.slice(-1 - Number(back[1] ?? 0)).slice(0, 1);
  const [only, second] = back !== null && Number(back[1] ?? 0) >= runs.length ? [] : found;
  if (only === undefined)
    return refuse(`no run is called \`${name}\``, "`mtt runs list` shows them; `last` and `last~1` are the latest two");
  if (second !== undefined) {
    return refuse(
      `\`${name}\` is part of ${found.length} runs`,
      `one of ${found
        .slice(-4)
        .map(({ id }) => id)
        .join(", ")}`,
    );
  }
  return Effect.succeed(only);
};

/** How it ended; a run whose process is gone before it said so was killed. */
export const statusOf = ({ status, host, pid }: RunRecord): RunRecord["status"] | "killed" =>
  status === "running" && host === hostname() && !alive(pid) ? "killed" : status;
