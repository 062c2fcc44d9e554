/** A fenced block of a page: the words behind its backticks, and what it holds. */
export interface Fence {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  /** Where the text stands in the page. */
  readonly start: number;
  /** The line of the opening backticks, counted from 1. */
  readonly line: number;
}

export const fencesOf = (page: string): readonly Fence[] =>
  [...page.matchAll(/^(```)(.*)\n((?:(?!```).*\n)*)```$/gm)].map(({ 2: info = "", 3: text = "", index }) => {
    const [language = "", ...words] = info.split(" ");
    return {
      language,
      words,
      text,
      start: index + 3 + info.length + 1,
      line: page.slice(0, index).split("\n").length,
    };
  });
