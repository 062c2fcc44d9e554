import { GraphBuilder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { add, and, compare, convert, fullLike, or, reduceSum, reshape, scale, subtract } from "../ir/operations.ts";
import type { Measure, Network } from "../plan/network.ts";
import type { TensorType } from "../shape/tensor.ts";

/** How a network classifies: what the accuracy, the confusion and the ranks of an evaluation read. */
export interface Classifier {
  /** The field that holds the class of an example. */
  readonly label: string;
  readonly classes: number;
  /** (results…, label i32[]) -> the class with the largest score, the first of equals, i32[]. */
  readonly predicted: Measure;
  /** (results…, label) -> label x classes + predicted, i32[]: both in one number. */
  readonly cell: Measure;
  /** (results…, label) -> how many classes come before the label by score, equals by number, i32[]. */
  readonly rank: Measure;
  /** (results…) -> the score of class 1 over class 0, of two classes. */
  readonly score: Measure;
}

/**
 * A loss's examples have classes where one of its targets is an integer; the scores are the network's result (or a record's `logits`, or its first
 * of at most one axis): [k], one for each class, or [], positive for class 1 of two. `undefined` where there are none.
 */
export const classifierOf = (network: Network, loss: Measure): Classifier | undefined => {
  const count = network.results.length;
  const label = loss.targets.find((_, i) => {
    const { dtype, shape } = loss.graph.inputs[count + i]!.type;
    return dtype === "i32" && shape.length === 0;
  });
  const named = network.results.findIndex(({ name }) => name === "result" || name === "logits");
  const at = named >= 0 ? named : network.results.findIndex(({ type }) => type.shape.length <= 1);
  const type = network.results[at]?.type;
  if (label === undefined || type === undefined || type.shape.length > 1) return undefined;

  const classes = type.shape[0] ?? 2;
  const measure = (name: string, body: (b: GraphBuilder, scores: Value, label: Value) => Value): Measure => {
    const b = new GraphBuilder();
    const results = network.results.map((result) => b.input(result.name, result.type));
    const target = b.input(label, LABEL);
    return { name, targets: [label], graph: b.build([body(b, scoresOf(b, results[at]!), target)]) };
  };
  return {
    label,
    classes,
    predicted: measure("predicted", argmax),
    cell: measure("cell", (b, scores, of) => add(b, scale(b, of, classes), argmax(b, scores))),
    rank: measure("rank", rank),
    score: measure("score", (b, scores) => subtract(b, entry(b, scores, 1), entry(b, scores, 0))),
  };
};

const LABEL: TensorType = { dtype: "i32", shape: [] };

/** [k] as it is; one score s of two classes as [0, s]. */
const scoresOf = (b: GraphBuilder, result: Value): Value => {
  if (b.typeOf(result).shape.length > 0) return result;
  const one = reshape(b, result, [1]);
  return b.apply("concatenate", [fullLike(b, one, 0), one], { dimension: 0 });
};

const argmax = (b: GraphBuilder, scores: Value): Value => b.apply("argmax", [scores], { dimension: 0 });

const entry = (b: GraphBuilder, scores: Value, at: number): Value =>
  reshape(b, b.apply("slice", [scores], { start: [at], limit: [at + 1], strides: [1] }), []);

const rank = (b: GraphBuilder, scores: Value, label: Value): Value => {
  const own = b.apply("gather", [scores, label], { axis: 0, batch_dims: 0 });
  const number = b.apply("iota", [], { shape: b.typeOf(scores).shape, axis: 0, dtype: "i32" });
  const above = compare(b, "GT", scores, own);
  const earlier = and(b, compare(b, "EQ", scores, own), compare(b, "LT", number, label));
  return reduceSum(b, convert(b, or(b, above, earlier), "i32"));
};

/** Whether an example is classified right, as a float: (results…, label) -> 1 or 0. */
export const correctness = (
  network: Network,
  { label, cell, predicted }: Classifier,
  dtype: "f32" | "f64",
): Measure => {
  const b = new GraphBuilder();
  const inputs = cell.graph.inputs.map(({ name, type }) => b.input(name, type));
  const [found] = b.inline(predicted.graph, inputs);
  const right = compare(b, "EQ", found!, inputs[network.results.length]!);
  return { name: "accuracy", targets: [label], graph: b.build([convert(b, right, dtype)]) };
};
