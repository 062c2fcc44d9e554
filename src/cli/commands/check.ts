import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { compileFile, exitFor } from "../compiled.ts";
import { loadConfig } from "../config.ts";
import { EXIT, Finished } from "../exit.ts";
import { compiling, file, format, timings } from "../flags.ts";
import { print, printError, rendered } from "../print.ts";
import { repair } from "../repair.ts";

export const check = Command.make(
  "check",
  {
    files: file.pipe(Argument.variadic({ min: 1 })),
    fix: Flag.Boolean("fix").pipe(
      Flag.withDescription("Apply the safe fixes (misspelt names, missing commas, …) and write the files"),
      Flag.withDefault(false),
    ),
    format,
    timings,
    ...compiling,
  },
  Effect.fnUntraced(function* (flags) {
    const diagnostics = [];
    const texts = new Map<string, string>();
    for (const name of flags.files) {
      const config = yield* loadConfig(name, flags);
      const { sources, compiled, changed } = flags.fix
        ? yield* repair(name, config)
        : { ...(yield* compileFile(name, config)), changed: [] };
      if (changed.length > 0) yield* printError(`mended: ${changed.join(", ")}`);
      diagnostics.push(...compiled.diagnostics);
      for (const [source, text] of sources) texts.set(source, text);
      if (flags.timings) {
        yield* printError(
          Object.entries(compiled.timings)
            .map(([phase, milliseconds]) => `${phase.padEnd(10)} ${milliseconds.toFixed(1).padStart(8)} ms`)
            .join("\n"),
        );
      }
    }
    if (diagnostics.length > 0 || flags.format === "sarif") {
      yield* print(rendered(diagnostics, texts, flags.format, process.stdout));
    }
    const exit = exitFor(diagnostics);
    if (exit !== EXIT.done) return yield* new Finished({ exit });
  }),
).pipe(
  Command.withDescription("Parse and type check; prints nothing but diagnostics"),
  Command.withExamples([
    { command: "mtt check pipelines/mnist.mtt", description: "Check one pipeline" },
    { command: "mtt check *.mtt --format github", description: "Annotate a pull request" },
    { command: "mtt check --fix pipelines/mine.mtt", description: "Mend what has one obvious repair" },
  ]),
);
