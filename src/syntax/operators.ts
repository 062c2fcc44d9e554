import type { IToken } from "chevrotain";
import type { BinaryOperator } from "./ast.ts";

/** How tightly each operator binds; equal ones group to the left. `not` stands between `and` and the comparisons, the sign `-` above all. */
export const precedence = {
  or: 1,
  and: 2,
  "==": 4,
  "!=": 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "@": 6,
  "/": 6,
} satisfies { readonly [O in BinaryOperator]: number };

export const notPrecedence = 3;
export const comparison = 4;
export const signPrecedence = 7;

export const isBinary = (text: string): text is BinaryOperator => Object.hasOwn(precedence, text);

/** One operand of a chain, with the signs before it. */
export interface Operand<E> {
  readonly prefixes: readonly IToken[];
  readonly value: E;
}

interface Build<E> {
  binary(operator: BinaryOperator, token: IToken, left: E, right: E): E;
  unary(token: IToken, operand: E): E;
  /** `a < b < c`: the second comparison, and what stands for the first one in it. */
  chained(token: IToken, first: E): E;
  /** `a + not b`: a prefix that binds less tightly than the operator before it. */
  loose(token: IToken): void;
}

/**
 * Operands and the operators between them → a tree, in one pass with two stacks (Dijkstra's shunting yard), so that
 * neither the number of operators nor of levels costs call depth.
 */
export const climb = <E>(operands: readonly Operand<E>[], operators: readonly IToken[], build: Build<E>): E => {
  interface Pending {
    readonly token: IToken;
    readonly level: number;
    readonly unary: boolean;
  }
  const values: E[] = [];
  const pending: Pending[] = [];
  const reduce = () => {
    const { token, unary } = pending.pop()!;
    const right = values.pop()!;
    if (unary) values.push(build.unary(token, right));
    else {
      const operator = token.image;
      if (!isBinary(operator)) throw new Error(`not an operator: ${operator}`);
      values.push(build.binary(operator, token, values.pop()!, right));
    }
  };
  operands.forEach(({ prefixes, value }, i) => {
    const operator = i > 0 ? operators[i - 1] : undefined;
    if (operator && isBinary(operator.image)) {
      const level = precedence[operator.image];
      let chained = false;
      while (pending.length > 0 && pending.at(-1)!.level >= level) {
        chained ||= level === comparison && pending.at(-1)!.level === comparison;
        reduce();
      }
      if (chained) values.push(build.chained(operator, values.pop()!));
      pending.push({ token: operator, level, unary: false });
    }
    for (const token of prefixes) {
      const level = token.image === "not" ? notPrecedence : signPrecedence;
      if (level < (pending.at(-1)?.level ?? 0)) build.loose(token);
      pending.push({ token, level, unary: true });
    }
    values.push(value);
  });
  while (pending.length > 0) reduce();
  return values[0]!;
};
