import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import { declarationWords } from "../syntax/words.ts";
import type { Checked } from "./checked.ts";

/** What begins like a declaration and is none: `learn classifier { … }`. */
const NO_DECLARATION = "MTT1012";
const SYNTAX = "MTT1001";
const UNKNOWN = "MTT2001";
const UNKNOWN_FIELD = "MTT4101";
const NO_NAME = "a name expected here";
const NO_COLON = "`:` expected here";

/** No word that begins a declaration is as long. */
const LONGEST = 16;

type TextOf = (file: string) => string;

/** One mistake is one diagnostic: without what only follows from another one, where that was told. */
export const withoutLost = (found: readonly Diagnostic[], { files }: Checked): readonly Diagnostic[] => {
  const textOf = (file: string): string => files.get(file)?.text ?? "";
  return unseparated(nameless(misbegun(found, textOf), textOf), textOf);
};

/** A declaration whose first word is none was told of there: that its name is unknown wherever it is used follows from it. */
function misbegun(found: readonly Diagnostic[], textOf: TextOf): readonly Diagnostic[] {
  const lost = new Set(
    found.flatMap(({ code, span }) => (code === NO_DECLARATION ? namesAt(textOf(span.file), span) : [])),
  );
  if (lost.size === 0) return found;
  return found.filter(({ code, span }) => code !== UNKNOWN || !lost.has(`${span.file} ${wordAt(span, textOf)}`));
}

/** The word that begins it, which may be the name itself, and the one behind. */
const namesAt = (text: string, { file, start }: Span): readonly string[] => {
  const words = /\w+(?:[ \t]+\w+)?/y;
  words.lastIndex = start;
  return (words.exec(text)?.[0] ?? "").split(/[ \t]+/).map((name) => `${file} ${name}`);
};

/** A declaration without a name, in a file that uses one name which nothing has: that is the name, however near others are. */
function nameless(found: readonly Diagnostic[], textOf: TextOf): readonly Diagnostic[] {
  const unnamed = found.filter((one) => isNoName(one, textOf));
  const [first] = unnamed;
  if (first === undefined || unnamed.length > 1) return found;
  const { file } = first.span;
  const follows = ({ code, span }: Diagnostic) => code === UNKNOWN && span.file === file;
  const names = new Set(found.filter(follows).map(({ span }) => wordAt(span, textOf)));
  const [name] = names;
  if (name === undefined || names.size > 1) return found;
  // Behind the word: `block(x)` has nothing between the two.
  const at = endBefore(textOf(file), first.span.start);
  const span = { file, start: at, end: at };
  const named: Diagnostic = {
    ...first,
    help: `\`${name}\` is used and nothing is called so: name it \`${name}\``,
    fixes: [{ title: `name it \`${name}\``, safe: false, edits: [{ span, text: ` ${name}` }] }],
  };
  return found.flatMap((one) => (one === first ? [named] : follows(one) ? [] : [one]));
}

const isNoName = ({ code, label, span }: Diagnostic, textOf: TextOf): boolean => {
  if (code !== SYNTAX || label !== NO_NAME) return false;
  const text = textOf(span.file);
  const end = endBefore(text, span.start);
  return declarationWords.has(/\w*$/.exec(text.slice(Math.max(0, end - LONGEST), end))![0]);
};

/** Between braces, items that lost the bracket before them look like fields without a colon: the first says so, and none is an unknown field besides. */
function unseparated(found: readonly Diagnostic[], textOf: TextOf): readonly Diagnostic[] {
  const bare = found
    .filter(({ code, label }) => code === SYNTAX && label === NO_COLON)
    .sort((a, b) => (a.span.file < b.span.file ? -1 : a.span.file > b.span.file ? 1 : a.span.start - b.span.start));
  if (bare.length === 0) return found;
  // Where no brace stands between one and the next, none stands between the first of them and the last: one look at each gap.
  const again = new Set(
    bare.filter(({ span }, i) => {
      const last = bare[i - 1]?.span;
      return last?.file === span.file && !/[{}]/.test(textOf(span.file).slice(last.end, span.start));
    }),
  );
  const fields = new Set(bare.map(({ span }) => `${span.file} ${endBefore(textOf(span.file), span.start)}`));
  return found.filter(
    (one) => !again.has(one) && !(one.code === UNKNOWN_FIELD && fields.has(`${one.span.file} ${one.span.end}`)),
  );
}

/** Where the word before a place ends. */
const endBefore = (text: string, place: number): number => {
  let end = place;
  while (end > 0 && /\s/.test(text[end - 1]!)) end--;
  return end;
};

const wordAt = ({ file, start, end }: Span, textOf: TextOf): string => textOf(file).slice(start, end);
