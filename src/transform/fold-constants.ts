import { GraphBuilder } from "../ir/builder.ts";
import { evaluateNode } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { sizeOf } from "../shape/tensor.ts";
import type { Pass } from "./rewrite.ts";

/** A constant larger than this costs more to carry than to compute. */
const LARGEST = 1024;

/** Computes what constants alone decide. A broadcast is left: it is the short way to write what it gives. */
export const foldConstants: Pass = {
  name: "fold_constants",
  run(graph: Graph): Graph {
    const b = new GraphBuilder();
    const values: Value[] = graph.inputs.map(({ name, type }) => b.input(name, type));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((v) => values[v]!);
      const constants = inputs.flatMap((v) => {
        const made = b.nodeOf(v);
        return made?.op === "constant" ? [made.params.value] : [];
      });
      const decided = inputs.length > 0 && constants.length === inputs.length;
      const fold = decided && node.op !== "broadcast_in_dim" && sizeOf(node.type.shape) <= LARGEST;
      values.push(fold ? b.constant(evaluateNode(node, constants)) : b.apply(node.op, inputs, node.params));
    }
    return b.build(graph.outputs.map((v) => values[v]!));
  },
};
