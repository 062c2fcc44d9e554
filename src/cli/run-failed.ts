import * as Effect from "effect/Effect";
import { EXIT, Finished } from "./exit.ts";
import { printError } from "./print.ts";

/** A failure of disk, data or engine outside any step: said, and exit 3. */
export const runFailed = (error: { readonly code: string; readonly message: string; readonly help: string }) =>
  printError(`error[${error.code}]: ${error.message}\n   help: ${error.help}`).pipe(
    Effect.andThen(new Finished({ exit: EXIT.run })),
  );
