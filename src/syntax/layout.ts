import type { IToken, TokenType } from "chevrotain";
import { nearest } from "../diagnostic/near-miss.ts";
import type { Lexeme, Source } from "./lexeme.ts";
import * as T from "./tokens.ts";
import {
  closers,
  declarationWords,
  dtypes,
  endsOperand,
  expectsOperand,
  openers,
  opensDeclaration,
  opensStatement,
  startsOperand,
  statementWords,
} from "./words.ts";

/** What the parser reads. */
export interface Layout {
  readonly tokens: IToken[];
  /** Offsets where a declaration begins: the parser goes on there after an error. */
  readonly declarations: ReadonlySet<number>;
  /** Offsets where a statement of a body begins. */
  readonly statements: ReadonlySet<number>;
  /** Offset of a line's first token → its indentation. */
  readonly lines: ReadonlyMap<number, number>;
}

/** What surrounds a lexeme: the innermost bracket, by what it holds. */
type Around = "file" | "body" | "record" | "call" | "list" | "group" | "index";

/** Words of other languages at the place of a declaration. */
const foreignWords: ReadonlyMap<string, string> = new Map([
  ...["def", "fn", "func", "fun", "function", "layer", "module", "defn"].map((w): [string, string] => [w, "block"]),
  ...["var", "const", "val", "local", "auto", "set"].map((w): [string, string] => [w, "let"]),
  ...["model", "net", "class", "struct"].map((w): [string, string] => [w, "network"]),
  ...["test", "eval"].map((w): [string, string] => [w, "evaluate"]),
  ["fit", "train"],
  ["parameter", "param"],
  ["input", "param"],
  ["show", "report"],
  ["explain", "influence"],
  ["require", "assert"],
  ["check", "assert"],
]);

/**
 * Decides what depends on place: which words open declarations and statements, which brackets call and index, which
 * `-` subtracts, where a line break separates fields. After it the grammar needs one token of lookahead. Mends what
 * is missing between two operands, so that one forgotten comma is one diagnostic.
 */
export const place = (source: Source, lexemes: readonly Lexeme[]): Layout => {
  const tokens: IToken[] = [];
  const declarations = new Set<number>();
  const statements = new Set<number>();
  const lines = new Map<number, number>();
  const around: Around[] = ["file"];
  /** ( and [ that are open: inside them a new line is a space. */
  let joined = 0;
  let declaration = "";
  let state = false;
  let previous: Lexeme | undefined;

  const emit = (type: TokenType, { text, start, end }: { text: string; start: number; end: number }) => {
    tokens.push({
      image: text,
      startOffset: start,
      endOffset: end - 1,
      tokenType: type,
      tokenTypeIdx: type.tokenTypeIdx!,
    });
  };
  const missingComma = (at: Lexeme, before: Lexeme) => {
    source.say(
      { start: at.start, end: at.end },
      {
        code: "MTT1009",
        message: `a comma is missing before \`${short(at.text)}\``,
        label: "begins something new",
        help: `write a comma after \`${short(before.text)}\``,
        fix: { title: "put a comma in", safe: true, edits: [{ start: before.end, end: before.end, text: "," }] },
      },
    );
    emit(T.Comma, { text: ",", start: before.end, end: before.end });
  };

  for (let i = 0; i < lexemes.length; i++) {
    const lexeme = lexemes[i]!;
    const next = lexemes[i + 1];
    const here = around.at(-1)!;
    // A line that starts with ( [ or - outside ( ) and [ ] begins something new.
    const fresh = lexeme.first && joined === 0;
    const follows = endsOperand(previous) && !fresh;
    let type = lexeme.type;
    if (lexeme.first) lines.set(lexeme.start, lexeme.indent);

    if (type === T.Name) {
      type = nameType(i, here);
      if (here === "file" && (declarationWords.has(lexeme.text) || type !== T.Name) && declares(type)) {
        declarations.add(lexeme.start);
        declaration = [...declarationWords].find(([, t]) => t === type)![0];
      } else if (here === "body" && (type === T.Let || type === T.Weight || type === T.State)) {
        statements.add(lexeme.start);
        state = type === T.State;
      }
    }
    if (type === T.Name && assigns(lexeme, next, here)) type = declared(lexeme, here === "file" ? here : "body");
    separate(lexeme, next, here, type);

    if (openers.has(type)) {
      const holds = contents(type, follows, here);
      around.push(holds);
      if (type !== T.BraceOpen) joined++;
      if (type === T.ParenOpen && follows) type = T.CallOpen;
      if (type === T.BracketOpen && follows) type = T.IndexOpen;
    } else if (closers.has(type)) {
      around.pop();
      if (type !== T.BraceClose) joined--;
    } else if (type === T.Minus && !follows) type = T.Negate;
    else if (
      type === T.Comma &&
      next &&
      closers.has(next.type) &&
      previous?.type !== T.Comma &&
      !openers.has(previous!.type)
    )
      type = T.LastComma;
    else if (type === T.Assign && isFieldName(i - 1, here)) {
      const gap = source.text.slice(previous!.end, lexeme.start).trim() === "" ? previous!.end : lexeme.start;
      source.say(lexeme, {
        code: "MTT1010",
        message: `\`${previous!.text}\` is followed by \`:\`, not \`=\``,
        label:
          here === "call"
            ? "an argument's name and its value are separated by `:`"
            : "a field and its value are separated by `:`",
        help: `write \`${previous!.text}: …\``,
        fix: { title: "write `:`", safe: true, edits: [{ start: gap, end: lexeme.end, text: ":" }] },
      });
      type = T.Colon;
    } else if (state && here === "body" && type === T.Less && next?.type === T.Minus && next.start === lexeme.end) {
      emit(T.Becomes, { text: "<-", start: lexeme.start, end: next.end });
      previous = { ...lexeme, type: T.Becomes, end: next.end };
      state = false;
      i++;
      continue;
    }
    emit(type, lexeme);
    previous = lexeme.type === type ? lexeme : { ...lexeme, type: wordless.has(type) ? type : lexeme.type };
  }
  return { tokens, declarations, statements, lines };

  /** `y = x` on a line of its own, where a declaration or a statement begins. */
  function assigns(lexeme: Lexeme, next: Lexeme | undefined, here: Around): boolean {
    if (!lexeme.first || next?.type !== T.Assign || next.first || (here !== "file" && here !== "body")) return false;
    return previous === undefined || (!expectsOperand(previous) && !naming.has(previous.type));
  }

  /** Says that a value is declared with `let`, and reads on as if it were written. */
  function declared({ text, start, end }: Lexeme, here: "file" | "body"): TokenType {
    source.say(
      { start, end },
      {
        code: "MTT1012",
        message: `\`${short(text)} = …\` declares nothing`,
        label: `a ${here === "file" ? "declaration" : "statement"} expected here`,
        help:
          here === "file"
            ? `write let ${short(text)} = …; a value that is set from outside is a param`
            : `write let ${short(text)} = …`,
        fix: { title: "write `let`", safe: true, edits: [{ start, end: start, text: "let " }] },
      },
    );
    (here === "file" ? declarations : statements).add(start);
    if (here === "file") declaration = "let";
    state = false;
    emit(T.Let, { text: "", start, end: start });
    return T.Name;
  }

  function nameType(i: number, here: Around): TokenType {
    const lexeme = lexemes[i]!;
    const next = lexemes[i + 1];
    if (next?.type === T.BracketOpen && !(next.first && joined === 0)) {
      if (dtypes.has(lexeme.text)) return T.Dtype;
      if (lexeme.text === "class") return T.ClassWord;
    }
    // What follows `let` or `train` on its line is a name.
    if (previous !== undefined && naming.has(previous.type) && !lexeme.first) return T.Name;
    const free = !expectsOperand(previous);
    if (here === "file") {
      const derives = !lexeme.first || next?.type === T.BraceOpen;
      if (free && lexeme.text === "with" && endsOperand(previous) && derives) return T.With;
      if (free && lexeme.text === "from" && previous?.type === T.BraceClose && declaration === "import") return T.From;
      const word = declarationWords.get(lexeme.text);
      if (word !== undefined && beginsDeclaration(i, free)) return word;
      if (word === undefined) return mendedWord(i, free) ?? T.Name;
    }
    if (here === "body") {
      const word = statementWords.get(lexeme.text);
      const follows = next?.type === T.Name || next?.type === T.Colon || next?.type === T.Assign;
      if (word && (free ? follows : opensStatement(lexemes, i))) return word;
    }
    if (
      lexeme.text === "as" &&
      endsOperand(previous) &&
      (next?.type === T.Name || next?.type === T.BraceOpen) &&
      (!lexeme.first || (here !== "file" && here !== "body"))
    )
      return T.As;
    return T.Name;
  }

  function beginsDeclaration(i: number, free: boolean): boolean {
    const lexeme = lexemes[i]!;
    const next = lexemes[i + 1];
    // Where an operand is due the word is a name, unless what follows has the form of a declaration.
    if (!free && opensDeclaration(lexemes, i)) return true;
    if (free && next?.type === T.Name && !["as", "with", "from"].includes(next.text)) return true;
    return (
      (lexeme.first || previous === undefined) &&
      (free || (lexeme.text === "assert" && startsOperand(next) && lexeme.indent === 0))
    );
  }

  /** `trian classifier {`, `def f(`: a word no declaration begins with, where one must begin. */
  function mendedWord(i: number, free: boolean): TokenType | undefined {
    const [lexeme, name, after] = [lexemes[i]!, lexemes[i + 1], lexemes[i + 2]];
    if (!free || !lexeme.first || name?.type !== T.Name || after === undefined) return undefined;
    if (name.text === "with" || name.text === "as" || name.text === "from") return undefined;
    if (after.type !== T.BraceOpen && after.type !== T.Assign && after.type !== T.ParenOpen && after.type !== T.Colon)
      return undefined;
    const near = nearest(lexeme.text, [...declarationWords.keys()]);
    const meant = foreignWords.get(lexeme.text) ?? near?.word;
    if (meant === undefined) return undefined;
    source.say(lexeme, {
      code: "MTT1012",
      message: `\`${short(lexeme.text)}\` does not begin a declaration`,
      label: `did you mean \`${meant}\`?`,
      help: `a declaration begins with one of ${[...declarationWords.keys()].join(", ")}`,
      fix: {
        title: `write \`${meant}\``,
        safe: foreignWords.has(lexeme.text) || near?.sure === true,
        edits: [{ start: lexeme.start, end: lexeme.end, text: meant }],
      },
    });
    return declarationWords.get(meant);
  }

  function contents(type: TokenType, follows: boolean, here: Around): Around {
    if (type === T.ParenOpen) return follows ? "call" : "group";
    if (type === T.BracketOpen) return follows ? "index" : "list";
    const body = here === "file" && (declaration === "block" || declaration === "network") && endsOperand(previous);
    return body ? "body" : "record";
  }

  function isFieldName(i: number, here: Around): boolean {
    if (here !== "record" && here !== "call") return false;
    const before = lexemes[i - 1];
    if (lexemes[i]?.type !== T.Name || before === undefined) return false;
    if (here === "call" || !lexemes[i]!.first) return before.type === T.Comma || openers.has(before.type);
    return true;
  }

  /** Puts in the comma that is missing between two operands, and the break between two fields. */
  function separate(lexeme: Lexeme, next: Lexeme | undefined, here: Around, type: TokenType): void {
    if (previous === undefined || type === T.As) return;
    const field = lexeme.type === T.Name && (next?.type === T.Colon || next?.type === T.Assign);
    const begins =
      field || (lexeme.first && endsOperand(previous) && startsOperand(lexeme) && !openers.has(lexeme.type));
    if (here === "record" && begins && previous.type !== T.Comma && !openers.has(previous.type)) {
      if (lexeme.first) emit(T.Break, { text: "", start: previous.end, end: previous.end });
      else if (endsOperand(previous)) missingComma(lexeme, previous);
    } else if ((here === "call" || here === "list" || here === "index") && endsOperand(previous)) {
      const operand = startsOperand(lexeme) && !openers.has(lexeme.type) && lexeme.type !== T.Not;
      if (operand && !(lexeme.type === T.Name && lexeme.text === "x")) missingComma(lexeme, previous);
    }
  }
};

const wordless: ReadonlySet<TokenType> = new Set([
  T.With,
  T.As,
  T.From,
  ...declarationWords.values(),
  T.Weight,
  T.State,
]);
/** Words that a name follows. */
const naming: ReadonlySet<TokenType> = new Set(
  [...declarationWords.values(), T.Weight, T.State].filter((type) => type !== T.Assert && type !== T.Import),
);
const declares = (type: TokenType): boolean => [...declarationWords.values()].includes(type);
const short = (text: string): string => (text.length <= 30 ? text : `${text.slice(0, 25)}…`);
