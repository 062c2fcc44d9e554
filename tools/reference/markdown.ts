// What the pages of the generated references are made of.

/** A table's cell: on one line, without a bar. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");

export const code = (text: string): string => (text === "" ? "" : `\`${text}\``);

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

/** Blocks of text, one blank line between two. */
export const page = (blocks: readonly (string | undefined)[]): string =>
  `${blocks.filter((block) => block !== undefined && block !== "").join("\n\n")}\n`;

/** What a doc comment says, as a sentence. */
export const sentence = (text: string): string =>
  `${text[0]!.toUpperCase()}${text.slice(1)}${/[.:)]$/.test(text) ? "" : "."}`;

export const generatedBy = (tool: string): string => `<!-- Made by ${tool}: do not edit. -->`;
