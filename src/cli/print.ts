import * as Effect from "effect/Effect";
import type { Diagnostic, Sources } from "../diagnostic/diagnostic.ts";
import { render } from "../diagnostic/render.ts";
import type { Format } from "./flags.ts";

/** Results go to stdout, everything for people to stderr. */
export const print = (text: string): Effect.Effect<void> => write(process.stdout, text);
export const printError = (text: string): Effect.Effect<void> => write(process.stderr, text);

/**
 * Texts from outside (a cell of a file, the name of an array) stand in messages: what would steer the terminal is written out. Line ends, tabs and
 * colours pass.
 */
export const harmless = (text: string): string =>
  text.replaceAll(STEERING, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const STEERING = /[\u0000-\u0008\u000B\u000C\u000E-\u001A\u001C-\u001F\u007F-\u009F]|\r(?!\n)|\u001B(?!\[[\d;]*m)/g;

/** Ends when the text is on its way, so that a process that exits has said it all. */
const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const whole = harmless(text);
    stream.write(whole.endsWith("\n") || whole === "" ? whole : `${whole}\n`, () => resume(Effect.void));
  });

export const colorOf = (stream: NodeJS.WriteStream): boolean => {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && TERM !== "dumb";
};

export const rendered = (
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  format: Format,
  stream: NodeJS.WriteStream,
): string => render(diagnostics, sources, format, { color: colorOf(stream) });
