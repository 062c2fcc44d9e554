import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import type { Checked } from "./checked.ts";

/** What begins like a declaration and is none: `learn classifier { … }`. */
const NO_DECLARATION = "MTT1012";
const UNKNOWN = "MTT2001";

/** A declaration whose first word is none was told of there: that its name is unknown wherever it is used follows from it. */
export const withoutLost = (found: readonly Diagnostic[], { files }: Checked): readonly Diagnostic[] => {
  const textOf = (file: string): string => files.get(file)?.text ?? "";
  const lost = new Set(
    found.flatMap(({ code, span }) => (code === NO_DECLARATION ? namesAt(textOf(span.file), span) : [])),
  );
  if (lost.size === 0) return found;
  return found.filter(
    ({ code, span }) => code !== UNKNOWN || !lost.has(`${span.file} ${textOf(span.file).slice(span.start, span.end)}`),
  );
};

/** The word that begins it, which may be the name itself, and the one behind. */
const namesAt = (text: string, { file, start }: Span): readonly string[] => {
  const [line = ""] = text.slice(start).split("\n", 1);
  return (/^\w+(?:[ \t]+\w+)?/.exec(line)?.[0] ?? "").split(/[ \t]+/).map((name) => `${file} ${name}`);
};
