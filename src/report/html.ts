/** A piece of a page. Whatever is put into a template is escaped, unless it is a piece itself. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | readonly Part[];

/** `html\`<td>${name}</td>\``: the strings of the template stand as they are, all that is put in is text. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: strings.reduce((text, string, i) => text + textOf(parts[i - 1]) + string),
});

/** Text that is HTML already, made by a library that escapes what it is given. */
export const trusted = (text: string): Html => ({ html: text });

const textOf = (part: Part): string => {
  if (part === undefined) return "";
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  if (isList(part)) return part.map(textOf).join("");
  return part.html;
};

const isList = (part: Part): part is readonly Part[] => Array.isArray(part);

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character]!);
