import type { Call, Expression, Pipe } from "../syntax/ast.ts";
import { evaluateAll } from "./call.ts";
import { callBest } from "./kinds/best.ts";
import { callData, isDataFunction } from "./kinds/data.ts";
import { callScores, isScoresFunction } from "./kinds/scores.ts";
import { choiceOf } from "./kinds/sweep.ts";
import { readNumber } from "./read.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./value.ts";

export interface BuiltinCall {
  readonly name: string;
  readonly expression: Call | Pipe;
  readonly expressions: ReadonlyMap<string, Expression>;
}

/** A built-in function: data sets become steps, what a model says of an example becomes an input of the graph; the rest is kept for its reader. */
export const callBuiltin = (call: BuiltinCall, scope: Scope): Value => {
  const { name, expression, expressions } = call;
  if (isDataFunction(name)) return callData(call, scope);
  if (isScoresFunction(name)) return callScores(call, scope);
  if (scope.building !== undefined && isPrediction(name))
    return { kind: "tensor", value: scope.building.prediction(expression) };
  if (name === "each") return choiceOf(expression, scope);
  if (name === "best") return callBest(call, scope);
  const values = evaluateAll(expressions, scope);
  if (name === "size") {
    const side = (of: "y" | "x"): number =>
      readNumber(values.get(of)!, of, { from: 0, whole: true }, { e: expressions.get(of)!, scope });
    return { kind: "size", y: side("y"), x: side("x") };
  }
  return { kind: "made", name, arguments: values, expression };
};

const predictions = ["predicted", "loss", "probability"] as const;
export type Prediction = (typeof predictions)[number];
export const isPrediction = (name: string): name is Prediction => predictions.some((known) => known === name);
