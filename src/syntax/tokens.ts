import { createToken, Lexer, type TokenType } from "chevrotain";

/** A token that the lexer never makes: layout.ts gives it to a lexeme by where it stands. */
const placed = (name: string, label: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, label, pattern: Lexer.NA, categories });

const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, label: `\`${pattern}\``, pattern, categories });

// Chevrotain dispatches on the first character and groups what lies beyond ASCII in blocks of 256.
const beyondAscii = [
  ...Array.from({ length: 128 }, (_, i) => i + 128),
  ...Array.from({ length: 255 }, (_, i) => (i + 1) * 256),
];
const codes = (characters: string) => [...characters].map((c) => c.charCodeAt(0));
const letters = codes("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

// Patterns that may be megabytes long are loops: a regular expression would keep a state for every character of them.
type Scan = (text: string, start: number) => number;
const scanned = (end: Scan) => (text: string, start: number) => {
  const stop = end(text, start);
  return stop > start ? ([text.slice(start, stop)] as [string]) : null;
};

const toLineEnd: Scan = (text, start) => {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
};

const toCommentEnd: Scan = (text, start) => {
  const end = text.indexOf("*/", start + 2);
  return end < 0 ? text.length : end + 2;
};

/** A quoted text ends at its quote; one that is never closed ends with its line. */
const toQuote: Scan = (text, start) => {
  const quote = text.charCodeAt(start);
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) return i + 1;
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) === 10)) return i;
    if (c === 92 && i + 1 < text.length && text.charCodeAt(i + 1) !== 10 && text.charCodeAt(i + 1) !== 13) i++;
  }
  return text.length;
};

const isWord = (c: number) => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95;
const isDigit = (c: number) => c >= 48 && c <= 57;
const nameStart = /^[\p{ID_Start}_]$/u;
const namePart = /^\p{ID_Continue}$/u;
const characterAt = (text: string, i: number) => String.fromCodePoint(text.codePointAt(i) ?? 0);

const toNameEnd: Scan = (text, start) => {
  const first = text.charCodeAt(start);
  if (first < 128 ? !isWord(first) || isDigit(first) : !nameStart.test(characterAt(text, start))) return start;
  let i = start;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c < 128 ? !isWord(c) : !namePart.test(characterAt(text, i))) break;
    i += c >= 0xd800 && c < 0xdc00 ? 2 : 1;
  }
  return Math.min(i, text.length);
};

/** A digit, or a point and a digit, and all that people write behind them: 1e-3, 3x3, 0x10, 1_000, 1.2.3. */
const toNumberEnd: Scan = (text, start) => {
  let i = text[start] === "." ? start + 1 : start;
  if (!isDigit(text.charCodeAt(i))) return start;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const exponent = (c === 101 || c === 69) && /^[+-][0-9]/.test(text.slice(i + 1, i + 3));
    if (exponent) i++;
    else if (c === 46 ? text.charCodeAt(i + 1) === 46 : !isWord(c)) break;
  }
  return i;
};

/** Control characters, and the ASCII signs no token begins with. */
const isOdd = (c: number) =>
  (c < 32 && c !== 9 && c !== 10 && c !== 13) || c === 127 || c === 36 || c === 92 || c === 96;

const toOddEnd: Scan = (text, start) => {
  const first = text.codePointAt(start) ?? 0;
  // “text” is taken whole, so that its words are not read as a program.
  if (/[\u201C\u201E\u00AB\u2018]/.test(text[start]!)) {
    const line = text.slice(start, toLineEnd(text, start));
    const close = line.slice(1).search(/["\u201D\u201C\u00BB\u2019]/);
    if (close >= 0) return start + close + 2;
  }
  if (first >= 128) return start + (first > 0xffff ? 2 : 1);
  let i = start;
  while (i < text.length && isOdd(text.charCodeAt(i))) i++;
  return i;
};

const long = (name: string, scan: Scan, starts: (string | number)[], more: { label?: string; group?: string } = {}) =>
  createToken({ name, pattern: scanned(scan), start_chars_hint: starts, line_breaks: false, ...more });

// What stands between tokens, and the comments.
export const Space = createToken({
  name: "Space",
  pattern: /[ \t\r\n\uFEFF]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
export const LineComment = createToken({
  name: "LineComment",
  pattern: (text, start) => (text.startsWith("//", start) ? scanned(toLineEnd)(text, start) : null),
  start_chars_hint: ["/"],
  line_breaks: false,
  group: "comments",
});
export const BlockComment = createToken({
  name: "BlockComment",
  pattern: (text, start) => (text.startsWith("/*", start) ? scanned(toCommentEnd)(text, start) : null),
  start_chars_hint: ["/"],
  line_breaks: true,
  group: "comments",
});
/** Python's comment: read as one, and reported. */
export const HashComment = long("HashComment", toLineEnd, ["#"], { group: "comments" });

// Literals.
export const Text = long("Text", toQuote, ['"'], { label: "a string" });
export const SingleQuoted = long("SingleQuoted", toQuote, ["'"]);
/** Everything that begins like a number; numbers.ts says which it is, or what is wrong with it. */
export const Digits = long("Digits", toNumberEnd, codes(".0123456789"));
export const Int = placed("Int", "a number");
export const Float = placed("Float", "a number");
export const Size = placed("Size", "a size");
export const True = placed("True", "`true`");
export const False = placed("False", "`false`");
/** A place whose text was refused as a whole (nested too deeply): stands for one operand. */
export const Hole = placed("Hole", "nothing");

export const Name = long("Name", toNameEnd, [...letters, ...beyondAscii], { label: "a name" });

// Words that mean something only where layout.ts finds them.
const word = (text: string, categories: TokenType[] = []) =>
  placed(text[0]!.toUpperCase() + text.slice(1), `\`${text}\``, categories);
export const StepWord = placed("StepWord", "a kind of step");
export const Param = word("param");
export const Let = word("let");
export const Block = word("block");
export const Network = word("network");
export const Train = word("train", [StepWord]);
export const Evaluate = word("evaluate", [StepWord]);
export const Influence = word("influence", [StepWord]);
export const Validate = word("validate", [StepWord]);
export const Report = word("report", [StepWord]);
export const Sweep = word("sweep", [StepWord]);
export const Assert = word("assert");
export const Import = word("import");
export const Weight = word("weight");
export const State = word("state");
export const As = word("as");
export const With = word("with");
export const From = word("from");
/** f32, f64, i32 or bool before its bracket. */
export const Dtype = placed("Dtype", "an element type");
/** class before its bracket. */
export const ClassWord = word("class");

// Operators.
export const Prefix = placed("Prefix", "`-` or `not`");
export const Infix = placed("Infix", "an operator");
export const Not = word("not", [Prefix]);
/** A `-` where an operand begins. */
export const Negate = placed("Negate", "`-`", [Prefix]);
export const Or = word("or", [Infix]);
export const And = word("and", [Infix]);
export const Equal = sign("Equal", "==", [Infix]);
export const NotEqual = sign("NotEqual", "!=", [Infix]);
export const LessEqual = sign("LessEqual", "<=", [Infix]);
export const GreaterEqual = sign("GreaterEqual", ">=", [Infix]);
export const Less = sign("Less", "<", [Infix]);
export const Greater = sign("Greater", ">", [Infix]);
export const Plus = sign("Plus", "+", [Infix]);
export const Minus = sign("Minus", "-", [Infix]);
export const Times = sign("Times", "*", [Infix]);
export const Product = sign("Product", "@", [Infix]);
export const Divide = sign("Divide", "/", [Infix]);

// Punctuation.
export const Stage = sign("Stage", "|>");
export const Result = sign("Result", "->");
/** `<-` after `~ init` of a state; `<` and `-` everywhere else. */
export const Becomes = placed("Becomes", "`<-`");
export const Assign = sign("Assign", "=");
export const Init = sign("Init", "~");
export const Colon = sign("Colon", ":");
export const Comma = sign("Comma", ",");
/** A comma before a closing bracket. */
export const LastComma = placed("LastComma", "`,`");
/** The line break between two fields of a record. */
export const Break = placed("Break", "a new line");
export const Spread = sign("Spread", "...");
export const Dot = sign("Dot", ".");
export const ParenOpen = sign("ParenOpen", "(");
export const ParenClose = sign("ParenClose", ")");
export const BracketOpen = sign("BracketOpen", "[");
export const BracketClose = sign("BracketClose", "]");
export const BraceOpen = sign("BraceOpen", "{");
export const BraceClose = sign("BraceClose", "}");
/** `(` that calls what stands before it. */
export const CallOpen = placed("CallOpen", "`(`");
/** `[` that indexes what stands before it, or holds the axes of an element type. */
export const IndexOpen = placed("IndexOpen", "`[`");

/** What people bring along from other languages: recognized, so that the message can say what to write here. */
export const Foreign = createToken({
  name: "Foreign",
  pattern: /===|!==|&&|\|\||\*\*|=>|:=|!(?!=)|[%^;?&|]/,
});
/** Whatever else: one run of characters that no program holds. */
export const Odd = long("Odd", toOddEnd, [
  ...Array.from({ length: 32 }, (_, i) => i),
  ...[127, ...codes("$`\\"), ...beyondAscii],
]);

const lexed = [
  ...[Space, LineComment, BlockComment, HashComment, Text, SingleQuoted, Digits, Name],
  ...[Stage, Result, Foreign, Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater],
  ...[Plus, Minus, Times, Product, Divide, Assign, Init, Colon, Comma, Spread, Dot],
  ...[ParenOpen, ParenClose, BracketOpen, BracketClose, BraceOpen, BraceClose, Odd],
];

const given = [
  ...[Int, Float, Size, True, False, Hole, StepWord, Param, Let, Block, Network, Train, Evaluate, Influence],
  ...[Validate, Report, Sweep, Assert, Import, Weight, State, As, With, From, Dtype, ClassWord],
  ...[Prefix, Infix, Not, Negate, Or, And, Becomes, LastComma, Break, CallOpen, IndexOpen],
];

/** Every token type the grammar knows. */
export const vocabulary: TokenType[] = [...lexed, ...given];

export const makeLexer = (): Lexer =>
  new Lexer(lexed, { positionTracking: "onlyOffset", ensureOptimizations: true, skipValidations: true });
