import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { isLibrary } from "../check/modules.ts";
import { reasonOf } from "../data/files.ts";
import { applySafe } from "../diagnostic/fix.ts";
import { compileFile } from "./compiled.ts";
import type { Config } from "./config.ts";
import { UsageError } from "./exit.ts";

/** A mended name may bring to light what the next look mends. */
const LOOKS = 50;

/** Applies safe fixes to the file and to what it imports until there are none, and writes what changed. Gives what is left to say. */
export const repair = Effect.fnUntraced(function* (
  file: string,
  config: Pick<Config, "settings" | "memory" | "reach">,
) {
  const fs = yield* FileSystem;
  let state = yield* compileFile(file, config);
  const changed = new Map<string, string>();
  for (let look = 0; look < LOOKS; look++) {
    const own = new Map([...state.sources].filter(([name]) => !isLibrary(name)));
    const mended = applySafe(state.compiled.diagnostics, own);
    if (mended.size === 0) break;
    for (const [name, text] of mended) changed.set(name, text);
    state = yield* compileFile(file, config, changed);
  }
  for (const [name, text] of changed)
    yield* Effect.mapError(
      fs.writeFileString(name, text),
      (error) => new UsageError({ message: `${name} cannot be written: ${reasonOf(error)}` }),
    );
  return { ...state, changed: [...changed.keys()] };
});
