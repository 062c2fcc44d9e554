import type { Json } from "../../plan/json.ts";
import type { Network } from "../../plan/network.ts";
import { networkFields, networkTable } from "../../plan/table.ts";
import type { Expression, Step } from "../../syntax/ast.ts";
import { elaborateNetwork } from "../network.ts";
import { readMade, readText, wordOf } from "../read.ts";
import { refuse } from "../refusal.ts";
import { type Scope, type Session, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { describe, type Value } from "../value.ts";
import { numbered } from "./assert.ts";
import { classesOf, noClasses } from "./classes.ts";
import type { PlannedEvaluate, PlannedInfluence, PlannedReport } from "./planned.ts";
import { mustBeKept } from "./scores.ts";
import { StepFields } from "./step-fields.ts";
import { planned } from "./steps.ts";

/**
 * The step's inputs: every step that is shown. A picture is `{ picture, of, … }` with the other arguments by name; a step in it is
 * `{ input, name }`, an influence step with the `examples` that it is about, one of its test examples with its `row`, a figure `{ formula }` over the inputs, a network its table.
 */
export const planReport = (step: Step, session: Session): PlannedReport => {
  const fields = new StepFields(step, session);
  const inputs: string[] = [];
  const show = fields.require("show", (value, e, scope) => {
    if (value.kind !== "list")
      throw refuse.value(e.span, `\`show\` is a list of pictures, and this is ${describe(value)}`);
    const items = e.kind === "list" ? e.items : value.items.map(() => e);
    return value.items.map((item, i) => picture(item, items[i]!, scope, inputs));
  });
  const title = fields.read("title", (value, e, scope) => readText(value, "title", { e, scope }));
  const id = addStep(session, {
    id: step.name.text,
    declared: true,
    body: { kind: "report", show, ...(title === undefined ? {} : { title }) },
    inputs,
    span: step.name.span,
  });
  return { kind: "report", id };
};

const picture = (value: Value, e: Expression, scope: Scope, inputs: string[]): Json => {
  const made = readMade(value, "a picture such as `curves(classifier)`", { e, scope });
  const shown: Record<string, Json> = { picture: made.name };
  for (const [name, argument] of made.arguments)
    shown[name] =
      made.name === "summary" && argument.kind === "model"
        ? networkJson(argument.model.network)
        : content(asked(made.name, argument, e, scope), e, scope, inputs);
  return shown;
};

/** Curves of a sweep are those of its models; a histogram of scores counts all of them. */
const asked = (picture: string, value: Value, e: Expression, scope: Scope): Value => {
  const of = value.kind === "step" ? planned(value.step, scope.session) : undefined;
  const influence = value.kind === "scores" ? value.influence : of?.kind === "influence" ? of : undefined;
  if (picture === "histogram" && influence !== undefined) mustBeKept(influence, e, scope);
  if (picture === "confusion" && of?.kind === "evaluate") mustConfuse(of, e, scope);
  if (picture === "scatter" && of?.kind === "validate" && of.by === "mislabel_detection")
    throw refuse.unfit(spanFor(e.span, scope), `\`${of.id}\` ranks examples and retrains nothing: it has no points`, {
      help: "show its figures, `table(…)`, or validate by `leave_one_out(count: 100)`",
    });
  if (picture === "curves" && of?.kind === "sweep")
    return { kind: "list", items: of.members.map(({ model }) => ({ kind: "model", model })) };
  return value;
};

/** Of one model, which tells classes apart. */
const mustConfuse = ({ id, model, sweep }: PlannedEvaluate, e: Expression, scope: Scope): void => {
  if (sweep !== undefined)
    throw refuse.unfit(
      spanFor(e.span, scope),
      `\`confusion\` is of one model, and \`${id}\` tells of the models of \`${sweep.id}\``,
      {
        help: `evaluate one of them: \`model: best(${sweep.id}, by: accuracy)\``,
      },
    );
  if (classesOf(model) === undefined) throw noClasses("confusion", model, spanFor(e.span, scope));
};

const content = (value: Value, e: Expression, scope: Scope, inputs: string[]): Json => {
  switch (value.kind) {
    case "number":
    case "string":
    case "bool":
      return value.value;
    case "word":
      return wordOf(value) ?? null;
    case "list":
      return value.items.map((item) => content(item, e, scope, inputs));
    case "record":
      return Object.fromEntries([...value.fields].map(([name, item]) => [name, content(item, e, scope, inputs)]));
    case "model":
      return { input: inputNumber(value.model.id, inputs), name: value.model.id };
    case "step": {
      const of = planned(value.step, scope.session);
      const shown = { input: inputNumber(of.id, inputs), name: value.step.name.text };
      return of.kind === "influence" ? { ...shown, examples: examplesOf(of, inputs) } : shown;
    }
    case "scores": {
      const { influence, test } = value;
      return {
        input: inputNumber(influence.id, inputs),
        name: influence.id,
        examples: examplesOf(influence, inputs),
        ...(test === undefined ? {} : { row: test }),
      };
    }
    case "dataset":
      return { input: inputNumber(value.step, inputs), name: value.step };
    case "figure":
      return { formula: { ...numbered(value.formula, inputs) } };
    case "block":
      return networkJson(elaborateNetwork(value, undefined, e, scope.session));
    case "size":
    case "made":
    case "tensor":
      throw refuse.value(e.span, `${describe(value)} cannot be shown`);
  }
};

const networkJson = (network: Network): Json => ({
  table: networkTable(network).map((row) => ({ ...row })),
  fields: networkFields(network),
});

/** What was scored, and what was asked about where that is not the same. */
const examplesOf = ({ model, part, test }: PlannedInfluence, inputs: string[]) => ({
  train: inputNumber((part ?? model.data).step, inputs),
  ...(test === undefined ? {} : { test: inputNumber(test.step, inputs) }),
});

const inputNumber = (id: string, inputs: string[]): number => {
  const known = inputs.indexOf(id);
  return known < 0 ? inputs.push(id) - 1 : known;
};
