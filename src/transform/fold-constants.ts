import { GraphBuilder } from "../ir/builder.ts";
import { evaluateNode } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { sizeOf, type Tensor } from "../shape/tensor.ts";
import type { Pass } from "./rewrite.ts";

/** A constant larger than this costs more to carry than to compute. */
const LARGEST = 1024;

/** Computes what constants alone decide. A broadcast is left where it stands: it is the short way to write what it gives. */
export const foldConstants: Pass = {
  name: "fold_constants",
  run(graph: Graph): Graph {
    const b = new GraphBuilder();
    const values: Value[] = graph.inputs.map(({ name, type }) => b.input(name, type));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((v) => values[v]!);
      const foldable = inputs.length > 0 && node.op !== "broadcast_in_dim" && sizeOf(node.type.shape) <= LARGEST;
      const constants = foldable ? inputs.map((v) => constantOf(b, v)) : [];
      const decided = foldable && constants.every((x) => x !== undefined);
      values.push(decided ? b.constant(evaluateNode(node, constants)) : b.apply(node.op, inputs, node.params));
    }
    return b.build(graph.outputs.map((v) => values[v]!));
  },
};

function constantOf(b: GraphBuilder, value: Value): Tensor | undefined {
  const node = b.nodeOf(value);
  if (node?.op === "constant") return node.params.value;
  if (node?.op !== "broadcast_in_dim" || sizeOf(node.type.shape) > LARGEST) return undefined;
  const operand = constantOf(b, node.inputs[0]!);
  return operand && evaluateNode(node, [operand]);
}
