import type { TokenType } from "chevrotain";
import type { Lexeme, Source } from "./lexeme.ts";
import {
  And,
  Assign,
  Colon,
  Comma,
  Divide,
  Equal,
  GreaterEqual,
  LessEqual,
  Minus,
  Not,
  NotEqual,
  Or,
  ParenClose,
  ParenOpen,
  Result,
  Spread,
  Stage,
  Text,
  Times,
} from "./tokens.ts";

interface Habit {
  /** What is written instead means the same. */
  readonly same?: true;
  /** What is written here instead; none where the character is dropped. */
  readonly instead?: { readonly text: string; readonly type: TokenType };
  readonly message: string;
  readonly label: string;
  readonly help: string;
}

const instead = (text: string, type: TokenType, message: string, label: string): Habit => ({
  same: true,
  instead: { text, type },
  message,
  label,
  help: `write \`${text}\``,
});

/** The operators of other languages, and what stands for them here. */
const habits: ReadonlyMap<string, Habit> = new Map<string, Habit>([
  ["&&", instead("and", And, "`&&` is not an operator of mtt", "written `and`")],
  ["&", instead("and", And, "`&` is not an operator of mtt", "written `and`")],
  ["||", instead("or", Or, "`||` is not an operator of mtt", "written `or`")],
  ["|", instead("|>", Stage, "`|` is not an operator of mtt", "a pipe is written `|>`, a choice `or`")],
  ["!", instead("not", Not, "`!` is not an operator of mtt", "written `not`")],
  ["===", instead("==", Equal, "`===` is not an operator of mtt", "values are compared with `==`")],
  ["!==", instead("!=", NotEqual, "`!==` is not an operator of mtt", "values are compared with `!=`")],
  ["=>", instead("->", Result, "`=>` is not part of mtt", "the result of a block stands after `->`")],
  [":=", instead("=", Assign, "`:=` is not part of mtt", "a value stands after `=`")],
  [
    "**",
    {
      instead: { text: "*", type: Times },
      message: "`**` is not an operator of mtt",
      label: "there is no operator for powers",
      help: "write x * x for a square, power(x, n) for other powers",
    },
  ],
  [
    "^",
    {
      instead: { text: "*", type: Times },
      message: "`^` is not an operator of mtt",
      label: "there is no operator for powers",
      help: "write x * x for a square, power(x, n) for other powers",
    },
  ],
  [
    "%",
    {
      instead: { text: "/", type: Divide },
      message: "`%` is not an operator of mtt",
      label: "there is no remainder",
      help: "x - floor(x / n) * n is the remainder; 10 % is written 0.1",
    },
  ],
  [
    ";",
    {
      same: true,
      message: "`;` does not end anything in mtt",
      label: "not needed",
      help: "remove it: a declaration ends where the next one begins, fields end with a new line or a comma",
    },
  ],
  [
    "?",
    {
      message: "`?` is not part of mtt",
      label: "there is no conditional operator",
      help: "select(condition, a, b) chooses between values",
    },
  ],
]);

/** Reads an operator of another language as what was meant by it; undefined where nothing is to be read. */
export const translate = (source: Source, lexeme: Lexeme): Lexeme | undefined => {
  if (lexeme.text === "%" && percentage(source, lexeme)) return undefined;
  const habit = habits.get(lexeme.text)!;
  const text = habit.instead?.text ?? "";
  source.say(lexeme, {
    code: lexeme.text === ";" ? "MTT1018" : "MTT1011",
    message: habit.message,
    label: habit.label,
    help: habit.help,
    // Without its operator a conditional is no expression: nothing to offer.
    ...(lexeme.text === "?"
      ? {}
      : {
          fix: {
            title: text === "" ? `remove \`${lexeme.text}\`` : `write \`${text}\``,
            safe: habit.same === true,
            edits: [{ start: lexeme.start, end: lexeme.end, text: spaced(source.text, lexeme, text) }],
          },
        }),
  });
  return habit.instead === undefined ? undefined : { ...lexeme, text: habit.instead.text, type: habit.instead.type };
};

/** `97%` with nothing behind it that could be divided by is a share; it is read as the number before it. */
const percentage = (source: Source, { start, end }: Lexeme): boolean => {
  const number = /\d+(?:\.\d+)?$/.exec(source.text.slice(Math.max(0, start - 30), start))?.[0];
  if (number === undefined || /^[ \t]*[\p{ID_Continue}("[]/u.test(source.text.slice(end, end + 30))) return false;
  const share = String(Number((Number(number) / 100).toPrecision(12)));
  source.say(
    { start: start - number.length, end },
    {
      code: "MTT1011",
      message: `${number}% is not a number of mtt`,
      label: "a share is a number from 0 to 1",
      help: `write ${share}`,
      fix: { title: `write ${share}`, safe: true, edits: [{ start: start - number.length, end, text: share }] },
    },
  );
  return true;
};

/** A word needs a space where the sign had none: `!x` is `not x`, `a&&b` is `a and b`. */
const spaced = (text: string, { start, end }: Lexeme, word: string): string => {
  if (!/^[a-z]+$/.test(word)) return word;
  const before = /[\p{ID_Continue}"')\]}]/u.test(text[start - 1] ?? " ") ? " " : "";
  const after = /\s/.test(text[end] ?? " ") ? "" : " ";
  return `${before}${word}${after}`;
};

const named: ReadonlyMap<string, { readonly name: string; readonly text: string }> = new Map([
  ["\u201C", { name: "a typographic quote", text: '"' }],
  ["\u201D", { name: "a typographic quote", text: '"' }],
  ["\u201E", { name: "a typographic quote", text: '"' }],
  ["\u00AB", { name: "a typographic quote", text: '"' }],
  ["\u00BB", { name: "a typographic quote", text: '"' }],
  ["\u2018", { name: "a typographic quote", text: '"' }],
  ["\u2019", { name: "a typographic quote", text: '"' }],
  ["\u00A0", { name: "a no-break space", text: " " }],
  ["\u2009", { name: "a thin space", text: " " }],
  ["\u3000", { name: "an ideographic space", text: " " }],
  ["\u200B", { name: "a zero-width space", text: "" }],
  ["\u200C", { name: "an invisible character", text: "" }],
  ["\u200D", { name: "an invisible character", text: "" }],
  ["\u00AD", { name: "an invisible hyphen", text: "" }],
  ["\u2013", { name: "a dash", text: "-" }],
  ["\u2014", { name: "a dash", text: "-" }],
  ["\u2212", { name: "a typographic minus", text: "-" }],
  ["\u00D7", { name: "a multiplication sign", text: "*" }],
  ["\u22C5", { name: "a multiplication dot", text: "*" }],
  ["\u00B7", { name: "a multiplication dot", text: "*" }],
  ["\u00F7", { name: "a division sign", text: "/" }],
  ["\u2264", { name: "a relation sign", text: "<=" }],
  ["\u2265", { name: "a relation sign", text: ">=" }],
  ["\u2260", { name: "a relation sign", text: "!=" }],
  ["\u2192", { name: "an arrow", text: "->" }],
  ["\u2190", { name: "an arrow", text: "<-" }],
  ["\u2026", { name: "an ellipsis", text: "..." }],
  ["\uFF08", { name: "a full-width parenthesis", text: "(" }],
  ["\uFF09", { name: "a full-width parenthesis", text: ")" }],
  ["\uFF0C", { name: "a full-width comma", text: "," }],
  ["\uFF1A", { name: "a full-width colon", text: ":" }],
]);

const types: ReadonlyMap<string, TokenType> = new Map([
  ["-", Minus],
  ["*", Times],
  ["/", Divide],
  ["<=", LessEqual],
  [">=", GreaterEqual],
  ["!=", NotEqual],
  ["->", Result],
  ["...", Spread],
  ["(", ParenOpen],
  [")", ParenClose],
  [",", Comma],
  [":", Colon],
]);

/** Says what a character is that no program holds, and reads it as what may have been meant. */
export const readOdd = (source: Source, lexeme: Lexeme): Lexeme | undefined => {
  const { start, end, text } = lexeme;
  const first = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const quoted = text.length > 1 && /^[\u201C\u201E\u00AB\u2018]/.test(text);
  const known = named.get(first);
  const code = `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(first) ? `\`${first}\` (${code})` : code;
  const meant = quoted ? `"${text.slice(1, -1)}"` : known?.text;
  source.say(lexeme, {
    code: "MTT1002",
    message: known ? `${known.name}, ${shown}, is not part of a program` : `${shown} is not part of a program`,
    label:
      known === undefined || known.text === "" ? "remove it" : `write ${known.text === " " ? "a space" : known.text}`,
    ...(meant === undefined
      ? { help: "names are letters, digits and `_`; any character may stand in strings and comments" }
      : {
          fix: {
            title: meant === "" ? "remove it" : `write \`${meant}\``,
            safe: true,
            edits: [{ start, end, text: meant }],
          },
        }),
  });
  if (quoted) return { ...lexeme, text: `"${text.slice(1, -1)}"`, type: Text };
  const type = meant === undefined ? undefined : types.get(meant);
  return type === undefined ? undefined : { ...lexeme, text: meant!, type };
};
