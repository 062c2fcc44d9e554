import * as Effect from "effect/Effect";
import type { Parse } from "../check/modules.ts";
import { type Compiled, compile } from "../compile.ts";
import type { Diagnostic, Sources } from "../diagnostic/diagnostic.ts";
import type { Plan } from "../plan/plan.ts";
import { type Parsed, parse } from "../syntax/parse.ts";
import { type Config, type Flags, loadConfig } from "./config.ts";
import { EXIT, Finished } from "./exit.ts";
import type { Format } from "./flags.ts";
import { printError, rendered } from "./print.ts";
import { readSources } from "./sources.ts";

export interface Ready {
  readonly config: Config;
  /** All texts that a diagnostic may point into. */
  readonly sources: Sources;
  readonly compiled: Compiled;
  readonly plan: Plan;
}

/** `texts` stand for what files hold. */
export const compileFile = Effect.fnUntraced(function* (
  file: string,
  { settings, memory, reach }: Pick<Config, "settings" | "memory" | "reach">,
  texts: Sources = new Map(),
) {
  // Whoever looks for imports reads each file's text first: its tree serves the compiler too.
  const trees = new Map<string, Parsed>();
  const once: Parse = (name, text) => {
    const known = trees.get(name) ?? parse(name, text);
    trees.set(name, known);
    return known;
  };
  const { sources, outside } = yield* readSources(file, texts, reach, once);
  const compiled = compile(file, sources, { settings, memory, outside, parse: once, now: () => performance.now() });
  // The standard library's texts are among the checked files.
  const read = [...compiled.checked.files].map(([name, { text }]) => [name, text] as const);
  return { compiled, sources: new Map([...read, ...sources]) };
});

/** How a command says what is wrong with a program. */
export type Say = (diagnostics: readonly Diagnostic[], sources: Sources) => Effect.Effect<void>;

export const onStderr =
  (format: Format): Say =>
  (diagnostics, sources) =>
    diagnostics.length === 0 ? Effect.void : printError(rendered(diagnostics, sources, format, process.stderr));

/** Reads, configures and compiles; what there is to say of the program is said, and a wrong one ends the command. */
export const ready = Effect.fnUntraced(function* (file: string, flags: Flags, say: Say) {
  const config = yield* loadConfig(file, flags);
  const { compiled, sources } = yield* compileFile(file, config);
  yield* say(compiled.diagnostics, sources);
  const { plan } = compiled;
  if (plan === undefined) return yield* new Finished({ exit: exitFor(compiled.diagnostics) });
  return { config, sources, compiled, plan } satisfies Ready;
});

/** Settings come from flags, variables and mtt.yaml: a program is not wrong because one of them does not fit. */
const OF_SETTINGS: readonly string[] = ["MTT2013", "MTT3010"];

/** 0, 1 for a wrong program, 2 where it is right but for its settings. */
export const exitFor = (diagnostics: readonly Diagnostic[]): number => {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return EXIT.done;
  return errors.every(({ code }) => OF_SETTINGS.includes(code)) ? EXIT.usage : EXIT.program;
};
