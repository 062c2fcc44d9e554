import { MttParser } from "../src/syntax/grammar.ts";
import * as tokens from "../src/syntax/tokens.ts";

/** The grammar as data: what the parser recorded of itself, without what only its error recovery needs. */
export type Node =
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly items: readonly Node[] }
  | { readonly kind: "option"; readonly item: Node }
  /** Any number of times, none included; `separator` between two of them. */
  | { readonly kind: "repeat"; readonly item: Node; readonly separator?: Node }
  /** Another rule, or a kind of token. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "literal"; readonly text: string };

export interface Rule {
  readonly name: string;
  readonly body: Node;
}

const unquote = (label: string): string => label.replace(/^`|`$/g, "");

/** Tokens that are described in words, by their rule's name here. */
const lexical: ReadonlyMap<string, string> = new Map([
  ["Name", "name"],
  ["Int", "int"],
  ["Float", "float"],
  ["Size", "size"],
  ["Text", "string"],
  ["Break", "newline"],
]);

/** Tokens that stand for several words or signs: each becomes a rule. */
const groups: ReadonlyMap<string, { readonly name: string; readonly words: readonly string[] }> = new Map([
  ["StepWord", { name: "step_kind", words: members(tokens.StepWord) }],
  ["Prefix", { name: "sign", words: members(tokens.Prefix) }],
  ["Infix", { name: "operator", words: members(tokens.Infix) }],
  ["Dtype", { name: "dtype", words: ["f32", "f64", "i32", "bool"] }],
]);

function members(category: (typeof tokens.vocabulary)[number]): string[] {
  return tokens.vocabulary
    .filter((type) => type.CATEGORIES?.includes(category))
    .map((type) => unquote(type.LABEL ?? ""));
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The rules in the order in which they are first needed. */
export const readGrammar = (): Rule[] => {
  // With the validations that the program itself skips: ambiguity and left recursion end here.
  const recorded = new MttParser(false).getSerializedGastProductions();
  const bodies = new Map(recorded.map((rule) => [snake(field(rule, "name")), sequence(children(rule))]));
  for (const { name, words } of groups.values())
    bodies.set(name, choice(words.map((text) => ({ kind: "literal", text }))));
  const order: string[] = [];
  const visit = (node: Node): void => {
    if (node.kind === "name") {
      const body = bodies.get(node.name);
      if (body && !order.includes(node.name)) {
        order.push(node.name);
        visit(body);
      }
    } else if (node.kind === "sequence" || node.kind === "choice") for (const item of node.items) visit(item);
    else if (node.kind !== "literal") visit(node.item);
  };
  visit({ kind: "name", name: "file" });
  return order.map((name) => ({ name, body: bodies.get(name)! }));
};

type Recorded = ReturnType<MttParser["getSerializedGastProductions"]>[number];

const field = (node: Recorded, key: string): string => {
  const value: unknown = Object.entries(node).find(([name]) => name === key)?.[1];
  if (typeof value !== "string") throw new Error(`a recorded ${node.type} has no ${key}`);
  return value;
};

const children = (node: Recorded): Node[] => (node.definition ?? []).flatMap(convert);

/** None for tokens that no program holds. */
const convert = (node: Recorded): Node[] => {
  switch (node.type) {
    case "Terminal":
      return terminal(field(node, "name"), field(node, "label"));
    case "NonTerminal":
      return [{ kind: "name", name: snake(field(node, "name")) }];
    case "Option":
      return [{ kind: "option", item: sequence(children(node)) }];
    case "Alternation":
      return [choice((node.definition ?? []).map((item) => sequence(children(item))).filter(isSomething))];
    case "Repetition":
      return [{ kind: "repeat", item: sequence(children(node)) }];
    case "RepetitionWithSeparator": {
      const separator = convert(separatorOf(node))[0]!;
      return [{ kind: "repeat", item: sequence(children(node)), separator }];
    }
    default:
      throw new Error(`the grammar has a ${node.type}, which its pictures do not know`);
  }
};

const separatorOf = (node: Recorded): Recorded => {
  const value: unknown = Object.entries(node).find(([name]) => name === "separator")?.[1];
  if (typeof value === "object" && value !== null && "type" in value && value.type === "Terminal")
    return { ...value, type: "Terminal" };
  throw new Error("a repetition without its separator");
};

const terminal = (name: string, label: string): Node[] => {
  if (name === tokens.Hole.name) return [];
  const rule = lexical.get(name) ?? groups.get(name)?.name;
  return [rule === undefined ? { kind: "literal", text: unquote(label) } : { kind: "name", name: rule }];
};

const isSomething = (node: Node): boolean => node.kind !== "sequence" || node.items.length > 0;
const sequence = (items: readonly Node[]): Node => (items.length === 1 ? items[0]! : { kind: "sequence", items });
const choice = (items: readonly Node[]): Node => (items.length === 1 ? items[0]! : { kind: "choice", items });
