import type { Diagnostic, Severity } from "./diagnostic.ts";
import { Places } from "./position.ts";

const commands: { readonly [S in Severity]: string } = { error: "error", warning: "warning", info: "notice" };

const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** Workflow commands of GitHub Actions: annotations on the lines of a pull request. */
export const renderGithub = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>): string => {
  const places = new Places(sources);
  return diagnostics
    .map(({ code, severity, span, message, help }) => {
      const range = places.range(span);
      const properties = [
        `file=${property(span.file)}`,
        ...(range
          ? [
              `line=${range.start.line}`,
              `col=${range.start.column}`,
              `endLine=${range.end.line}`,
              `endColumn=${range.end.column}`,
            ]
          : []),
        `title=${property(code)}`,
      ];
      const text = help === undefined ? message : `${message}\nhelp: ${help}`;
      return `::${commands[severity]} ${properties.join(",")}::${data(text)}\n`;
    })
    .join("");
};
