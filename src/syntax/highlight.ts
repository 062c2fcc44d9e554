import type { TokenType } from "chevrotain";
import { balance } from "./brackets.ts";
import { place } from "./layout.ts";
import { largest, lex } from "./lex.ts";
import { Source } from "./lexeme.ts";
import * as T from "./tokens.ts";
import { declarationWords, statementWords } from "./words.ts";

/** What a piece of a program's text is, for colours. */
export type Look = "comment" | "string" | "number" | "keyword" | "type" | "declared" | "call" | "field" | "operator";

export interface Piece {
  readonly text: string;
  readonly look?: Look;
}

const declaring: ReadonlySet<TokenType> = new Set([...declarationWords.values(), ...statementWords.values()]);

const looks: ReadonlyMap<TokenType, Look> = new Map<TokenType, Look>([
  ...[...declaring, T.As, T.With, T.From, T.Not, T.Or, T.And, T.True, T.False].map((type): [TokenType, Look] => [
    type,
    "keyword",
  ]),
  ...[T.Dtype, T.ClassWord].map((type): [TokenType, Look] => [type, "type"]),
  ...[T.Int, T.Float, T.Size].map((type): [TokenType, Look] => [type, "number"]),
  [T.Text, "string"],
  ...[T.Equal, T.NotEqual, T.LessEqual, T.GreaterEqual, T.Less, T.Greater, T.Plus, T.Minus, T.Times, T.Product].map(
    (type): [TokenType, Look] => [type, "operator"],
  ),
  ...[T.Divide, T.Negate, T.Stage, T.Result, T.Becomes, T.Assign, T.Init, T.Spread].map((type): [TokenType, Look] => [
    type,
    "operator",
  ]),
]);

/** The text in pieces, all of it and in order, each with its look: words as the layout reads them, so that `report` is a keyword only where it is one. */
export const highlight = (text: string): readonly Piece[] => {
  if (text.length > largest) return [{ text }];
  const source = new Source("", text);
  const { comments, ...lexed } = lex(source);
  const { tokens } = place(source, balance(source, lexed).lexemes);
  const marks = tokens.flatMap((token, i) => {
    const look = lookOf(token.tokenType, tokens[i - 1]?.tokenType, tokens[i + 1]?.image, tokens[i + 1]?.tokenType);
    return look === undefined ? [] : [{ start: token.startOffset, end: token.startOffset + token.image.length, look }];
  });
  const all = [...marks, ...comments.map(({ span: { start, end } }) => ({ start, end, look: "comment" as const }))];
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, look } of all.sort((a, b) => a.start - b.start)) {
    // What the layout put in has no place in the text.
    if (start < at || end <= start) continue;
    if (start > at) pieces.push({ text: text.slice(at, start) });
    pieces.push({ text: text.slice(start, end), look });
    at = end;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
};

const lookOf = (
  type: TokenType,
  before: TokenType | undefined,
  next: string | undefined,
  nextType: TokenType | undefined,
): Look | undefined => {
  if (type !== T.Name) return looks.get(type);
  if (before !== undefined && declaring.has(before)) return "declared";
  if (nextType === T.Colon) return "field";
  return next === "(" || before === T.Stage ? "call" : undefined;
};
