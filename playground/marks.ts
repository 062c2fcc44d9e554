import { wordKind } from "../src/lsp/word-kinds.ts";
import type { Program, Workspace } from "../src/lsp/workspace.ts";
import { lex } from "../src/syntax/lex.ts";
import { type Lexeme, Source } from "../src/syntax/lexeme.ts";
import { declarationWords, opensDeclaration, opensStatement } from "../src/syntax/words.ts";

/** A part of the text and the class of its colour. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly class: string;
}

const WORDS: ReadonlySet<string> = new Set(["and", "or", "not", "true", "false"]);
const JOINTS: ReadonlySet<string> = new Set(["with", "from", "as"]);

/** The colours of a program: its tokens, and its words by what they mean. In order and apart. */
export function marksOf(workspace: Workspace, program: Program): readonly Mark[] {
  const { entry } = program;
  const { lexemes, comments } = lex(new Source(entry.name, entry.text));
  const words = workspace.words(program, entry);
  const marks: Mark[] = [
    ...comments.map(({ span, kind }) => ({
      from: span.start,
      to: span.end,
      class: kind === "doc" ? "tok-doc" : "tok-comment",
    })),
    ...words.map(({ span, meaning }) => ({ from: span.start, to: span.end, class: `tok-${wordKind(meaning)}` })),
    ...lexemes.flatMap((lexeme, i) => {
      const kind = tokenKind(lexemes, i);
      return kind === undefined ? [] : [{ from: lexeme.start, to: lexeme.end, class: kind }];
    }),
  ];
  marks.sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  return marks.filter(({ from, to }) => {
    if (from < end || to <= from) return false;
    end = to;
    return true;
  });
}

function tokenKind(lexemes: readonly Lexeme[], i: number): string | undefined {
  const { text } = lexemes[i]!;
  if (text.startsWith('"')) return "tok-string";
  if (/^\d/.test(text)) return "tok-number";
  if (WORDS.has(text) || opensStatement(lexemes, i)) return "tok-keyword";
  if (declarationWords.has(text) && opensDeclaration(lexemes, i)) return "tok-keyword";
  if (JOINTS.has(text) && lexemes[i - 1] !== undefined && !lexemes[i]!.first) return "tok-keyword";
  return text === "|>" || text === "->" ? "tok-operator" : undefined;
}
