import type { Span } from "../../diagnostic/diagnostic.ts";
import { GraphBuilder } from "../../ir/builder.ts";
import type { Value as GraphValue } from "../../ir/graph.ts";
import { verified } from "../../ir/verify.ts";
import type { Measure, Network } from "../../plan/network.ts";
import type { TensorType } from "../../shape/tensor.ts";
import { tensor } from "../../shape/tensor.ts";
import type { Call, Expression, Pipe } from "../../syntax/ast.ts";
import { isPrediction, type Prediction } from "../builtin.ts";
import { evaluate } from "../expression.ts";
import { refuse } from "../refusal.ts";
import { type Scope, type Session, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { type DatasetValue, describe, type Value } from "../value.ts";
import type { PlannedTrain } from "./planned.ts";
import { planned } from "./steps.ts";

/** `predicted(m)`, `loss(m)`, `probability(m)` for every example of the data: one step for each model, measure and data set. */
export const predictStep = (
  call: Call | Pipe,
  data: DatasetValue,
  scope: Scope,
): { readonly step: string; readonly type: TensorType } => {
  const callee = call.kind === "call" ? call.callee : call.stage.kind === "call" ? call.stage.callee : call.stage;
  const name = callee.kind === "name" ? callee.text : "";
  const e = scope.session.checked.calls.get(call)?.arguments.get("model");
  if (!isPrediction(name) || e === undefined) throw new TypeError("the checker left a prediction unresolved");
  const model = readModel(evaluate(e, scope), e, scope);
  return { step: addPrediction(name, model, data, call.span, scope.session), type: outputType(measures[name](model)) };
};

/** The step for what a model says of every example; added once. */
export const addPrediction = (
  name: Prediction,
  model: PlannedTrain,
  data: DatasetValue,
  span: Span,
  session: Session,
): string => {
  const id = `${name}(${model.id}, ${data.step})`;
  if (session.steps.has(id)) return id;
  const body = { kind: "predict", network: model.network, measure: measures[name](model) } as const;
  return addStep(session, { id, declared: false, body, inputs: [model.id, data.step], span });
};

export const readModel = (value: Value, e: Expression, scope: Scope): PlannedTrain => {
  if (value.kind === "model") return value.model;
  if (value.kind === "step") {
    const model = planned(value.step, scope.session);
    if (model.kind === "train") return model;
  }
  throw refuse.value(spanFor(e.span, scope), `a model is expected here, and this is ${describe(value)}`);
};

const outputType = ({ graph }: Measure): TensorType => {
  const output = graph.outputs[0]!;
  return graph.inputs[output]?.type ?? graph.nodes[output - graph.inputs.length]!.type;
};

const measures: { readonly [P in Prediction]: (model: PlannedTrain) => Measure } = {
  loss: ({ loss }) => loss,
  // The first largest logit; of one logit, whether it is above 0.
  predicted: ({ network }) =>
    ofResult("predicted", network, (b, x, { shape, dtype }) => {
      if (shape.length === 1) return b.apply("argmax", [x], { dimension: 0 });
      const zero = b.constant(tensor(dtype, [], [0]));
      return b.apply("convert", [b.apply("compare", [x, zero], { direction: "GT" })], { dtype: "i32" });
    }),
  // max softmax(x) = 1 / sum(exp(x - max x)); of one logit, logistic(|x|).
  probability: ({ network }) =>
    ofResult("probability", network, (b, x, { shape, dtype }) => {
      if (shape.length === 0) return b.apply("logistic", [b.apply("abs", [x], {})], {});
      const most = b.apply("reduce_max", [x], { dimensions: [0] });
      const wide = b.apply("broadcast_in_dim", [most], { shape, dimensions: [] });
      const powers = b.apply("exponential", [b.apply("subtract", [x, wide], {})], {});
      const sum = b.apply("reduce_sum", [powers], { dimensions: [0] });
      return b.apply("divide", [b.constant(tensor(dtype, [], [1])), sum], {});
    }),
};

const ofResult = (
  name: string,
  network: Network,
  body: (builder: GraphBuilder, result: GraphValue, type: TensorType) => GraphValue,
): Measure => {
  const builder = new GraphBuilder();
  const inputs = network.results.map((result) => builder.input(result.name, result.type));
  const type = network.results[0]!.type;
  if (type.shape.length > 1) throw new TypeError("classes are read from one axis of logits");
  return { name, graph: verified(builder.build([body(builder, inputs[0]!, type)])), targets: [] };
};
