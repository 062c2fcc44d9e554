import type { Lexer, TokenType } from "chevrotain";
import type { Comment } from "./ast.ts";
import { readOdd, translate } from "./foreign.ts";
import type { Lexeme, Source } from "./lexeme.ts";
import { abbreviate, classifyNumber, isClosed } from "./literals.ts";
import { And, Digits, False, Foreign, makeLexer, Name, Not, Odd, Or, SingleQuoted, Text, True } from "./tokens.ts";

/** Texts larger than this are refused: no one writes such a program, and reading it would take all memory. */
export const largest = 4 * 1024 * 1024;

export interface Lexed {
  readonly lexemes: Lexeme[];
  readonly comments: readonly Comment[];
  /** Where something was dropped, from the token before it to the one behind it. */
  readonly dropped: readonly { readonly start: number; readonly end: number }[];
}

const reserved: ReadonlyMap<string, TokenType> = new Map([
  ["true", True],
  ["false", False],
  ["and", And],
  ["or", Or],
  ["not", Not],
]);

let lexer: Lexer | undefined;

/** Text → lexemes and comments. Reports what belongs to no program, and drops or mends it. */
export const lex = (source: Source): Lexed => {
  lexer ??= makeLexer();
  const { text } = source;
  const { tokens, groups } = lexer.tokenize(text);
  const lexemes: Lexeme[] = [];
  const dropped: { start: number; end: number }[] = [];
  let line = 0;
  let lineStart = 0;
  let lineEnd = endOfLine(text, 0);
  let indent = 0;
  let first = true;
  for (const token of tokens) {
    const start = token.startOffset;
    for (; start > lineEnd; lineEnd = endOfLine(text, lineStart)) {
      lineStart = lineEnd + 1;
      line++;
      first = true;
    }
    if (first) indent = start - lineStart;
    const lexeme: Lexeme = {
      type: token.tokenType,
      text: token.image,
      start,
      end: start + token.image.length,
      line,
      first,
      indent,
    };
    const read = readers.get(token.tokenType);
    const mended = read ? read(source, lexeme) : lexeme;
    const gap = dropped.at(-1);
    if (mended === undefined) {
      if (gap?.end !== source.text.length) dropped.push({ start: lexemes.at(-1)?.end ?? 0, end: source.text.length });
      continue;
    }
    if (gap?.end === source.text.length) gap.end = start;
    lexemes.push(mended);
    first = false;
  }
  return {
    lexemes,
    dropped,
    comments: (groups.comments ?? []).map((token) => readComment(source, token.image, token.startOffset)),
  };
};

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
};

type Reader = (source: Source, lexeme: Lexeme) => Lexeme | undefined;

const readers: ReadonlyMap<TokenType, Reader> = new Map<TokenType, Reader>([
  [Name, (_, lexeme) => ({ ...lexeme, type: reserved.get(lexeme.text) ?? Name })],
  [Digits, classifyNumber],
  [Foreign, translate],
  [Odd, readOdd],
  [
    Text,
    (source, lexeme) => {
      if (!isClosed(lexeme.text)) reportUnclosed(source, lexeme, '"');
      return lexeme;
    },
  ],
  [
    SingleQuoted,
    (source, lexeme) => {
      const { text, start, end } = lexeme;
      if (!isClosed(text)) reportUnclosed(source, lexeme, "'");
      else {
        const inside = text.slice(1, -1).replaceAll("\\'", "'");
        const doubled = inside.replace(/(?<!\\)"/g, '\\"');
        source.say(lexeme, {
          code: "MTT1017",
          message: "a string stands in double quotes",
          label: "single quotes are not part of mtt",
          fix: {
            title: "use double quotes",
            safe: !inside.includes('"'),
            edits: [{ start, end, text: `"${doubled}"` }],
          },
          help: `write "${abbreviate(doubled)}"`,
        });
      }
      return { ...lexeme, type: Text };
    },
  ],
]);

const reportUnclosed = (source: Source, { start, text }: Lexeme, quote: string) => {
  const backslash = text.includes(`\\${quote}`);
  const end = start + text.trimEnd().length;
  source.say(
    { start, end },
    {
      code: "MTT1003",
      message: "this string is not closed before its line ends",
      label: `opened here, and no ${quote} follows`,
      help: backslash
        ? `the backslash before ${quote} makes it part of the string; a backslash itself is written \\\\`
        : 'close it with `"`; a line break inside a string is written \\n',
      ...(backslash ? {} : { fix: { title: "close the string", edits: [{ start: end, end, text: quote }] } }),
    },
  );
};

const readComment = (source: Source, text: string, start: number): Comment => {
  const end = start + (text.endsWith("\r") ? text.length - 1 : text.length);
  const span = source.span(start, end);
  const shown = source.text.slice(start, end);
  if (text.startsWith("#")) {
    source.say(
      { start, end: start + 1 },
      {
        code: "MTT1019",
        message: "a comment starts with `//`",
        label: "`#` starts nothing in mtt",
        help: "write `//`",
        fix: { title: "write `//`", safe: true, edits: [{ start, end: start + 1, text: "//" }] },
      },
    );
    return { span, kind: "line", text: shown };
  }
  if (text.startsWith("/*")) {
    if (text.length < 4 || !text.endsWith("*/")) {
      source.say(
        { start, end: start + 2 },
        {
          code: "MTT1004",
          message: "this comment is never closed",
          label: "opened here, and no `*/` follows",
          help: "close it with `*/`; everything after it was read as part of the comment",
        },
      );
    }
    return { span, kind: "block", text: shown };
  }
  return { span, kind: /^\/\/\/(?!\/)/.test(shown) ? "doc" : "line", text: shown };
};
