import * as Effect from "effect/Effect";
import type { Diagnostic, Sources } from "../diagnostic/diagnostic.ts";
import { render } from "../diagnostic/render.ts";
import type { Format } from "./flags.ts";

/** Results go to stdout, everything for people to stderr. A closed pipe (`| head`) is not an error. */
export const print = (text: string): Effect.Effect<void> => write(process.stdout, text);
export const printError = (text: string): Effect.Effect<void> => write(process.stderr, text);

const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    stream.write(text.endsWith("\n") || text === "" ? text : `${text}\n`, () => resume(Effect.void));
  });

export const colorOf = (stream: NodeJS.WriteStream): boolean =>
  process.env.NO_COLOR === undefined && (stream.isTTY === true || process.env.FORCE_COLOR !== undefined);

export const rendered = (
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  format: Format,
  stream: NodeJS.WriteStream,
): string => render(diagnostics, sources, format, { color: colorOf(stream) });
