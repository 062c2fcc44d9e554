import type { Span } from "../../diagnostic/diagnostic.ts";
import type { Body, Metric, Order } from "../../plan/plan.ts";
import { preimage } from "../../plan/preimage.ts";
import type { Expression } from "../../syntax/ast.ts";
import type { BuiltinCall } from "../builtin.ts";
import { evaluate, textOf } from "../expression.ts";
import { wordOf } from "../read.ts";
import { refuse } from "../refusal.ts";
import { remembered, type Scope, type Session, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { type DatasetValue, describe, type Value } from "../value.ts";
import { mustCountClasses } from "./classes.ts";
import { readMetric } from "./evaluate.ts";
import type { PlannedEvaluate, PlannedSweep, PlannedTrain } from "./planned.ts";
import { planned } from "./steps.ts";

/** `best(rates, by: accuracy)`: the member of a sweep that is best by a figure of its training, or of an evaluation of the sweep. */
export const callBest = (call: BuiltinCall, scope: Scope): Value =>
  remembered(call.expression, scope.session, () => ({ kind: "model", model: best(call, scope) }));

/**
 * The model's step chooses when it runs: its inputs are the figures of all members, then the members. Where their data differ, another step chooses
 * the data alike.
 */
const best = ({ expressions, expression }: BuiltinCall, scope: Scope): PlannedTrain => {
  const familyExpression = expressions.get("family")!;
  const { sweep, compared } = readFamily(evaluate(familyExpression, scope), familyExpression, scope);
  const figure = readFigure(compared, sweep, expressions, scope);
  const models = sweep.members.map(({ model }) => model);
  const [first] = models;
  mustBeAlike(sweep, familyExpression, scope);
  // That of a `let` has the let's name.
  const called = /[./]/.test(scope.place) ? `best(${compared.id}, by: ${figure.name})` : scope.place;
  const choose = (id: string, of: readonly string[]): string =>
    addStep(scope.session, {
      id,
      declared: true,
      body: { kind: "best", by: figure.name, order: figure.order },
      inputs: [compared.id, ...of],
      span: expression.span,
    });
  const id = choose(
    called,
    models.map((model) => model.id),
  );
  const data = models.map((model) => model.data.step);
  const step = new Set(data).size === 1 ? first!.data.step : choose(`${called}.data`, data);
  const [one, ...more] = models.flatMap(({ trainings }) => trainings);
  return { ...first!, id, data: { ...first!.data, step }, trainings: [one!, ...more] };
};

/** What `best` compares: the members' trainings, or an evaluation of them. */
const readFamily = (
  value: Value,
  e: Expression,
  scope: Scope,
): { readonly sweep: PlannedSweep; readonly compared: PlannedSweep | PlannedEvaluate } => {
  const of = value.kind === "step" ? planned(value.step, scope.session) : undefined;
  if (of?.kind === "sweep") return { sweep: of, compared: of };
  if (of?.kind === "evaluate" && of.sweep !== undefined) return { sweep: of.sweep, compared: of };
  const what = of?.kind === "evaluate" ? `\`${of.id}\` tells of one model` : `this is ${describe(value)}`;
  throw refuse.value(spanFor(e.span, scope), `\`best\` picks a member of a sweep, and ${what}`, {
    help: "name a sweep, or an evaluation of one: `evaluate compared { model: rates, … }`",
  });
};

/** The figure of each member that decides, and which end of it is the better one. */
const readFigure = (
  compared: PlannedSweep | PlannedEvaluate,
  sweep: PlannedSweep,
  expressions: ReadonlyMap<string, Expression>,
  scope: Scope,
): { readonly name: string; readonly order: Order } => {
  const e = expressions.get("by")!;
  const { model } = sweep.members[0];
  const data: DatasetValue =
    compared.kind === "sweep" ? model.data : { kind: "dataset", step: compared.id, fields: compared.fields };
  const metric = readMetric(evaluate(e, scope), model, data, e, scope);
  mustCountClasses(metric, model, spanFor(e.span, scope));
  const written = textOf(e, scope.session.checked);
  const known = compared.kind === "sweep" ? ["accuracy", "loss"] : compared.metrics.map(({ name }) => name);
  if (!known.includes(metric.name))
    throw refuse.notMeasured(
      spanFor(e.span, scope),
      compared.kind === "sweep"
        ? `a training measures no \`${metric.name}\``
        : `\`${compared.id}\` does not measure \`${metric.name}\``,
      {
        help:
          compared.kind === "sweep"
            ? `evaluate the sweep, \`evaluate compared { model: ${compared.id}, data: …, metrics: [${written}] }\`, and take \`best(compared, by: ${written})\``
            : `its metrics are ${known.join(", ")}`,
      },
    );
  const orderExpression = expressions.get("order");
  const given = orderExpression === undefined ? undefined : wordOf(evaluate(orderExpression, scope));
  const order = given === "highest" || given === "lowest" ? given : orderOf(metric);
  if (order === undefined)
    throw refuse.value(spanFor(e.span, scope), `is a high \`${metric.name}\` good, or a low one?`, {
      help: `say \`order: highest\` or \`order: lowest\``,
    });
  // Data that the training did not see tells more.
  const validated = compared.kind === "sweep" && model.trainings[0].validate;
  return { name: validated ? `validation_${metric.name}` : metric.name, order };
};

const orderOf = ({ kind }: Metric): Order | undefined =>
  kind === "mean" ? undefined : kind === "loss" ? "lowest" : "highest";

/** Graphs are made before a run, for whichever model is chosen: all have one network and one loss, and measure what decides. */
const mustBeAlike = ({ id, members }: PlannedSweep, e: Expression, scope: Scope): void => {
  const [{ model: first }] = members;
  const [loss, validate] = [JSON.stringify(first.loss), first.trainings[0].validate];
  for (const { model } of members) {
    const differs =
      model.network !== first.network
        ? "networks"
        : JSON.stringify(model.loss) !== loss
          ? "losses"
          : model.trainings[0].validate !== validate
            ? "ways to validate"
            : undefined;
    if (differs !== undefined)
      throw refuse.unfit(
        spanFor(e.span, scope),
        `\`best\` picks among models that are used alike, and the members of \`${id}\` have different ${differs}`,
        {
          help: "evaluate the sweep to compare them, and name the one to use as a model of its own",
        },
      );
  }
};

/** What the training behind a model reads besides its data: of a `best` that of its members, chosen alike where they differ in it. */
export const readsOf = (model: PlannedTrain, what: string, span: Span, session: Session): readonly string[] => {
  const { body, inputs } = session.steps.get(model.id)!;
  if (body.kind !== "best") return inputs.slice(1);
  const members = inputs.slice(1).map((id) => session.steps.get(id)!.inputs.slice(1));
  const [first] = members;
  if (members.some(({ length }) => length !== first!.length))
    throw refuse.unfit(
      span,
      `${what} trains like \`${model.id}\`, and of the ${members.length} models that it may be some start from another model and some do not`,
      { help: "name a declared model" },
    );
  return first!.map((one, at) => {
    const reads = members.map((list) => list[at]!);
    return new Set(reads).size === 1 ? one : alike(model, `read${at + 1}`, reads, session);
  });
};

/** The data of a model. That of a `best` by a step which chose it, so that what is made of it knows the choice. */
export const chosenData = (model: PlannedTrain, session: Session): string => {
  const { body, inputs } = session.steps.get(model.id)!;
  const { step } = model.data;
  if (body.kind !== "best" || session.steps.get(step)!.body.kind === "best") return step;
  return alike(
    model,
    "data",
    inputs.slice(1).map(() => step),
    session,
  );
};

/** A step that chooses among these as the model's does among its members. */
const alike = ({ id }: PlannedTrain, name: string, of: readonly string[], session: Session): string => {
  const { body, inputs, span } = session.steps.get(id)!;
  const known = `${id}.${name}`;
  if (session.steps.has(known)) return known;
  return addStep(session, { id: known, declared: false, body, inputs: [inputs[0]!, ...of], span });
};

/** What is computed for whichever training was chosen; one where they do not differ in it. */
export const chosenOf = (bodies: readonly Body[]): Body => {
  const [first] = bodies;
  const distinct = new Set(bodies.map((body) => JSON.stringify(preimage(body))));
  return distinct.size === 1 ? first! : { kind: "chosen", of: bodies };
};
