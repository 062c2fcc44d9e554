import { EOF, type IToken, type TokenType } from "chevrotain";
import type { Remark, Source } from "./lexeme.ts";
import * as T from "./tokens.ts";
import { declarationWords } from "./words.ts";

/** A place where the parser could not go on. */
export interface Failure {
  readonly source: Source;
  readonly found: IToken;
  readonly before: IToken;
  readonly after: IToken;
  /** What would have fitted: "an expression", "`:`". */
  readonly expected: string;
  /** The rules being read, outermost first. */
  readonly rules: readonly string[];
  /** The token is the first on its line. */
  readonly first: boolean;
  /** The declaration ends here: the next token begins another, or there is none. */
  readonly ended: boolean;
}

const literal: ReadonlySet<TokenType> = new Set([T.Int, T.Float, T.Size]);

/** Where one of them follows an item of a list, a comma was forgotten. */
const joinable: ReadonlySet<TokenType> = new Set([
  ...[T.Name, T.Int, T.Float, T.Size, T.Text, T.True, T.False, T.ParenOpen, T.BracketOpen, T.BraceOpen],
]);

/** What would be an argument if it stood in parentheses. */
const argument: ReadonlySet<TokenType> = new Set([T.Name, T.Int, T.Float, T.Size]);

const shown = (token: IToken): string => {
  const type = token.tokenType;
  if (type === EOF) return "the end of the file";
  if (type === T.Break) return "a new line";
  if (type === T.Text) return "a string";
  const image = token.image.length <= 30 ? token.image : `${token.image.slice(0, 25)}…`;
  return literal.has(type) ? image : `\`${image}\``;
};

/** What was found, what was expected, why, and how to repair it. */
export const explain = (failure: Failure): Remark => {
  for (const special of specials) {
    const remark = special(failure);
    if (remark) return remark;
  }
  const { expected, found, before, ended } = failure;
  const rule = failure.rules.slice(-2).findLast((name) => ruleHelps.has(name));
  const help = helps.get(expected) ?? (rule === undefined ? undefined : ruleHelps.get(rule));
  return {
    code: "MTT1001",
    message: expected.startsWith("the end")
      ? `${shown(found)} does not continue what stands before it`
      : ended && before.tokenType !== EOF
        ? `expected ${expected} after ${shown(before)}`
        : `expected ${expected}, found ${shown(found)}`,
    label: expected.startsWith("the end") ? "not expected here" : `${expected} expected here`,
    ...(help === undefined ? {} : { help }),
  };
};

const words = [...declarationWords.keys()].join(", ");

const helps: ReadonlyMap<string, string> = new Map([
  ["an expression", 'a value is written 10, 0.5, 3x3, "text", true, name, f(x), [a, b], { field: value } or (a + b)'],
  ["a type", "types are int, float, bool, string, size, f32[3, h], class[10], …"],
  ["an axis", "an axis is an int, a name, ...name, or arithmetic on them: f32[28, w / 2, ...s]"],
  ["a stage", "a stage is a block's name or a call: x |> relu, x |> dense(10)"],
  ["a declaration", `a declaration begins with one of ${words}`],
  ["a field", "a field is a name, a colon and a value: epochs: 10"],
  ["the end of the declaration", "write an operator between two values, or a list of them: [a, b]"],
  ["`:` or `=`", "a type stands after `:`, a value after `=`: rate: float = 1e-3"],
  ["`=`", "a value stands after `=`"],
  ["`:`", "a name and its type, or a field and its value, are separated by `:`"],
  ["`->`", "a block says what it yields: block f(x: f32[n]) -> f32[n] = …"],
  ["`~`", "a weight says how it starts: weight W: f32[n] ~ glorot"],
  ["`<-`", "a state says how it is carried on: state mean: f32[n] ~ constant(0) <- 0.9 * mean + 0.1 * batch_mean(x)"],
]);

const ruleHelps: ReadonlyMap<string, string> = new Map([
  ["step", "a step is written train name { … } or train name = other with { … }"],
  ["param", "a parameter is written param name: type = value"],
  ["let", "a value is written let name = value"],
  ["block", "a block is written block name(x: f32[n]) -> f32[n] = … or { … }"],
  ["network", "a network is written network Name(x: f32[n]) -> f32[n] = … or { … }"],
  ["import", 'an import is written import { a, b as c } from "file.mtt"'],
]);

/** `-`, `(` or `[` at the start of a line, meant to continue the line before. */
export const freshLine = ({ image: sign }: IToken): Remark => {
  const does = sign === "-" ? "subtract from" : sign === "(" ? "call" : "index";
  return {
    code: "MTT1021",
    message: `a line that starts with \`${sign}\` begins something new`,
    label: `this does not ${does} what stands on the line before`,
    help: `put \`${sign}\` at the end of the line before, or the whole expression in parentheses`,
  };
};

type Special = (failure: Failure) => Remark | undefined;

const specials: readonly Special[] = [
  ({ expected, found }) =>
    expected === "`~`" && found.tokenType === T.Assign
      ? {
          code: "MTT1001",
          message: `expected ${expected}, found ${shown(found)}`,
          label: `${expected} expected here`,
          help: "a weight says how it starts: weight W: f32[n] ~ glorot",
          fix: {
            title: "write `~`",
            safe: true,
            edits: [{ start: found.startOffset, end: found.startOffset + 1, text: "~" }],
          },
        }
      : undefined,
  ({ expected, found }) =>
    expected.startsWith("the end of the") && found.tokenType === T.Assign
      ? {
          code: "MTT1001",
          message: "`=` does not continue what stands before it",
          label: "a value stands here already",
          help: "values are compared with `==`",
          fix: {
            title: "write `==`",
            safe: false,
            edits: [{ start: found.startOffset, end: found.startOffset + 1, text: "==" }],
          },
        }
      : undefined,
  ({ expected, found, after, first }) => {
    const begins = expected === "a declaration" || (expected === "the end of the declaration" && first);
    if (!begins || found.tokenType !== T.Name) return undefined;
    return {
      code: "MTT1012",
      message: `${shown(found)} does not begin a declaration`,
      label: "a declaration expected here",
      help:
        after.tokenType === T.Assign
          ? `write let ${found.image} = …; a value that is set from outside is a param`
          : `a declaration begins with one of ${words}`,
    };
  },
  ({ expected, found, before }) =>
    expected === "the end of the item" && joinable.has(found.tokenType)
      ? {
          code: "MTT1009",
          message: `a comma is missing before ${shown(found)}`,
          label: "begins something new",
          help: `write a comma after ${shown(before)}`,
          fix: {
            title: "put a comma in",
            safe: true,
            edits: [
              {
                start: before.startOffset + before.image.length,
                end: before.startOffset + before.image.length,
                text: ",",
              },
            ],
          },
        }
      : undefined,
  ({ expected, found, before }) =>
    expected === "the end of the result" && declarationWords.has(before.image)
      ? {
          code: "MTT1022",
          message: `\`${before.image}\` stands in a file, not in a body`,
          label: `${shown(found)} does not continue the body's result`,
          help: "a body is its statements (let, weight, state), then one expression",
        }
      : undefined,
  ({ expected, found, before, first }) =>
    (expected === "the end of the declaration" || expected === "the end of the result") &&
    !first &&
    before.tokenType === T.Name &&
    argument.has(found.tokenType)
      ? {
          code: "MTT1001",
          message: `${shown(found)} does not continue what stands before it`,
          label: "not expected here",
          help: `a block takes its arguments in parentheses: ${before.image}(${found.image}); between two values stands an operator`,
        }
      : undefined,
  // A comparison of a comparison never reaches here (operators.ts): this is a line that starts with ( [ or -.
  ({ found, first, expected }) => {
    const opens = found.tokenType === T.ParenOpen || found.tokenType === T.BracketOpen || found.tokenType === T.Negate;
    if (!first || !opens || !(expected.startsWith("the end") || expected === "a declaration" || expected === "`}`"))
      return undefined;
    return freshLine(found);
  },
  ({ expected, found }) =>
    expected === "the result of the body"
      ? {
          code: "MTT1022",
          message: "the body has no result",
          label: `an expression expected before ${shown(found)}`,
          help: "a body ends with an expression, the value it yields: { let h = x |> dense(10)  relu(h) }",
        }
      : undefined,
  ({ expected, found, rules }) =>
    expected === "the end of the result" && rules.at(-1) === "result"
      ? {
          code: "MTT1022",
          message: "the body goes on after its result",
          label: `${shown(found)} follows the result`,
          help: "a body is its statements (let, weight, state), then one expression; name what comes before it: let h = …",
        }
      : undefined,
  ({ expected, found }) =>
    expected === "a stage"
      ? {
          code: "MTT1023",
          message: `a pipe leads into a block, not into ${shown(found)}`,
          label: "a block's name or a call expected here",
          help: "a stage is a name or a call: x |> relu, x |> dense(10)",
        }
      : undefined,
  ({ found, before, expected }) =>
    expected.startsWith("the end") &&
    (found.tokenType === T.Dot || found.tokenType === T.IndexOpen) &&
    before.tokenType === T.ParenClose
      ? {
          code: "MTT1023",
          message: `\`${found.image}\` cannot follow a stage of a pipe`,
          label: "this would apply to the stage, not to the pipe's result",
          help: `put the pipe in parentheses: (x |> f(a))${found.image === "." ? ".name" : "[0]"}`,
        }
      : undefined,
  ({ expected, found }) =>
    expected === "an axis" && found.tokenType === T.Size
      ? {
          code: "MTT1001",
          message: `${found.image} is a size, not an axis`,
          label: "an axis expected here",
          help: `axes are separated by commas: f32[${found.image.replace("x", ", ")}]`,
        }
      : undefined,
  ({ expected, found, rules }) =>
    expected === "a name" && found.tokenType === T.Text
      ? {
          code: "MTT1001",
          message: `expected a name, found ${shown(found)}`,
          label: "a name expected here",
          help: `names are written without quotes: ${/^"[\p{ID_Start}_]\p{ID_Continue}*"$/u.test(found.image) ? found.image.slice(1, -1) : (rules.at(-1) ?? "name")}`,
        }
      : undefined,
];
