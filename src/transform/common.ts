import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Prim } from "../ir/primitives.ts";
import type { Pass } from "./rewrite.ts";

const commutative: ReadonlySet<Prim> = new Set(["add", "multiply", "and", "or"] satisfies Prim[]);

/** Computes once what is asked for twice; x + y and y + x are the same. `maximum` is not: its derivative prefers an operand. */
export const commonSubexpressions: Pass = {
  name: "common_subexpressions",
  run(graph: Graph): Graph {
    const b = new GraphBuilder();
    const values: Value[] = graph.inputs.map(({ name, type }) => b.input(name, type));
    for (const { op, params, inputs } of graph.nodes) {
      const operands = inputs.map((v) => values[v]!);
      values.push(b.apply(op, commutative.has(op) ? operands.sort((x, y) => x - y) : operands, params));
    }
    return b.build(graph.outputs.map((v) => values[v]!));
  },
};
