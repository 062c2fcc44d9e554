import type { Graph, Node } from "../ir/graph.ts";
import type { Pass } from "./rewrite.ts";

/** Drops what no output needs; inputs stay. */
export const deadCode: Pass = {
  name: "dead_code",
  run({ inputs, nodes, outputs }: Graph): Graph {
    const used = new Uint8Array(inputs.length + nodes.length);
    for (const v of outputs) used[v] = 1;
    for (let at = nodes.length - 1; at >= 0; at--)
      if (used[inputs.length + at] === 1) for (const v of nodes[at]!.inputs) used[v] = 1;
    const number = inputs.map((_, i) => i);
    const kept: Node[] = [];
    nodes.forEach((node, at) => {
      number.push(inputs.length + kept.length);
      if (used[inputs.length + at] === 1) kept.push({ ...node, inputs: node.inputs.map((v) => number[v]!) });
    });
    return { inputs, nodes: kept, outputs: outputs.map((v) => number[v]!) };
  },
};
