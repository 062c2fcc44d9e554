import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value as GraphValue } from "../ir/graph.ts";
import {
  compare,
  convert,
  exponential,
  logSoftmax,
  multiply,
  negate,
  oneHot,
  reduceMax,
  reduceSum,
  reshape,
  scalarLike,
  scale,
  select,
  subtract,
  unary,
} from "../ir/operations.ts";
import type { Prim } from "../ir/primitives.ts";
import { verified } from "../ir/verify.ts";
import type { Field } from "../plan/dataset.ts";
import type { Measure } from "../plan/network.ts";
import { showType, type TensorType } from "../shape/tensor.ts";
import type { PlannedTrain } from "./kinds/planned.ts";
import { elaborateMeasure } from "./measure.ts";
import { Arguments, type Place, readMade, unknown } from "./read.ts";
import { refuse } from "./refusal.ts";
import { spanFor } from "./scope.ts";
import type { Value } from "./value.ts";

const TAKES = "a measure: loss, margin, logit(k), probability(k) or a block";

/** What influence is asked about, as a number for one example: (results of the network…, fields…) -> f32[]. */
export const readQuantity = (value: Value, model: PlannedTrain, data: readonly Field[], place: Place): Measure => {
  const measure = quantity(value, model, data, place);
  if (!hasDerivative(measure.graph, model.network.results.length))
    throw refuse.noDerivative(
      spanFor(place.e.span, place.scope),
      `\`${measure.name}\` has no derivative by the network's result: it does not change where the weights change a little`,
      { help: "ask for a quantity that varies smoothly: `margin` or `probability(k)` in place of a predicted class" },
    );
  return measure;
};

const quantity = (value: Value, model: PlannedTrain, data: readonly Field[], place: Place): Measure => {
  if (value.kind === "word" && value.word === "loss") return model.loss;
  if (value.kind === "word" && value.word === "margin") return margin(model, data, place);
  if (value.kind === "block" && value.callee.kind !== "builtin")
    return elaborateMeasure(value, model.network, data, model.target, place.e, place.scope.session);
  const made = readMade(value, TAKES, place);
  switch (made.name) {
    case "loss":
      return model.loss;
    case "margin":
      return margin(model, data, place);
    case "logit":
    case "probability": {
      const classes = classCount(model, made.name, place);
      const k = new Arguments(made, place).number("k", { from: 0, whole: true });
      if (k >= classes)
        throw refuse.range(
          spanFor(place.e.span, place.scope),
          `\`${made.name}(${k})\` names a class that \`${model.network.name}\` does not know`,
          { help: `it tells ${classes} classes apart: 0 to ${classes - 1}` },
        );
      return made.name === "logit" ? logit(model, k) : probability(model, k);
    }
    default:
      throw unknown(made, TAKES, place);
  }
};

/** Classes that the network's result tells apart: one logit, or one a class. */
const classCount = ({ network }: PlannedTrain, name: string, { e, scope }: Place): number => {
  const [result] = network.results;
  if (network.results.length === 1 && result !== undefined && result.type.shape.length <= 1)
    return result.type.shape[0] ?? 2;
  const gives = network.results.map(({ type }) => showType(type)).join(", ");
  throw refuse.value(
    spanFor(e.span, scope),
    `\`${name}\` reads logits, one for each class, and \`${network.name}\` gives ${gives}`,
    { help: "measure with a block of your own: it takes the network's results by their names" },
  );
};

/** The label's logit minus the largest other one; of one logit x, x for label 1 and -x for label 0. */
const margin = (model: PlannedTrain, data: readonly Field[], place: Place): Measure => {
  const classes = classCount(model, "margin", place);
  const name = model.target ?? model.loss.targets[0] ?? "label";
  const label = data.find((field) => field.name === name);
  if (label?.classes === undefined || label.type.shape.length > 0)
    throw refuse.field(
      spanFor(place.e.span, place.scope),
      `\`margin\` needs a label, and the test data's \`${name}\` is ${label === undefined ? "missing" : showType(label.type)}`,
      { help: "measure `logit(k)` or `probability(k)`, which read no label" },
    );
  if (label.classes !== classes)
    throw refuse.field(
      spanFor(place.e.span, place.scope),
      `\`margin\` compares ${classes} logits, and \`${name}\` is one of ${label.classes} classes`,
      {
        help: `take test data whose \`${name}\` is class[${classes}], or measure \`logit(k)\` or \`probability(k)\`, which read no label`,
      },
    );
  return ofLogits("margin", model, [label], (b, x, [at]) => {
    const { shape, dtype } = b.typeOf(x);
    if (shape.length === 0) {
      const side = convert(b, at!, dtype);
      return multiply(b, subtract(b, scale(b, side, 2), scalarLike(b, side, 1)), x);
    }
    const own = oneHot(b, at!, classes, dtype);
    const others = select(b, compare(b, "GT", own, scalarLike(b, own, 0)), scalarLike(b, x, LOWEST), x);
    return subtract(b, reduceSum(b, multiply(b, own, x)), reduceMax(b, others));
  });
};

/** Below every logit, and finite, so that no derivative meets infinity. */
const LOWEST = -1e30;

const logit = (model: PlannedTrain, k: number): Measure =>
  ofLogits(`logit(${k})`, model, [], (b, x) => ofClass(b, x, k));

/** softmax(x)_k; of one logit, logistic(±x). */
const probability = (model: PlannedTrain, k: number): Measure =>
  ofLogits(`probability(${k})`, model, [], (b, x) =>
    b.typeOf(x).shape.length === 0
      ? unary(b, "logistic", ofClass(b, x, k))
      : exponential(b, ofClass(b, logSoftmax(b, x, 0), k)),
  );

/** x_k; of one logit, x for class 1 and -x for class 0. */
const ofClass = (b: GraphBuilder, x: GraphValue, k: number): GraphValue => {
  if (b.typeOf(x).shape.length === 0) return k === 1 ? x : negate(b, x);
  return reshape(b, b.apply("slice", [x], { start: [k], limit: [k + 1], strides: [1] }), []);
};

const ofLogits = (
  name: string,
  { network }: PlannedTrain,
  fields: readonly Field[],
  body: (b: GraphBuilder, x: GraphValue, fields: readonly GraphValue[]) => GraphValue,
): Measure => {
  const b = new GraphBuilder();
  const [x] = network.results.map((result) => b.input(result.name, result.type));
  const targets = fields.map((field) => b.input(field.name, field.type));
  return { name, graph: verified(b.build([body(b, x!, targets)])), targets: fields.map((field) => field.name) };
};

/** Operations whose results do not follow small changes of their operands, whatever the type. */
const flat: ReadonlySet<Prim> = new Set([
  "sign",
  "floor",
  "stop_gradient",
  "compare",
  "argmax",
  "argsort",
  "is_finite",
]);

/** Whether the first output follows small changes of the first `results` inputs. */
const hasDerivative = ({ inputs, nodes, outputs }: Graph, results: number): boolean => {
  const isFloat = ({ dtype }: TensorType): boolean => dtype === "f32" || dtype === "f64";
  const follows = inputs.map(({ type }, i) => i < results && isFloat(type));
  for (const { op, inputs: operands, type } of nodes) {
    // A condition chooses, and is not followed.
    const read = op === "select" ? operands.slice(1) : operands;
    follows.push(isFloat(type) && !flat.has(op) && read.some((v) => follows[v]!));
  }
  return follows[outputs[0]!]!;
};
