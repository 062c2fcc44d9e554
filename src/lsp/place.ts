import type { Span } from "../diagnostic/diagnostic.ts";
import { lex } from "../syntax/lex.ts";
import { type Lexeme, Source } from "../syntax/lexeme.ts";
import { declarationWords } from "../syntax/words.ts";

/** What stands before a place that is being written: the tree is often broken there, the tokens are not. */
export interface Place {
  /** Where the word that is being written begins. */
  readonly start: number;
  /** Tokens before that word, the last one last. */
  readonly before: readonly Lexeme[];
  /** Brackets that are open there, the innermost last, by their place in `before`. */
  readonly open: readonly number[];
  readonly inside: "code" | "string" | "comment";
}

export function placeAt(name: string, text: string, offset: number): Place {
  const { lexemes, comments } = lex(new Source(name, text));
  const holds = ({ start, end }: Pick<Span, "start" | "end">) => start < offset && offset < end;
  const commented = comments.some(({ span, kind }) =>
    kind === "block" ? holds(span) : span.start < offset && offset <= span.end,
  );
  const at = lexemes.find(({ start, end }) => start < offset && offset <= end);
  const quoted = at?.text.startsWith('"') === true && (offset < at.end || !/[^\\]"$/.test(at.text));
  const word = /^[\p{ID_Start}_]/u.test(at?.text ?? "");
  const start = at !== undefined && (word || quoted) ? at.start : offset;
  const before = lexemes.filter(({ end }) => end <= start);
  const open: number[] = [];
  for (const [i, { text: sign }] of before.entries()) {
    if (sign === "(" || sign === "[" || sign === "{") open.push(i);
    else if (sign === ")" || sign === "]" || sign === "}") open.pop();
  }
  return { start, before, open, inside: commented ? "comment" : quoted ? "string" : "code" };
}

/** The word that began the declaration a place stands in, and its place in `before`. */
export function declarationBefore({ before }: Place, upTo: number): Lexeme | undefined {
  return before
    .slice(0, upTo)
    .findLast(({ text, first, indent }) => first && indent === 0 && declarationWords.has(text));
}

/** The call whose parentheses are open at a place: the name, and the arguments before the place. */
export function callAt({ before, open }: Place) {
  const at = open.findLast((i) => before[i]!.text === "(" && /^[\p{ID_Start}_]/u.test(before[i - 1]?.text ?? ""));
  if (at === undefined) return undefined;
  const callee = before[at - 1]!;
  let depth = 0;
  let argument = 0;
  let named: string | undefined;
  const names = new Set<string>();
  for (const [i, { text }] of before.entries()) {
    if (i <= at) continue;
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text)) depth--;
    else if (depth === 0 && text === ",") {
      argument++;
      named = undefined;
    } else if (depth === 0 && text === ":") {
      named = before[i - 1]!.text;
      names.add(named);
    }
  }
  return {
    callee,
    argument,
    named,
    names,
    piped: before[at - 2]?.text === "|>",
    declares: declarationWords.has(before[at - 2]?.text ?? ""),
    innermost: open.at(-1) === at,
  };
}
