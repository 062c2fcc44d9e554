import * as T from "../src/syntax/tokens.ts";
import { declarationWords, dtypes, statementWords } from "../src/syntax/words.ts";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
const oneOf = (texts: Iterable<string>): string =>
  [...texts]
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .map(escaped)
    .join("|");
const signs = (tokens: readonly { readonly PATTERN?: unknown }[]): string[] =>
  tokens.flatMap(({ PATTERN }) => (typeof PATTERN === "string" ? [PATTERN] : []));
/** `train` of a token that layout.ts places. */
const wordOf = ({ LABEL = "" }: { readonly LABEL?: string }): string => LABEL.replaceAll("`", "");

const NAME = "[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}]*";

/**
 * Colours for editors that read TextMate grammars. A word is a keyword only where a declaration, a statement or an operator may stand, as layout.ts
 * has it: `report` is also a good name.
 */
export const toTextMate = (): string => {
  const declared = oneOf(declarationWords.keys());
  const stated = oneOf(statementWords.keys());
  const operators = oneOf([
    ...signs([T.Stage, T.Result, T.Equal, T.NotEqual, T.LessEqual, T.GreaterEqual, T.Less, T.Greater]),
    ...signs([T.Plus, T.Minus, T.Times, T.Product, T.Divide, T.Assign, T.Init, T.Spread]),
    wordOf(T.Becomes),
  ]);
  const grammar = {
    name: "mtt",
    scopeName: "source.mtt",
    fileTypes: ["mtt"],
    patterns: [
      "comment",
      "string",
      "declaration",
      "import",
      "assertion",
      "field",
      "call",
      "type",
      "number",
      "word",
      "operator",
    ].map((one) => ({
      include: `#${one}`,
    })),
    repository: {
      comment: {
        patterns: [
          { name: "comment.line.documentation.mtt", match: "///.*$" },
          { name: "comment.line.double-slash.mtt", match: "//.*$" },
          { name: "comment.block.mtt", begin: "/\\*", end: "\\*/" },
        ],
      },
      string: {
        name: "string.quoted.double.mtt",
        begin: '"',
        end: '"|$',
        patterns: [{ name: "constant.character.escape.mtt", match: "\\\\." }],
      },
      declaration: {
        patterns: [
          {
            match: `\\b(${oneOf(["block"])})\\s+(${NAME})(?=\\s*\\()`,
            captures: { 1: { name: "keyword.declaration.mtt" }, 2: { name: "entity.name.function.mtt" } },
          },
          {
            match: `\\b(${oneOf(["network"])})\\s+(${NAME})(?=\\s*\\()`,
            captures: { 1: { name: "keyword.declaration.mtt" }, 2: { name: "entity.name.type.mtt" } },
          },
          {
            match: `\\b(${declared}|${stated})\\s+(${NAME})(?=\\s*[={:])`,
            captures: { 1: { name: "keyword.declaration.mtt" }, 2: { name: "variable.other.mtt" } },
          },
        ],
      },
      import: {
        patterns: [
          { name: "keyword.control.import.mtt", match: `^\\s*${wordOf(T.Import)}(?=\\s*\\{)` },
          { name: "keyword.control.from.mtt", match: `(?<=\\})\\s*${wordOf(T.From)}(?=\\s*")` },
        ],
      },
      assertion: { name: "keyword.control.assert.mtt", match: `^${wordOf(T.Assert)}\\b(?!\\s*[:=])` },
      field: {
        match: `(${NAME})(:)(?!:)`,
        captures: { 1: { name: "variable.other.property.mtt" }, 2: { name: "punctuation.separator.mtt" } },
      },
      call: { name: "entity.name.function.call.mtt", match: `${NAME}(?=\\()` },
      type: {
        name: "storage.type.mtt",
        match: `\\b(${oneOf([...dtypes, wordOf(T.ClassWord)])})(?=\\s*\\[|\\b(?!\\())`,
      },
      number: {
        patterns: [
          { name: "constant.numeric.size.mtt", match: "\\b[0-9]+(x[0-9]+)+\\b" },
          { name: "constant.numeric.mtt", match: "\\b[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?\\b" },
        ],
      },
      word: {
        patterns: [
          { name: "constant.language.mtt", match: `\\b(${oneOf([wordOf(T.True), wordOf(T.False)])})\\b` },
          {
            name: "keyword.operator.word.mtt",
            match: `\\b(${oneOf([T.Not, T.Or, T.And, T.As, T.With].map(wordOf))})\\b`,
          },
        ],
      },
      operator: { name: "keyword.operator.mtt", match: operators },
    },
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
};
