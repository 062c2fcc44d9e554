import type { UsageError } from "./exit.ts";
import { printError } from "./print.ts";

/** `mtt: there is no file x.mtt`, and what helps. */
export const sayUsage = ({ message, help }: UsageError) =>
  printError(`mtt: ${message}${help === undefined ? "" : `\n  help: ${help}`}`);
