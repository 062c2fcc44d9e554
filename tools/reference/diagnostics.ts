import { codes } from "../../src/diagnostic/codes.ts";
import { generatedBy, page, table } from "./markdown.ts";

const groups: Readonly<Record<string, string>> = {
  MTT1: "Syntax",
  MTT2: "Names and imports",
  MTT3: "Types and shapes",
  MTT4: "What a step may ask",
  MTT5: "At run time",
};

/** docs/diagnostics.md: the pages of all codes, by what they are about. */
export const diagnosticsReference = (): string =>
  page([
    generatedBy("tools/reference/diagnostics.ts from src/diagnostic/codes.ts"),
    "# Diagnostics",
    "Every message has a code that never changes its meaning. Its page says what it is about, with a wrong program and a right one; `mtt explain MTT3004` prints it.",
    ...Object.entries(groups).map(
      ([prefix, title]) =>
        `## ${title}\n\n${table(
          ["code", "means"],
          Object.entries(codes)
            .filter(([code]) => code.startsWith(prefix))
            .map(([code, means]) => [`[${code}](diagnostics/${code}.md)`, means]),
        )}`,
    ),
  ]);
