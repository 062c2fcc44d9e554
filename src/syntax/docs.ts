import type { IToken } from "chevrotain";
import type { Comment } from "./ast.ts";
import type { Source } from "./lexeme.ts";

/** Documentation by the place it stands before. */
export class Docs {
  /** The `///` block before everything else. */
  readonly file: string | undefined;
  readonly #blocks = new Map<number, { text: string; first: Comment; last: Comment }>();
  readonly #source: Source;

  constructor(source: Source, comments: readonly Comment[], tokens: readonly IToken[]) {
    this.#source = source;
    let index = 0;
    let file: string | undefined;
    for (const block of blocksOf(source.text, comments)) {
      const { start, end } = { start: block[0]!.span.start, end: block.at(-1)!.span.end };
      // A comma between documentation and what it describes does not part them.
      const passed = ({ startOffset, image }: IToken) => startOffset < end || image === "" || image === ",";
      while (index < tokens.length && passed(tokens[index]!)) index++;
      const text = block.map((comment) => comment.text.slice(3).replace(/^ /, "").trimEnd()).join("\n");
      const follows = tokens[index]?.startOffset ?? source.text.length;
      if (file === undefined && (tokens.length === 0 || start < tokens[0]!.startOffset)) {
        file = text;
        continue;
      }
      const before = this.#blocks.get(follows);
      this.#blocks.set(follows, {
        text: before ? `${before.text}\n\n${text}` : text,
        first: before?.first ?? block[0]!,
        last: block.at(-1)!,
      });
    }
    this.file = file;
  }

  /** The documentation before this token; it is taken. */
  take(token: IToken): { doc?: string } {
    const block = this.#blocks.get(token.startOffset);
    if (block === undefined) return {};
    this.#blocks.delete(token.startOffset);
    return { doc: block.text };
  }

  /** Warns of documentation that nothing took. */
  reportUnused(): void {
    for (const { first, last } of this.#blocks.values()) {
      this.#source.say(
        { start: first.span.start, end: last.span.end },
        {
          code: "MTT1020",
          severity: "warning",
          message: "this documentation belongs to nothing",
          label: "no declaration, field, parameter or statement follows",
          help: "put it on the line before what it describes, or write `//`",
        },
      );
    }
  }
}

/** Doc comments on consecutive lines are one text. */
const blocksOf = (text: string, comments: readonly Comment[]): Comment[][] => {
  const blocks: Comment[][] = [];
  let end = -1;
  for (const comment of comments) {
    if (comment.kind !== "doc") continue;
    const adjacent = end >= 0 && /^\r?\n[ \t]*$/.test(text.slice(end, Math.min(comment.span.start, end + 200)));
    if (adjacent && comment.span.start - end <= 200) blocks.at(-1)!.push(comment);
    else blocks.push([comment]);
    end = comment.span.end;
  }
  return blocks;
};
