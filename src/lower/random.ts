import type { Graph, Node, Value } from "../ir/graph.ts";
import type { TensorType } from "../shape/tensor.ts";

/** A graph whose random numbers are drawn outside the engine that runs it. */
export interface Lifted {
  /** Without `random_bits`: the draws are inputs after the graph's own, in the order of `draws`' outputs. */
  readonly graph: Graph;
  /** From those inputs of the graph named in `needs` to the drawn numbers; runs on the host. Undefined where nothing is drawn. */
  readonly draws: Graph | undefined;
  /** Which inputs of the graph the draws read. */
  readonly needs: readonly number[];
}

/**
 * Lifts `random_bits` into inputs, with the operations that make its keys: a counter-based stream is integer arithmetic that engines lack,
 * and drawn on the host it is the same bits on all of them.
 */
export function liftRandom(graph: Graph): Lifted {
  const own = graph.inputs.length;
  const drawn = graph.nodes.flatMap((node, i) => (node.op === "random_bits" ? [own + i] : []));
  if (drawn.length === 0) return { graph, draws: undefined, needs: [] };
  const draws = slice(graph, drawn);

  // The rest, with the draws as inputs: values move by that many, and drawn nodes are gone.
  const moved = new Map<Value, Value>(graph.inputs.map((_, i) => [i, i]));
  drawn.forEach((value, i) => {
    moved.set(value, own + i);
  });
  const used = usedBy(graph, graph.outputs, (node) => node.op !== "random_bits");
  const nodes: Node[] = [];
  graph.nodes.forEach((node, i) => {
    if (node.op === "random_bits" || !used.has(own + i)) return;
    moved.set(own + i, own + drawn.length + nodes.length);
    nodes.push({ ...node, inputs: node.inputs.map((value) => moved.get(value)!) });
  });
  const inputs = [...graph.inputs, ...drawn.map((value, i) => ({ name: `random${i}`, type: typeOf(graph, value) }))];
  return {
    graph: { inputs, nodes, outputs: graph.outputs.map((value) => moved.get(value)!) },
    draws: draws.graph,
    needs: draws.needs,
  };
}

/** What these values are made of, as a graph over the inputs they need. */
function slice(graph: Graph, outputs: readonly Value[]): { readonly graph: Graph; readonly needs: readonly number[] } {
  const own = graph.inputs.length;
  const used = usedBy(graph, outputs, () => true);
  const needs = graph.inputs.flatMap((_, i) => (used.has(i) ? [i] : []));
  const moved = new Map<Value, Value>(needs.map((value, i) => [value, i]));
  const nodes: Node[] = [];
  graph.nodes.forEach((node, i) => {
    if (!used.has(own + i)) return;
    moved.set(own + i, needs.length + nodes.length);
    nodes.push({ ...node, inputs: node.inputs.map((value) => moved.get(value)!) });
  });
  return {
    graph: {
      inputs: needs.map((i) => graph.inputs[i]!),
      nodes,
      outputs: outputs.map((value) => moved.get(value)!),
    },
    needs,
  };
}

/** The values these are made of, themselves among them; what lies behind a node is followed where `through` allows. */
function usedBy(graph: Graph, outputs: readonly Value[], through: (node: Node) => boolean): ReadonlySet<Value> {
  const own = graph.inputs.length;
  const used = new Set(outputs);
  for (let value = own + graph.nodes.length - 1; value >= own; value--) {
    const node = graph.nodes[value - own]!;
    if (used.has(value) && through(node)) for (const operand of node.inputs) used.add(operand);
  }
  return used;
}

const typeOf = (graph: Graph, value: Value): TensorType =>
  value < graph.inputs.length ? graph.inputs[value]!.type : graph.nodes[value - graph.inputs.length]!.type;
