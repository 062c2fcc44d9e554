import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { File } from "./ast.ts";
import { balance } from "./brackets.ts";
import { Docs } from "./docs.ts";
import { readWords } from "./foreign-words.ts";
import { MttParser } from "./grammar.ts";
import { place } from "./layout.ts";
import { largest, lex } from "./lex.ts";
import { type Lexeme, Source } from "./lexeme.ts";

export interface Parsed {
  readonly file: File;
  readonly diagnostics: readonly Diagnostic[];
}

let parser: MttParser | undefined;

/**
 * Text → syntax tree and what is wrong with it (MTT1xxx), in source order. Never throws: what cannot be read is
 * reported once and stands as `missing` in the tree, and everything after it is read. Time grows with the text's length.
 */
export const parse = (name: string, text: string): Parsed => {
  const source = new Source(name, text);
  if (text.length > largest) return refuse(source);
  const { comments, ...lexed } = lex(source);
  const { lexemes: balanced, strays, doubtful } = balance(source, readWords(source, lexed));
  const layout = place(source, balanced);
  const docs = new Docs(source, comments, layout.tokens);
  parser ??= new MttParser(true);
  const read = parser.read({ source, layout, docs, doubtful });
  reportStrays(source, strays, layout.declarations);
  docs.reportUnused();
  const file: File = {
    name,
    text,
    ...(docs.file === undefined ? {} : { doc: docs.file }),
    imports: read.filter((declaration) => declaration.kind === "import"),
    declarations: read.filter((declaration) => declaration.kind !== "import"),
    comments,
  };
  return { file, diagnostics: source.diagnostics };
};

const refuse = (source: Source): Parsed => {
  const { name, text } = source;
  source.say(
    { start: 0, end: 0 },
    {
      code: "MTT1015",
      message: `the file has ${text.length} characters; a program has at most ${largest}`,
      help: "data belongs in files that the program reads: csv, npy, idx, images",
    },
  );
  return { file: { name, text: "", imports: [], declarations: [], comments: [] }, diagnostics: source.diagnostics };
};

/** A bracket that closes nothing is news only where its declaration has no other error, which it may follow from. */
const reportStrays = (source: Source, strays: readonly Lexeme[], declarations: ReadonlySet<number>): void => {
  if (strays.length === 0) return;
  const begins = [...declarations].sort((a, b) => a - b);
  const errors = source.diagnostics.filter((d) => d.severity === "error").map((d) => d.span.start);
  let begin = 0;
  let error = 0;
  let last = -1;
  for (const stray of strays) {
    while (begin < begins.length && begins[begin]! < stray.start) begin++;
    const from = begins[begin - 1] ?? 0;
    while (error < errors.length && errors[error]! < stray.start) error++;
    if ((errors[error - 1] ?? -1) >= from || last >= from) continue;
    last = stray.start;
    source.say(stray, {
      code: "MTT1006",
      message: `\`${stray.text}\` closes nothing`,
      label: "no bracket is open here",
      help: "remove it, or open the bracket it belongs to",
      fix: { title: "remove it", edits: [{ start: stray.start, end: stray.end, text: "" }] },
    });
  }
};
