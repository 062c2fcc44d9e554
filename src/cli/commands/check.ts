import { Argument, Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { compileFile, exitFor } from "../compiled.ts";
import { loadConfig } from "../config.ts";
import { EXIT, Finished } from "../exit.ts";
import { file, format, project, timings } from "../flags.ts";
import { print, printError, rendered } from "../print.ts";

export const check = Command.make(
  "check",
  { files: file.pipe(Argument.variadic({ min: 1 })), format, timings, ...project },
  Effect.fnUntraced(function* (flags) {
    const diagnostics = [];
    const texts = new Map<string, string>();
    for (const name of flags.files) {
      const config = yield* loadConfig(name, flags);
      const { sources, compiled } = yield* compileFile(name, config.settings);
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
  ]),
);
