import type { Metric } from "../../plan/plan.ts";
import type { Expression, Step } from "../../syntax/ast.ts";
import { elaborateMeasure } from "../measure.ts";
import { Arguments, readMade, unknown } from "../read.ts";
import { refuse } from "../refusal.ts";
import { type Scope, type Session, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { type DatasetValue, describe, type Value } from "../value.ts";
import { classesOf, mustCountClasses } from "./classes.ts";
import { readDataset } from "./data.ts";
import type { PlannedEvaluate, PlannedSweep, PlannedTrain } from "./planned.ts";
import { readModel } from "./predict.ts";
import { type FieldReader, StepFields } from "./step-fields.ts";
import { planned } from "./steps.ts";
import { addFamily } from "./sweep.ts";

/** The step's inputs: the model, the data. Of a sweep, a step for each member, and one that puts their figures together. */
export const planEvaluate = (step: Step, session: Session): PlannedEvaluate => {
  const fields = new StepFields(step, session);
  const of = fields.require("model", readModels);
  const data = fields.require("data", readDataset);
  if (of.kind === "train") {
    const { id, metrics } = evaluation(step.name.text, of, data, fields, step, session);
    return { kind: "evaluate", id, model: of, metrics, sweep: undefined, fields: data.fields };
  }
  const all = of.members.map(({ member, model }) =>
    evaluation(`${step.name.text}/${member.name}`, model, data, fields, step, session),
  );
  const inputs = all.map(({ id }) => id);
  const id = addFamily(step, of.members, inputs, session);
  const [{ model }] = of.members;
  return { kind: "evaluate", id, model, metrics: all[0]!.metrics, sweep: of, fields: data.fields };
};

/** A model, or the models of a sweep. */
const readModels: FieldReader<PlannedTrain | PlannedSweep> = (value, e, scope) => {
  const of = value.kind === "step" ? planned(value.step, scope.session) : undefined;
  return of?.kind === "sweep" ? of : readModel(value, e, scope);
};

const evaluation = (
  id: string,
  model: PlannedTrain,
  data: DatasetValue,
  fields: StepFields,
  step: Step,
  session: Session,
): { readonly id: string; readonly metrics: readonly Metric[] } => {
  for (const { name, type } of model.network.fields) {
    const found = data.fields.find((field) => field.name === name);
    if (found !== undefined && `${found.type.shape}` === `${type.shape}`) continue;
    const has = found === undefined ? "the data lacks it" : `the data has [${found.type.shape.join(", ")}]`;
    throw refuse.field(
      fields.span("data"),
      `\`${model.id}\` reads \`${name}\`, [${type.shape.join(", ")}], and ${has}`,
    );
  }
  const metrics = fields.read("metrics", (value, e, scope) => readMetrics(value, model, data, e, scope)) ?? [
    ...(classifies(data) && classesOf(model) !== undefined ? [{ kind: "accuracy", name: "accuracy" } as const] : []),
    { kind: "loss", name: "loss" } as const,
  ];
  const body = { kind: "evaluate", network: model.network, loss: model.loss, metrics } as const;
  const inputs = [model.id, data.step];
  return { id: addStep(session, { id, declared: true, body, inputs, span: step.name.span }), metrics };
};

const classifies = (data: DatasetValue): boolean => data.fields.some(({ classes }) => classes !== undefined);

const readMetrics = (
  value: Value,
  model: PlannedTrain,
  data: DatasetValue,
  e: Expression,
  scope: Scope,
): readonly Metric[] => {
  if (value.kind !== "list") throw refuse.value(e.span, `metrics are a list, and this is ${describe(value)}`);
  const items = e.kind === "list" ? e.items : value.items.map(() => e);
  return value.items.map((item, i) => {
    const metric = readMetric(item, model, data, items[i]!, scope);
    mustCountClasses(metric, model, spanFor(items[i]!.span, scope));
    return metric;
  });
};

export const readMetric = (
  value: Value,
  model: PlannedTrain,
  data: DatasetValue,
  e: Expression,
  scope: Scope,
): Metric => {
  if (value.kind === "block" && value.callee.kind !== "builtin") {
    const measure = elaborateMeasure(value, model.network, data.fields, model.target, e, scope.session);
    return { kind: "mean", name: metricName(e) ?? measure.name, measure };
  }
  if (value.kind === "word" && isPlain(value.word)) return { kind: value.word, name: value.word };
  const place = { e, scope };
  const made = readMade(value, "a metric such as `accuracy`", place);
  if (isPlain(made.name)) return { kind: made.name, name: made.name };
  if (made.name !== "top") throw unknown(made, "a metric", place);
  const k = new Arguments(made, place).number("k", { from: 1, whole: true });
  return { kind: "top", name: `top${k}`, k };
};

/** As the program writes it: an imported block may have another name here. */
const metricName = (e: Expression): string | undefined =>
  e.kind === "name" ? e.text : e.kind === "call" && e.callee.kind === "name" ? e.callee.text : undefined;

const isPlain = (name: string): name is "accuracy" | "loss" | "auc" =>
  name === "accuracy" || name === "loss" || name === "auc";
