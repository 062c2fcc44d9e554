import { Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { loadConfig } from "../config.ts";
import { examine } from "../doctor.ts";
import { EXIT, Finished } from "../exit.ts";
import { project, results } from "../flags.ts";
import { print, printError } from "../print.ts";

const marks = { ok: "✓", note: "-", wrong: "✗" } as const;

export const doctor = Command.make(
  "doctor",
  { store: project.store, data: project.data, format: results },
  Effect.fnUntraced(function* (flags) {
    const found = yield* examine(yield* loadConfig("mtt.yaml", flags));
    const wrong = found.filter(({ status }) => status === "wrong");
    if (flags.format === "json") {
      yield* print(JSON.stringify({ ok: wrong.length === 0, findings: found }));
    } else {
      const width = Math.max(...found.map(({ name }) => name.length));
      yield* print(
        found
          .map(({ name, status, says, help }) => {
            const line = `${marks[status]} ${name.padEnd(width)}  ${says}`;
            return help === undefined ? line : `${line}\n  ${" ".repeat(width)}  help: ${help}`;
          })
          .join("\n"),
      );
      yield* printError(
        wrong.length === 0
          ? "a run can work here"
          : `no run can work here: see ${wrong.map(({ name }) => name).join(", ")}`,
      );
    }
    if (wrong.length > 0) return yield* new Finished({ exit: EXIT.run });
  }),
).pipe(
  Command.withDescription("What works on this machine, and what to do about the rest"),
  Command.withExamples([
    {
      command: "mtt doctor",
      description: "Engines, data, store, disk, compiler, GPU; exit code 0 when a run can work",
    },
    { command: "mtt doctor --format json", description: "One object: ok, and every finding with its status and help" },
  ]),
);
