import type { Network } from "../plan/network.ts";

/** What stands in a program's text between backquotes: a name, a number, a query; made by `mtt` and by the handles of a program. */
export class Expression {
  readonly parts: readonly (string | Declaration)[];
  constructor(parts: readonly (string | Declaration)[]) {
    this.parts = parts;
  }
}

/** What a script adds to a program. It is named when the program is compiled. */
export type Declaration =
  /** `let NAME = of`, `train NAME of`; what a `let` is of decides its name. */
  | { readonly kind: "train" | "sweep" | "evaluate" | "influence" | "validate"; readonly of: Expression }
  | { readonly kind: "let"; readonly of: Expression; readonly like: "data" | "model" }
  /** Built by the script; no text says what it does. */
  | { readonly kind: "network"; readonly name: string; readonly build: () => Network };

/** What may stand in a query: a number, a flag, a list, or something of the language. */
export type Operand = number | boolean | Expression | readonly Operand[];

/**
 * An expression of the language: `` mtt`predicted(${classifier}) != label` ``. A text that is put in becomes a text of the language, never code.
 * It is checked with the program that it is used with.
 */
export const mtt = (texts: TemplateStringsArray, ...operands: readonly (Operand | string)[]): Expression =>
  join(texts, operands.map(written));

/** The operand as the language writes it. Throws RangeError for a number that the language cannot write. */
export const written = (operand: Operand | string): Expression => {
  if (operand instanceof Expression) return operand;
  if (typeof operand === "string") return new Expression([JSON.stringify(operand)]);
  if (typeof operand === "boolean") return new Expression([`${operand}`]);
  if (typeof operand === "number") {
    if (!Number.isFinite(operand)) throw new RangeError(`${operand} is no number of the language`);
    return new Expression([operand < 0 || Object.is(operand, -0) ? `(${operand})` : `${operand}`]);
  }
  return join(["[", ...operand.slice(1).map(() => ", "), "]"], operand.map(written));
};

/** texts[0] operands[0] texts[1] …; a list of no operands is its texts. */
export const join = (texts: readonly string[], operands: readonly Expression[]): Expression =>
  new Expression(texts.flatMap((text, i) => [text, ...(operands[i]?.parts ?? [])]));

/** `{ name: value, … }`, without what is undefined. */
export const record = (fields: Readonly<Record<string, Operand | undefined>>): Expression => {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [new Expression([`\n  ${name}: `, ...written(value).parts])],
  );
  return new Expression(["{", ...given.flatMap(({ parts }) => parts), "\n}"]);
};

/** `name(a, b: c)`, without what is undefined. */
export const call = (
  name: string,
  positional: readonly Operand[],
  named: Readonly<Record<string, Operand | undefined>> = {},
): Expression => {
  const given = [
    ...positional.map(written),
    ...Object.entries(named).flatMap(([key, value]) =>
      value === undefined ? [] : [new Expression([`${key}: `, ...written(value).parts])],
    ),
  ];
  return new Expression([name, "(", ...given.flatMap(({ parts }, i) => (i === 0 ? parts : [", ", ...parts])), ")"]);
};

export const pipe = (input: Expression, stage: Expression): Expression =>
  new Expression([...input.parts, " |> ", ...stage.parts]);

export interface Composed {
  /** What stands for each expression in the text: a name, or what its parts say. */
  readonly names: readonly string[];
  /** Declarations to add to the program's text, each after those it mentions. */
  readonly text: string;
  readonly networks: ReadonlyMap<string, Network>;
}

/** Names and writes all that expressions mention, and builds the networks among it: throws what building throws. `taken` is the program's own text: no name in it is used again. */
export const compose = (expressions: readonly Expression[], taken: string): Composed => {
  const names = new Map<Declaration, string>();
  const networks = new Map<string, Network>();
  const lines: string[] = [];
  let count = 0;
  const fresh = (like: string): string => {
    for (;;) {
      const name = `${like}_${++count}`;
      if (!taken.includes(name)) return name;
    }
  };
  const text = ({ parts }: Expression): string =>
    parts.map((part) => (typeof part === "string" ? part : nameOf(part))).join("");
  const nameOf = (declaration: Declaration): string => {
    const known = names.get(declaration);
    if (known !== undefined) return known;
    const body = declaration.kind === "network" ? undefined : text(declaration.of);
    const name = fresh(likeOf(declaration));
    names.set(declaration, name);
    if (declaration.kind === "network") networks.set(name, declaration.build());
    else lines.push(`${declaration.kind} ${name} ${body}\n`);
    return name;
  };
  return { names: expressions.map(text), text: lines.join(""), networks };
};

const likeOf = (declaration: Declaration): string => {
  switch (declaration.kind) {
    case "network":
      return declaration.name;
    case "let":
      return declaration.like;
    default:
      return WORDS[declaration.kind];
  }
};

const WORDS = {
  train: "model",
  sweep: "sweep",
  evaluate: "evaluation",
  influence: "influence",
  validate: "validation",
} as const;
