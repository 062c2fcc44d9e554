import { GraphBuilder } from "../ir/builder.ts";
import type { Graph } from "../ir/graph.ts";

/** The graph without its first `count` outputs and what only they use. */
export const dropOutputs = (graph: Graph, count: number): Graph =>
  withOutputs(graph, graph.outputs.map((_, i) => i).slice(count));

/** The graph with these of its outputs, by position, and without what they do not use. */
export function withOutputs(graph: Graph, positions: readonly number[]): Graph {
  const b = new GraphBuilder();
  const outputs = b.inline(
    graph,
    graph.inputs.map(({ name, type }) => b.input(name, type)),
  );
  return b.build(positions.map((i) => outputs[i]!));
}
