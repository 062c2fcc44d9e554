import { Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { layerFileSystem } from "../../store/file-system.ts";
import { Store } from "../../store/store.ts";
import { loadConfig } from "../config.ts";
import { format, project } from "../flags.ts";
import { print, printError } from "../print.ts";
import { runFailed } from "../run-failed.ts";
import { table } from "../table.ts";

const ls = Command.make(
  "ls",
  { ...project, format },
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
        entries.map(({ result, bytes }) => [
          result.name,
          result.kind,
          result.key.slice(0, 12),
          `${(bytes / 1024).toFixed(1)} KiB`,
          result.seconds.toFixed(1),
          new Date(result.finished).toISOString().slice(0, 19),
        ]),
      ),
    );
    yield* printError(
      `${entries.length} results, ${(entries.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20).toFixed(1)} MiB in ${config.store}`,
    );
  }),
).pipe(
  Command.withDescription("List what is stored"),
  Command.withExamples([
    { command: "mtt cache ls --format json", description: "Every result, one JSON object a line" },
  ]),
);

export const cache = Command.make("cache").pipe(
  Command.withDescription("The store of results"),
  Command.withSubcommands([ls]),
);
