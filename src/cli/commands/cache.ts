import { existsSync } from "node:fs";
import { Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { showBytes } from "../../shape/tensor.ts";
import { layerFileSystem } from "../../store/file-system.ts";
import { collectGarbage } from "../../store/gc.ts";
import { keysInUse, readRuns } from "../../store/runs.ts";
import { Store } from "../../store/store.ts";
import { verifyStore } from "../../store/verify.ts";
import { loadConfig } from "../config.ts";
import { EXIT, Finished } from "../exit.ts";
import { results, stored } from "../flags.ts";
import { print, printError } from "../print.ts";
import { bytesOf, durationOf } from "../quantities.ts";
import { runFailed } from "../run-failed.ts";
import { table } from "../table.ts";

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const ls = Command.make(
  "ls",
  { ...stored, format: results },
  Effect.fnUntraced(function* (flags) {
    const config = yield* loadConfig("mtt.yaml", flags);
    const { entries, damaged } = yield* Effect.gen(function* () {
      const store = yield* Store;
      return { entries: yield* store.list, damaged: yield* store.damaged };
    }).pipe(Effect.provide(layerFileSystem(config.store)), Effect.catchTag("StoreError", runFailed));
    for (const what of damaged) yield* printError(`warning: ${what}`);
    if (flags.format === "json") {
      for (const { result, bytes } of entries) {
        const { preimage: _, ...rest } = result;
        yield* print(JSON.stringify({ ...rest, bytes }));
      }
      return;
    }
    yield* print(
      table(
        ["step", "kind", "key", "size", "seconds", "finished"],
        entries
          .toSorted((a, b) => a.result.finished - b.result.finished)
          .map(({ result, bytes }) => [
            result.name,
            result.kind,
            result.key.slice(0, 12),
            showBytes(bytes),
            result.seconds.toFixed(1),
            new Date(result.finished).toISOString().slice(0, 19),
          ]),
      ),
    );
    yield* printError(
      `${counted(entries.length, "result")}, ${showBytes(entries.reduce((sum, { bytes }) => sum + bytes, 0))} in ${config.store}`,
    );
  }),
).pipe(
  Command.withDescription("List what is stored, the latest last"),
  Command.withExamples([
    { command: "mtt cache ls --format json", description: "Every result, one JSON object a line" },
  ]),
);

const verify = Command.make(
  "verify",
  { ...stored, format: results },
  Effect.fnUntraced(function* (flags) {
    const config = yield* loadConfig("mtt.yaml", flags);
    const found = yield* Effect.catchTag(verifyStore(config.store), "StoreError", runFailed);
    const { results, objects, bytes, damaged, missing, unused } = found;
    if (flags.format === "json") yield* print(JSON.stringify(found));
    else {
      for (const what of damaged) yield* print(`damaged: ${what}`);
      for (const what of missing) yield* print(`missing: ${what}`);
      yield* printError(
        `${counted(results, "result")} and ${counted(objects, "object")}, ${showBytes(bytes)}, are whole in ${config.store}` +
          (unused === 0 ? "" : `; no result names ${unused} of the objects: \`mtt cache gc\` removes them`),
      );
      if (damaged.length + missing.length > 0) {
        yield* printError(
          `${damaged.length} damaged (set aside in ${config.store}/damaged), ${missing.length} missing: a run that needs them computes them again`,
        );
      }
    }
    if (damaged.length + missing.length > 0) return yield* new Finished({ exit: EXIT.run });
  }),
).pipe(
  Command.withDescription("Compare every stored byte with its hash; what does not fit is set aside, and ends with 3"),
  Command.withExamples([{ command: "mtt cache verify", description: "Is all that is stored whole?" }]),
);

const gc = Command.make(
  "gc",
  {
    ...stored,
    format: results,
    maxSize: Flag.String("max-size").pipe(
      Flag.withDescription("Remove the least recently used results until what is left fits, as 5GiB"),
      Flag.optional,
    ),
    maxAge: Flag.String("max-age").pipe(
      Flag.withDescription("Remove what was not used for so long, as 30d, 12h or 2w"),
      Flag.withDefault("30d"),
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Say what would go, and remove nothing"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* (flags) {
    const config = yield* loadConfig("mtt.yaml", flags);
    const maxAge = yield* durationOf("--max-age", flags.maxAge);
    const maxSize = Option.isNone(flags.maxSize) ? undefined : yield* bytesOf("--max-size", flags.maxSize.value);
    const found = yield* Effect.gen(function* () {
      const { runs } = yield* readRuns(config.store);
      const keep = keysInUse(runs, existsSync);
      return yield* collectGarbage(config.store, { maxAge, maxSize, dryRun: flags.dryRun, keep });
    }).pipe(Effect.catchTag("StoreError", runFailed));
    if (flags.format === "json") return yield* print(JSON.stringify(found));
    const { results, objects, bytes, left, over } = found;
    yield* print(
      `${flags.dryRun ? "would remove" : "removed"} ${counted(results, "result")} and ${counted(objects, "object")}, ${showBytes(bytes)}; ${showBytes(left)} ${flags.dryRun ? "would be" : "are"} left in ${config.store}`,
    );
    if (over > 0) {
      yield* printError(
        `note: ${showBytes(over)} above --max-size stay: they were used within the last hour, or the last run of a pipeline that is still there needs them`,
      );
    }
  }),
).pipe(
  Command.withDescription("Remove what no pipeline's last run needs and nobody used lately"),
  Command.withExamples([
    { command: "mtt cache gc --dry-run", description: "What 30 days without use would let go" },
    { command: "mtt cache gc --max-size 5GiB", description: "Until the store fits into 5 GiB" },
  ]),
);

export const cache = Command.make("cache").pipe(
  Command.withDescription("The store of results"),
  Command.withSubcommands([ls, verify, gc]),
);
