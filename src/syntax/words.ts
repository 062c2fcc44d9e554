import type { TokenType } from "chevrotain";
import type { Lexeme } from "./lexeme.ts";
import * as T from "./tokens.ts";

/** Words that begin a declaration, where they stand at its beginning. */
export const declarationWords: ReadonlyMap<string, TokenType> = new Map([
  ["param", T.Param],
  ["let", T.Let],
  ["block", T.Block],
  ["network", T.Network],
  ["train", T.Train],
  ["evaluate", T.Evaluate],
  ["influence", T.Influence],
  ["validate", T.Validate],
  ["report", T.Report],
  ["sweep", T.Sweep],
  ["assert", T.Assert],
  ["import", T.Import],
]);

/** Words that begin a statement of a block's body. */
export const statementWords: ReadonlyMap<string, TokenType> = new Map([
  ["let", T.Let],
  ["weight", T.Weight],
  ["state", T.State],
]);

export const dtypes: ReadonlySet<string> = new Set(["f32", "f64", "i32", "bool"]);

export const openers: ReadonlyMap<TokenType, TokenType> = new Map([
  [T.ParenOpen, T.ParenClose],
  [T.BracketOpen, T.BracketClose],
  [T.BraceOpen, T.BraceClose],
]);

export const closers: ReadonlySet<TokenType> = new Set(openers.values());

const operandEnds: ReadonlySet<TokenType> = new Set([
  ...[T.Name, T.Int, T.Float, T.Size, T.Text, T.True, T.False, T.Hole],
  ...[T.ParenClose, T.BracketClose, T.BraceClose],
]);

const operandStarts: ReadonlySet<TokenType> = new Set([
  ...[T.Name, T.Int, T.Float, T.Size, T.Text, T.True, T.False, T.Hole],
  ...[T.ParenOpen, T.BracketOpen, T.BraceOpen, T.Not],
]);

/** An expression may end with it: what follows calls, indexes or subtracts. */
export const endsOperand = (lexeme: Lexeme | undefined): boolean =>
  lexeme !== undefined && operandEnds.has(lexeme.type);

export const startsOperand = (lexeme: Lexeme | undefined): boolean =>
  lexeme !== undefined && operandStarts.has(lexeme.type);

/** What follows the name in each kind of declaration. */
const afterName: ReadonlyMap<string, readonly TokenType[]> = new Map([
  ...["param", "let"].map((word): [string, TokenType[]] => [word, [T.Assign, T.Colon]]),
  ...["block", "network"].map((word): [string, TokenType[]] => [word, [T.ParenOpen]]),
  ...["train", "evaluate", "influence", "validate", "report", "sweep"].map((word): [string, TokenType[]] => [
    word,
    [T.BraceOpen, T.Assign],
  ]),
]);

const expecting: ReadonlySet<TokenType> = new Set([
  ...[T.Assign, T.Colon, T.Comma, T.Stage, T.Result, T.Dot, T.Init, T.Not, T.Or, T.And, T.Equal, T.NotEqual],
  ...[T.Less, T.LessEqual, T.Greater, T.GreaterEqual, T.Plus, T.Minus, T.Times, T.Product, T.Divide, T.With],
]);

/** An operand must follow it: a word there is a name. */
export const expectsOperand = (lexeme: Lexeme | undefined): boolean =>
  lexeme !== undefined && expecting.has(lexeme.type);

/**
 * `train classifier {`, `let x =`: a word and a name as no expression holds them, in the form of a declaration. Where
 * an operand is due, only on one line.
 */
export const opensDeclaration = (lexemes: readonly Lexeme[], i: number): boolean => {
  const [word, name, next] = [lexemes[i], lexemes[i + 1], lexemes[i + 2]];
  if (word?.type !== T.Name || !declarationWords.has(word.text)) return false;
  if (word.text === "import") return name?.type === T.BraceOpen && word.first;
  if (word.text === "assert") {
    return word.first && word.indent === 0 && startsOperand(name) && !(expectsOperand(lexemes[i - 1]) && name?.first);
  }
  return named(lexemes, i, name) && next !== undefined && afterName.get(word.text)!.includes(next.type);
};

/** `weight W:`, `let h =` */
export const opensStatement = (lexemes: readonly Lexeme[], i: number): boolean => {
  const [word, name, next] = [lexemes[i], lexemes[i + 1], lexemes[i + 2]];
  if (word?.type !== T.Name || !statementWords.has(word.text)) return false;
  return named(lexemes, i, name) && (next?.type === T.Assign || next?.type === T.Colon);
};

const named = (lexemes: readonly Lexeme[], i: number, name: Lexeme | undefined): boolean => {
  // `sweep rates = report with {` names a step called `report`.
  if (name?.type !== T.Name || (name.text === "with" && lexemes[i - 1]?.type === T.Assign)) return false;
  return !name.first || !expectsOperand(lexemes[i - 1]);
};
