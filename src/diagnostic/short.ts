import type { Diagnostic } from "./diagnostic.ts";
import { Places } from "./position.ts";

/** One line a diagnostic, as editors and grep read it: file:line:column: error[MTT1001]: message. */
export const renderShort = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): string => {
  const places = new Places(sources);
  return diagnostics
    .map(({ code, severity, span, message }) => {
      const start = places.range(span)?.start;
      const at = start ? `:${start.line}:${start.column}` : "";
      return `${span.file}${at}: ${severity}[${code}]: ${message.replaceAll("\n", " ")}\n`;
    })
    .join("");
};
