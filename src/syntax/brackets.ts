import type { TokenType } from "chevrotain";
import type { Lexed } from "./lex.ts";
import type { Lexeme, Source } from "./lexeme.ts";
import * as T from "./tokens.ts";
import { closers, endsOperand, openers, opensDeclaration, opensStatement } from "./words.ts";

/** Brackets nested deeper than this are refused, so that no later phase runs out of stack. */
export const deepest = 100;
/** So many missing brackets are placed by their indentation; more of them end where they are noticed. */
const placedAtMost = 64;

interface Open {
  readonly lexeme: Lexeme;
  /** Index in the output. */
  readonly at: number;
  /** The braces of a block's body, which hold statements. */
  readonly body: boolean;
  /** Of a body, once it was asked for: whether its brace has a partner. */
  ends?: boolean;
}

export interface Balanced {
  /** Every bracket in it has its partner. */
  readonly lexemes: Lexeme[];
  /** Closing brackets that were dropped because nothing was open. */
  readonly strays: readonly Lexeme[];
  /** Where brackets were put in or something was dropped: what the parser says there may only follow from that. In order and apart. */
  readonly doubtful: readonly { readonly start: number; readonly end: number }[];
}

const written = (type: TokenType): string => type.LABEL?.slice(1, -1) ?? type.name;
const virtual = (type: TokenType, at: number, like: Lexeme): Lexeme => ({
  type,
  text: written(type),
  start: at,
  end: at,
  line: like.line,
  first: false,
  indent: like.indent,
});

/**
 * Gives every bracket its partner. A bracket that is never closed is reported where it was opened, and taken to end
 * before the next line that is not indented further, or before the next declaration.
 */
export const balance = (source: Source, { lexemes, dropped }: Pick<Lexed, "lexemes" | "dropped">): Balanced => {
  const out: Lexeme[] = [];
  const stack: Open[] = [];
  const strays: Lexeme[] = [];
  const doubtful: { start: number; end: number }[] = dropped.map((region) => ({ ...region }));
  let declaration: Lexeme | undefined;
  let placed = 0;
  // Of several brackets that one line leaves open, the innermost is reported.
  let reported = -1;

  /** Closes the innermost bracket, which has no partner, before `next`. */
  const giveUp = (next: Lexeme | undefined, found: string) => {
    const open = stack.pop()!;
    const type = openers.get(open.lexeme.type)!;
    const index = placed++ < placedAtMost ? placeFor(out, open) : out.length;
    const before = out[index - 1]!;
    out.splice(index, 0, virtual(type, before.end, before));
    doubtful.push({ start: open.lexeme.start, end: out[index + 1]?.start ?? next?.start ?? source.text.length });
    if (open.lexeme.line === reported) return;
    reported = open.lexeme.line;
    const shown = written(type);
    source.say(open.lexeme, {
      code: "MTT1005",
      message: `this \`${open.lexeme.text}\` is never closed`,
      label: `opened here; ${found}`,
      help: `close it with \`${shown}\``,
      fix: { title: `put \`${shown}\` in`, edits: [{ start: before.end, end: before.end, text: shown }] },
    });
  };

  for (let i = 0; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    const keep = stack.length > 0 && lexeme.first ? openAt(lexemes, i, stack, out, declaration) : stack.length;
    while (stack.length > keep) giveUp(lexeme, `\`${lexeme.text}\` begins something new before it ends`);
    if (stack.length === 0 && opensDeclaration(lexemes, i)) declaration = lexeme;

    if (openers.has(lexeme.type)) {
      if (stack.length >= deepest) {
        const last = skipBracket(lexemes, i);
        reported = lexeme.line;
        source.say(lexeme, {
          code: "MTT1014",
          message: `brackets are nested more than ${deepest} deep here`,
          label: "what is in this bracket was not read",
          help: "name inner parts with `let`",
        });
        out.push({ ...lexeme, type: T.Hole, end: lexemes[last]!.end, text: "" });
        i = last;
        continue;
      }
      stack.push({ lexeme, at: out.length, body: stack.length === 0 && beginsBody(declaration, out.at(-1), lexeme) });
    } else if (closers.has(lexeme.type)) {
      const depth = stack.findLastIndex((open) => openers.get(open.lexeme.type) === lexeme.type);
      const top = stack.at(-1);
      if (depth === stack.length - 1 && top) stack.pop();
      else if (!top || closesSoon(lexemes, i, openers.get(top.lexeme.type)!)) {
        strays.push(lexeme);
        continue;
      } else if (depth < 0) {
        const right = openers.get(top.lexeme.type)!;
        source.say(lexeme, {
          code: "MTT1007",
          message: `\`${lexeme.text}\` does not close \`${top.lexeme.text}\``,
          label: `\`${written(right)}\` expected`,
          notes: [
            {
              kind: "text",
              text: `\`${top.lexeme.text}\` was opened here`,
              span: source.span(top.lexeme.start, top.lexeme.end),
            },
          ],
          help: `write \`${written(right)}\``,
          fix: {
            title: `write \`${written(right)}\``,
            edits: [{ start: lexeme.start, end: lexeme.end, text: written(right) }],
          },
        });
        stack.pop();
        out.push({ ...lexeme, type: right, text: written(right) });
        continue;
      } else {
        while (stack.length > depth + 1) giveUp(lexeme, `\`${lexeme.text}\` comes before its end`);
        stack.pop();
      }
    }
    out.push(lexeme);
  }
  while (stack.length > 0) giveUp(undefined, "the file ends before it does");
  return { lexemes: out, strays, doubtful: merge(doubtful) };
};

/** In order, overlapping ones as one. */
const merge = (regions: { start: number; end: number }[]): { start: number; end: number }[] => {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of regions.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
};

/** Where a bracket without partner ends: before `->`, or before the first line that is not indented further. */
const placeFor = (out: readonly Lexeme[], open: Open): number => {
  let depth = 0;
  for (let i = open.at + 1; i < out.length; i++) {
    const lexeme = out[i]!;
    if (depth === 0 && lexeme.type === T.Result && open.lexeme.type === T.ParenOpen) return i;
    // No list has named items: f32[n, y: int) ends before the comma.
    const named = lexeme.type === T.Comma && out[i + 1]?.type === T.Name && out[i + 2]?.type === T.Colon;
    if (depth === 0 && named && open.lexeme.type === T.BracketOpen) return i;
    if (depth === 0 && lexeme.first && lexeme.indent <= open.lexeme.indent) return i;
    if (openers.has(lexeme.type)) depth++;
    else if (closers.has(lexeme.type)) depth--;
  }
  return out.length;
};

/** How many brackets stay open where this line begins: all but where it begins a declaration or a statement. */
const openAt = (
  lexemes: readonly Lexeme[],
  i: number,
  stack: readonly Open[],
  out: readonly Lexeme[],
  declaration: Lexeme | undefined,
): number => {
  const lexeme = lexemes[i]!;
  const statement = opensStatement(lexemes, i);
  if (!statement) return opensDeclaration(lexemes, i) ? 0 : stack.length;
  const body = stack.findLastIndex((open) => open.body);
  if (body < 0) return opensDeclaration(lexemes, i) ? 0 : stack.length;
  // A `let` left of a body's statements belongs to the file where the body was not closed.
  const open = stack[body]!;
  const inside = out[open.at + 1];
  const left = lexeme.text === "let" && declaration && inside?.first && lexeme.indent <= declaration.indent;
  if (!left || inside.indent <= declaration.indent) return body + 1;
  open.ends ??= endsBody(lexemes, i);
  return open.ends ? body + 1 : 0;
};

/** Whether a `}` of no `{` comes, before a declaration that is no `let`. */
const endsBody = (lexemes: readonly Lexeme[], from: number): boolean => {
  let depth = 0;
  for (let i = from; i < lexemes.length; i++) {
    const { type, text, first } = lexemes[i]!;
    if (first && text !== "let" && opensDeclaration(lexemes, i)) return false;
    if (type === T.BraceOpen) depth++;
    else if (type === T.BraceClose && --depth < 0) return true;
  }
  return false;
};

const beginsBody = (declaration: Lexeme | undefined, before: Lexeme | undefined, brace: Lexeme): boolean =>
  brace.type === T.BraceOpen &&
  (declaration?.text === "block" || declaration?.text === "network") &&
  endsOperand(before);

/** Whether the next closing bracket on this line is of this type: then the one before it is one too many. */
const closesSoon = (lexemes: readonly Lexeme[], from: number, type: TokenType): boolean => {
  for (let i = from + 1; i < Math.min(lexemes.length, from + 64); i++) {
    const lexeme = lexemes[i]!;
    if (lexeme.first || openers.has(lexeme.type)) return false;
    if (closers.has(lexeme.type)) return lexeme.type === type;
  }
  return false;
};

/** The index of the bracket that closes this one, or of the last lexeme before the next declaration. */
const skipBracket = (lexemes: readonly Lexeme[], from: number): number => {
  let depth = 0;
  for (let i = from; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    if (i > from && lexeme.first && opensDeclaration(lexemes, i)) return i - 1;
    if (openers.has(lexeme.type)) depth++;
    else if (closers.has(lexeme.type) && --depth === 0) return i;
  }
  return lexemes.length - 1;
};
