import type { Lexed } from "./lex.ts";
import type { Lexeme, Source } from "./lexeme.ts";
import * as T from "./tokens.ts";
import { closers, endsOperand, openers, opensDeclaration, opensStatement, startsOperand } from "./words.ts";

/** What a word of another language is said to be, and what is done instead. */
interface Habit {
  readonly label: string;
  readonly help: string;
}

const loop: Habit = {
  label: "there are no loops",
  help: "repeat(3, layer) makes several layers, a sweep with each([…]) several models, and a query such as `digits.train |> take(8)` goes over examples",
};
const condition: Habit = {
  label: "there are no branches",
  help: "select(condition, a, b) chooses between values",
};
const anonymous: Habit = {
  label: "every block has a name",
  help: "declare it in the file, block twice(x: f32[n]) -> f32[n] = 2 * x, and write its name here",
};
const comprehension: Habit = {
  label: "there are no comprehensions",
  help: "write the items one by one; in a sweep each([1e-2, 1e-3]) tries several values",
};

const statements: ReadonlyMap<string, Habit> = new Map([
  ["for", loop],
  ["while", loop],
  ["if", condition],
]);
const functions: ReadonlySet<string> = new Set(["lambda", "fn", "fun", "func", "function"]);

/**
 * `for`, `while`, `if`, `return`, `lambda` as other languages write them: said once, and what belongs to them is not read. They are names like others
 * where nothing follows that no name is followed by.
 */
export const readWords = (
  source: Source,
  lexed: Pick<Lexed, "lexemes" | "dropped">,
): Pick<Lexed, "lexemes" | "dropped"> => {
  const { lexemes } = lexed;
  if (!lexemes.some(({ type, text }) => type === T.Name && isForeign(text))) return lexed;
  const out: Lexeme[] = [];
  const dropped: { start: number; end: number }[] = [];
  /** Places in `out` of the brackets that are open. */
  const open: number[] = [];

  const say = ({ start, end, text }: Lexeme, { label, help }: Habit) =>
    source.say({ start, end }, { code: "MTT1011", message: `\`${text}\` is not part of mtt`, label, help });
  /** What stands from the last of `out` to the lexeme at `to` is dropped, or stands for a value. */
  const drop = (to: number, hole?: Lexeme) => {
    const before = out.at(-1)?.end ?? 0;
    const next = lexemes[to];
    if (hole !== undefined) out.push({ ...hole, type: T.Hole, text: "", end: lexemes[to - 1]!.end });
    dropped.push({ start: before, end: next?.start ?? source.text.length });
  };

  for (let i = 0; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    const habit = lexeme.type === T.Name && isForeign(lexeme.text) ? habitAt(lexemes, i) : undefined;
    if (habit === undefined) {
      if (openers.has(lexeme.type)) open.push(out.length);
      else if (closers.has(lexeme.type)) open.pop();
      out.push(lexeme);
      continue;
    }
    if (habit === "return") {
      const next = lexemes[i + 1]!;
      source.say(lexeme, {
        code: "MTT1011",
        message: "`return` is not part of mtt",
        label: "a body ends with its result",
        help: "remove it",
        fix: { title: "remove it", safe: true, edits: [{ start: lexeme.start, end: next.start, text: "" }] },
      });
      lexemes[i + 1] = { ...next, first: lexeme.first, indent: lexeme.indent };
      continue;
    }
    say(lexeme, habit);
    if (habit === comprehension && open.length > 0) {
      // The items before it are its own: its names are known only in it.
      const begin = open.at(-1)! + 1;
      const first = out[begin] ?? lexeme;
      out.length = begin;
      const to = endOfExpression(lexemes, i, true);
      drop(to, first);
      i = to - 1;
    } else if (lexeme.first && statements.has(lexeme.text) && !isDue(out.at(-1))) {
      const to = endOfStatement(lexemes, i);
      drop(to);
      i = to - 1;
    } else {
      const to = endOfExpression(lexemes, i, false);
      drop(to, endsOperand(out.at(-1)) ? undefined : lexeme);
      i = to - 1;
    }
  }
  return { lexemes: out, dropped: [...lexed.dropped, ...dropped] };
};

const isForeign = (text: string): boolean => statements.has(text) || functions.has(text) || text === "return";

/** A value must follow: after `=`, `(`, `,`. */
const isDue = (before: Lexeme | undefined): boolean =>
  before !== undefined && !endsOperand(before) && before.type !== T.BraceOpen && before.type !== T.BraceClose;

/** What a word is where it stands as no name does: an operand follows it on its line, or brackets and then what calls nothing. */
function habitAt(lexemes: readonly Lexeme[], i: number): Habit | "return" | undefined {
  const [before, word, next] = [lexemes[i - 1], lexemes[i]!, lexemes[i + 1]];
  if (next === undefined || next.first || before?.type === T.Dot) return undefined;
  if (opensDeclaration(lexemes, i + 1) || opensStatement(lexemes, i + 1) || opensDeclaration(lexemes, i - 1))
    return undefined;
  const named = next.type === T.Name && ["as", "with", "from"].includes(next.text);
  const value = startsOperand(next) && !openers.has(next.type) && !named;
  const { text } = word;
  if (text === "return") return word.first && value ? "return" : undefined;
  if (functions.has(text))
    return next.type === T.Name && !named ? anonymous : followsBrackets(lexemes, i) ? anonymous : undefined;
  if (text === "for" && !word.first && endsOperand(before)) return value ? comprehension : undefined;
  return value || next.type === T.Not || followsBrackets(lexemes, i) ? statements.get(text) : undefined;
}

/** So many lexemes a condition in brackets has at most. */
const CONDITION = 200;

/** `if (a) {`, `function(x) {`, `fn(x) -> x`: behind the brackets stands what cannot follow a call. */
function followsBrackets(lexemes: readonly Lexeme[], i: number): boolean {
  if (lexemes[i + 1]?.type !== T.ParenOpen) return false;
  const close = matching(lexemes, i + 1, Math.min(lexemes.length, i + CONDITION));
  const behind = lexemes[close + 1];
  return (
    behind !== undefined &&
    !behind.first &&
    (behind.type === T.BraceOpen || behind.type === T.Result || behind.type === T.Name)
  );
}

/** The place of the bracket that closes this one, or of the last lexeme that is looked at. */
function matching(lexemes: readonly Lexeme[], from: number, until = lexemes.length): number {
  let depth = 0;
  for (let i = from; i < until; i++) {
    if (openers.has(lexemes[i]!.type)) depth++;
    else if (closers.has(lexemes[i]!.type) && --depth === 0) return i;
  }
  return until - 1;
}

/** Where an expression ends that cannot be read: before a bracket that closes what is around it, a comma unless these are `all` its items, or a line not indented further. */
function endOfExpression(lexemes: readonly Lexeme[], from: number, all: boolean): number {
  const { indent } = lexemes[from]!;
  let depth = 0;
  for (let i = from + 1; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    if (closers.has(lexeme.type) && --depth < 0) return i;
    if (openers.has(lexeme.type)) depth++;
    if (lexeme.first && opensDeclaration(lexemes, i)) return i;
    if (depth > 0 || all) continue;
    if (lexeme.type === T.Comma || (lexeme.first && lexeme.indent <= indent && !isElse(lexeme))) return i;
  }
  return lexemes.length;
}

/** Where a loop or a branch ends: with its braces, else before the next line that is not indented further; what `else` begins belongs to it. */
function endOfStatement(lexemes: readonly Lexeme[], from: number): number {
  const { indent } = lexemes[from]!;
  for (let i = from + 1; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    if (closers.has(lexeme.type)) return i;
    if (lexeme.first && (opensDeclaration(lexemes, i) || (lexeme.indent <= indent && !isElse(lexeme)))) return i;
    if (lexeme.type === T.BraceOpen) {
      i = matching(lexemes, i);
      const next = lexemes[i + 1];
      if (next === undefined || !isElse(next)) return i + 1;
    } else if (openers.has(lexeme.type)) i = matching(lexemes, i);
  }
  return lexemes.length;
}

const isElse = ({ type, text }: Lexeme): boolean => type === T.Name && ["else", "elif", "then"].includes(text);
