import type { Expression } from "../syntax/ast.ts";
import { refuse } from "./refusal.ts";
import { type Scope, spanFor } from "./scope.ts";
import { describe, type Made, type Value } from "./value.ts";

/** Where a value was written: what a message about it points at. */
export interface Place {
  readonly e: Expression;
  readonly scope: Scope;
}

/** Bounds of a number, and whether it must be whole. */
export interface Range {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly whole?: boolean;
}

export const readNumber = (value: Value, name: string, range: Range, { e, scope }: Place): number => {
  if (value.kind === "figure")
    throw refuse.notKnownYet(spanFor(e.span, scope), `\`${name}\` must be known before anything runs`);
  if (value.kind !== "number")
    throw refuse.value(spanFor(e.span, scope), `\`${name}\` takes a number, and got ${describe(value)}`);
  const { value: n } = value;
  const fits =
    Number.isFinite(n) &&
    (range.from === undefined || n >= range.from) &&
    (range.above === undefined || n > range.above) &&
    (range.to === undefined || n <= range.to) &&
    (range.whole !== true || Number.isSafeInteger(n));
  if (!fits)
    throw refuse.range(spanFor(e.span, scope), `\`${name}\` takes ${describeRange(range)}, and got ${n}`, {
      label: `${describeRange(range)} expected here`,
    });
  return n;
};

const describeRange = ({ from, above, to, whole }: Range): string => {
  const low = from !== undefined ? `from ${from}` : above !== undefined ? `above ${above}` : "";
  const high = to === undefined ? "" : `up to ${to}`;
  return [whole === true ? "a whole number" : "a number", low, high].filter((part) => part !== "").join(" ");
};

export const readText = (value: Value, name: string, { e, scope }: Place): string => {
  if (value.kind === "string") return value.value;
  throw refuse.value(spanFor(e.span, scope), `\`${name}\` takes a text, and got ${describe(value)}`);
};

/** A bare word, or the same as a text from outside. */
export const wordOf = (value: Value): string | undefined =>
  value.kind === "word" ? value.word : value.kind === "string" ? value.value : undefined;

/** The arguments of a built-in constructor, each read once with its default and bounds. */
export class Arguments {
  readonly #made: Made;
  readonly #place: Place;
  constructor(made: Made, place: Place) {
    this.#made = made;
    this.#place = place;
  }

  get(name: string): Value | undefined {
    return this.#made.arguments.get(name);
  }

  /** Where the argument stands: in the call, which a `let` may hold. */
  place(name: string): Place {
    const { expression } = this.#made;
    const { calls } = this.#place.scope.session.checked;
    const isCall = expression.kind === "call" || expression.kind === "pipe";
    const e = isCall ? calls.get(expression)?.arguments.get(name) : undefined;
    return e === undefined ? this.#place : { ...this.#place, e };
  }

  number(name: string, range: Range, otherwise?: number): number {
    const value = this.get(name);
    if (value !== undefined) return readNumber(value, name, range, this.place(name));
    if (otherwise !== undefined) return otherwise;
    throw new TypeError(`${this.#made.name} has no ${name}`);
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : readText(value, name, this.place(name));
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.get(name);
    return value?.kind === "bool" ? value.value : otherwise;
  }
}

/** A constructor's value, else a refusal that says what the place takes. */
export const readMade = (value: Value, takes: string, { e, scope }: Place): Made => {
  if (value.kind === "made") return value;
  if (value.kind === "block" && value.callee.kind === "builtin")
    return { kind: "made", name: value.callee.name, arguments: value.bound, expression: e };
  throw refuse.value(spanFor(e.span, scope), `${takes} is expected here, and this is ${describe(value)}`);
};

export const unknown = (made: Made, takes: string, { e, scope }: Place) =>
  refuse.value(spanFor(e.span, scope), `${takes} is expected here, and this is \`${made.name}\``);
