import type { Checked } from "../../check/checked.ts";
import type { Member } from "../../plan/plan.ts";
import type { Call, Expression, Pipe, Step } from "../../syntax/ast.ts";
import { isExpression, parts } from "../../syntax/parts.ts";
import { evaluate, textOf } from "../expression.ts";
import { refuse } from "../refusal.ts";
import { fileScope, type Scope, type Session } from "../scope.ts";
import { addStep } from "../steps.ts";
import { calleeName, describe, type Value } from "../value.ts";
import type { PlannedMember, PlannedSweep } from "./planned.ts";
import { planTrain } from "./train.ts";

/** More models than this are a slip of the pen. */
const MOST = 1000;

/** An `each` of a sweep: what it is called in the members' names, and its values. */
interface Axis {
  readonly each: Call | Pipe;
  readonly name: string;
  readonly values: readonly Value[];
  /** Where the values are written. */
  readonly list: Expression;
}

/** A training for every combination of the values of its `each`es, the last of them changing fastest; and a step that puts their figures together. */
export const planSweep = (step: Step, session: Session): PlannedSweep => {
  const axes = axesOf(step, session);
  const name = step.name.text;
  if (axes.length === 0)
    throw refuse.sweep(step.name.span, `the sweep \`${name}\` changes nothing: none of its fields says \`each\``, {
      help: "write `field: each([…])`, or `train` for one model",
    });
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST)
    throw refuse.sweep(
      step.name.span,
      `the sweep \`${name}\` makes ${axes.map(({ values }) => values.length).join(" x ")} = ${count.toLocaleString("en")} models, and at most ${MOST.toLocaleString("en")} are allowed`,
      { help: "every value of an `each` is combined with every value of the others: shorten their lists" },
    );
  const made = combinations(axes).map((values, number): PlannedMember => {
    const given = Object.fromEntries(axes.map((axis, i) => [axis.name, nameOf(values[i]!, axis, session.checked)]));
    const own: Omit<Member, "restores"> = {
      name: Object.entries(given)
        .map(([of, value]) => `${of} ${value}`)
        .join(", "),
      given,
    };
    const choices = new Map<Expression, Value>(axes.map(({ each }, i) => [each, values[i]!]));
    const inside = { ...session, member: { id: `${name}#${number}`, choices, datasets: new Map() } };
    const model = planTrain(step, inside, `${name}/${own.name}`);
    return { member: { ...own, restores: model.trainings[0].earlyStop?.restore ?? false }, model };
  });
  const [first, ...rest] = made;
  const members = [first!, ...rest] as const;
  return {
    kind: "sweep",
    id: addFamily(
      step,
      members,
      members.map(({ model }) => model.id),
      session,
    ),
    members,
  };
};

/** The step that puts the figures of all members together. */
export const addFamily = (
  step: Step,
  members: PlannedSweep["members"],
  inputs: readonly string[],
  session: Session,
): string =>
  addStep(session, {
    id: step.name.text,
    declared: true,
    body: { kind: "family", members: members.map(({ member }) => member) },
    inputs,
    span: step.name.span,
  });

/** The value of an `each` in the member that is planned. */
export const choiceOf = (each: Expression, { session }: Scope): Value => {
  const value = session.member?.choices.get(each);
  if (value === undefined) throw new TypeError("the checker let an `each` stand outside of a sweep");
  return value;
};

const axesOf = (step: Step, session: Session): readonly Axis[] => {
  const found = step.record.fields.flatMap(({ name, value }) =>
    isExpression(value) ? eaches(value, name.text, session).map((of) => ({ ...of, field: name.text })) : [],
  );
  return found.map(({ each, name, field }) => {
    const e = session.checked.calls.get(each)!.arguments.get("values")!;
    const values = evaluate(e, fileScope(session, `${step.name.text}.${field}`));
    if (values.kind !== "list")
      throw refuse.value(e.span, `\`each\` takes a list of values, and this is ${describe(values)}`);
    if (values.items.length === 0)
      throw refuse.sweep(each.span, "`each` of no values makes no model", {
        help: "list the values: `each([1e-2, 1e-3])`",
      });
    const alone = found.filter((other) => other.name === name).length === 1;
    return { each, name: alone || name === field ? name : `${field}.${name}`, values: values.items, list: e };
  });
};

/** The `each`es of an expression in the order of the text, each with the name of the argument or field that it is. */
const eaches = (
  e: Expression,
  name: string,
  session: Session,
): readonly { readonly each: Call | Pipe; readonly name: string }[] => {
  if ((e.kind === "call" || e.kind === "pipe") && isEach(e, session)) return [{ each: e, name }];
  const given = e.kind === "call" || e.kind === "pipe" ? session.checked.calls.get(e)?.arguments : undefined;
  const named = new Map([...(given ?? [])].map(([parameter, value]) => [value, parameter]));
  // What stands in a pipe's stage is given to the pipe.
  const inside = e.kind === "pipe" && e.stage.kind === "call" ? [e.input, ...parts(e.stage)] : parts(e);
  return inside.flatMap((part) => eaches(part, named.get(part) ?? name, session));
};

const isEach = (e: Call | Pipe, { checked }: Session): boolean => {
  const stage = e.kind === "call" ? e : e.stage;
  const callee = stage.kind === "call" ? stage.callee : stage;
  const binding = callee.kind === "name" ? checked.bindings.get(callee) : undefined;
  return binding?.kind === "builtin" && binding.name === "each";
};

const combinations = (axes: readonly Axis[]): readonly (readonly Value[])[] =>
  axes.reduce<readonly (readonly Value[])[]>(
    (made, { values }) => made.flatMap((before) => values.map((value) => [...before, value])),
    [[]],
  );

const LONGEST = 40;

/** What a value is called in a member's name. */
const nameOf = (value: Value, { values, list }: Axis, checked: Checked): number | string | boolean => {
  switch (value.kind) {
    case "number":
    case "bool":
    case "string":
      return value.value;
    case "word":
      return value.word;
    case "size":
      return `${value.y}x${value.x}`;
    case "step":
      return value.step.name.text;
    case "block":
      return value.origin === undefined ? calleeName(value.callee) : short(textOf(value.origin.expression, checked));
    case "made":
      return short(textOf(value.expression, checked));
    default: {
      const at = values.indexOf(value);
      const item = list.kind === "list" ? list.items[at] : undefined;
      return item === undefined ? `${short(textOf(list, checked))}[${at}]` : short(textOf(item, checked));
    }
  }
};

const short = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);
