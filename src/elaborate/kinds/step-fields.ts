import type { Span } from "../../diagnostic/diagnostic.ts";
import type { Expression, Step } from "../../syntax/ast.ts";
import { evaluate } from "../expression.ts";
import { type Range, readNumber, wordOf } from "../read.ts";
import { refuse } from "../refusal.ts";
import { fileScope, type Scope, type Session } from "../scope.ts";
import type { Value } from "../value.ts";

export type FieldReader<T> = (value: Value, e: Expression, scope: Scope) => T;

/** The fields of a declared step, those of its base among them. Each is elaborated in its place: `classifier.data`. */
export class StepFields {
  readonly #step: Step;
  readonly #session: Session;
  readonly #fields: ReadonlyMap<string, Expression>;
  readonly #place: string;

  /** `place` names the steps that the fields make. */
  constructor(step: Step, session: Session, place = step.name.text) {
    const fields = session.checked.steps.get(step);
    if (fields === undefined) throw new TypeError(`the checker left the fields of \`${step.name.text}\` unresolved`);
    this.#step = step;
    this.#session = session;
    this.#fields = fields;
    this.#place = place;
  }

  /** Absent, or `none`: undefined. */
  read<T>(name: string, reader: FieldReader<T>): T | undefined {
    const e = this.#fields.get(name);
    if (e === undefined) return undefined;
    const scope = fileScope(this.#session, `${this.#place}.${name}`);
    const value = evaluate(e, scope);
    return value.kind === "word" && value.word === "none" ? undefined : reader(value, e, scope);
  }

  require<T>(name: string, reader: FieldReader<T>): T {
    const value = this.read(name, reader);
    if (value !== undefined) return value;
    throw refuse.value(this.#step.name.span, `\`${this.#step.name.text}\` needs \`${name}\``);
  }

  number(name: string, range: Range, otherwise: number): number {
    return this.read(name, (value, e, scope) => readNumber(value, name, range, { e, scope })) ?? otherwise;
  }

  /** A bare word or name that stands for itself: the name of a field. */
  name(name: string): string | undefined {
    const e = this.#fields.get(name);
    if (e?.kind === "name") return e.text;
    return this.read(name, (value) => wordOf(value));
  }

  span(name: string): Span {
    return this.#fields.get(name)?.span ?? this.#step.name.span;
  }
}
