import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { reasonOf } from "../../data/files.ts";
import { format } from "../../format/format.ts";
import { EXIT, Finished, UsageError } from "../exit.ts";
import { file } from "../flags.ts";
import { print, printError, rendered } from "../print.ts";
import { readText } from "../read-text.ts";

const readInput = Effect.fnUntraced(function* (name: string) {
  if (name !== "-") return yield* readText(name);
  return yield* Effect.promise(async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  });
});

export const fmt = Command.make(
  "fmt",
  {
    files: file.pipe(
      Argument.withDescription("Files to format in place; - reads stdin and prints"),
      Argument.variadic({ min: 1 }),
    ),
    check: Flag.Boolean("check").pipe(
      Flag.withDescription("Change nothing; exit 1 if a file would change"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* ({ files, check }) {
    const fs = yield* FileSystem;
    let wrong = false;
    for (const name of files) {
      const text = yield* readInput(name);
      const formatted = format(text, name);
      if (typeof formatted !== "string") {
        yield* printError(rendered(formatted, new Map([[name, text]]), "human", process.stderr));
        wrong = true;
      } else if (name === "-" && !check) {
        yield* print(formatted);
      } else if (formatted !== text) {
        if (check) {
          yield* printError(`${name} is not formatted`);
          wrong = true;
        } else {
          yield* Effect.mapError(
            fs.writeFileString(name, formatted),
            (error) => new UsageError({ message: `${name} cannot be written: ${reasonOf(error)}` }),
          );
        }
      }
    }
    if (wrong) return yield* new Finished({ exit: EXIT.program });
  }),
).pipe(
  Command.withDescription("Format programs, in one style"),
  Command.withExamples([
    { command: "mtt fmt pipelines/*.mtt", description: "Format files in place" },
    { command: "mtt fmt --check *.mtt", description: "Fail where a file would change" },
  ]),
);
