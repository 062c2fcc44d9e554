import type { Span } from "../../diagnostic/diagnostic.ts";
import { type Classifier, classifierOf } from "../../learn/classify.ts";
import type { Metric } from "../../plan/plan.ts";
import { showType } from "../../shape/tensor.ts";
import { refuse } from "../refusal.ts";
import type { Planned, PlannedTrain } from "./planned.ts";

/** The classes that an evaluation of the model counts; none where its loss compares with no label. */
export const classesOf = ({ network, loss }: PlannedTrain): Classifier | undefined => classifierOf(network, loss);

/** `accuracy`, `top(k)` and `auc` count classes, and `auc` has two of them. */
export const mustCountClasses = ({ kind }: Metric, model: PlannedTrain, span: Span): void => {
  if (kind === "loss" || kind === "mean") return;
  const classifier = classesOf(model);
  if (classifier === undefined) throw noClasses(kind, model, span);
  if (kind === "auc" && classifier.classes !== 2)
    throw refuse.classes(span, `\`auc\` is for two classes, and \`${model.id}\` tells ${classifier.classes} apart`, {
      label: "needs two classes",
      help: `measure \`accuracy\` or \`top(k)\`; for one class against the others, train a model of one logit on \`data |> map(${classifier.label}: ${classifier.label} == 1)\``,
    });
};

/** A figure that the step's kind has, and this one has not: the accuracy of a model that tells no classes apart. */
export const mustBeCounted = (of: Planned, name: string, span: Span): void => {
  if (name !== "accuracy") return;
  if (of.kind === "train" && classesOf(of) === undefined) throw noClasses("accuracy", of, span);
  if (of.kind !== "evaluate" || of.sweep !== undefined || of.metrics.some((metric) => metric.name === name)) return;
  throw noClasses("accuracy", of.model, span);
};

/** A metric, or what else counts classes. */
export const noClasses = (metric: string, { id, loss, network }: PlannedTrain, span: Span) =>
  refuse.classes(span, `\`${metric}\` counts classes, and \`${id}\` tells none apart`, {
    label: "needs classes",
    notes: [
      { kind: "text", text: `its loss is \`${loss.name}\`, and \`${network.name}\` gives ${resultsOf(network)}` },
    ],
    help: "measure `loss`, or a block of your own",
  });

const resultsOf = ({ results }: PlannedTrain["network"]): string =>
  results.map(({ name, type }) => `${results.length > 1 ? `${name}: ` : ""}${showType(type)}`).join(", ");
