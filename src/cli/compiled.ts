import * as Effect from "effect/Effect";
import { type Compiled, compile } from "../compile.ts";
import type { Plan } from "../plan/plan.ts";
import { type Config, type Flags, loadConfig } from "./config.ts";
import { EXIT, Finished } from "./exit.ts";
import type { Format } from "./flags.ts";
import { printError, rendered } from "./print.ts";
import { readSources } from "./sources.ts";

export interface Ready {
  readonly config: Config;
  readonly sources: ReadonlyMap<string, string>;
  readonly compiled: Compiled;
  readonly plan: Plan;
}

export const compileFile = Effect.fnUntraced(function* (file: string, settings: ReadonlyMap<string, string>) {
  const sources = yield* readSources(file);
  return { sources, compiled: compile(file, sources, { settings, now: () => performance.now() }) };
});

/** Reads, configures and compiles; a wrong program is printed and ends with exit 1. Warnings are printed too. */
export const ready = Effect.fnUntraced(function* (file: string, flags: Flags, format: Format) {
  const config = yield* loadConfig(file, flags);
  const { sources, compiled } = yield* compileFile(file, config.settings);
  if (compiled.diagnostics.length > 0) {
    yield* printError(rendered(compiled.diagnostics, sourcesOf(compiled, sources), format, process.stderr));
  }
  const { plan } = compiled;
  if (plan === undefined) return yield* new Finished({ exit: EXIT.program });
  return { config, sources, compiled, plan } satisfies Ready;
});

/** The texts a diagnostic may point into: the user's files and the standard library's. */
export const sourcesOf = (compiled: Compiled, sources: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...[...compiled.checked.files].map(([name, file]) => [name, file.text] as const), ...sources]);
