import type { Graph } from "../ir/graph.ts";
import { showType, sizeOf } from "../shape/tensor.ts";
import type { Drawing, DrawnNode } from "./drawing.ts";
import type { Network } from "./network.ts";

/** A network's fields, its stages with the shape after each and the parameters that it is the first to use, and its results. */
export const networkDrawing = ({ name, fields, weights, states, results, ...network }: Network): Drawing => {
  const { graph, labels } = network.stages ?? { graph: network.inference, labels: [] };
  const first = weights.length + states.length;
  const nodes: DrawnNode[] = fields.map(({ name: field, type }) => ({
    id: `field ${field}`,
    lines: [field, showType(type)],
    look: "value",
  }));
  const edges: Drawing["edges"][number][] = [];
  /** The nodes of values: the last one, where several stages give the same. */
  const drawn = new Map(fields.map((_, i) => [first + i, nodes[i]!.id]));
  const used = new Set<number>();

  const draw = (id: string, title: string, value: number, look: DrawnNode["look"]): void => {
    const { from, inputs } = reach(graph, value, drawn);
    const read = inputs.filter((at) => at < weights.length);
    const fresh = read.filter((at) => !used.has(at));
    for (const at of read) used.add(at);
    const parameters = fresh.reduce((sum, at) => sum + sizeOf(weights[at]!.type.shape), 0);
    nodes.push({
      id,
      lines: [
        title,
        showType(typeOf(graph, value)),
        ...(parameters > 0 ? [`${parameters.toLocaleString("en")} parameters`] : []),
        ...(fresh.length < read.length ? ["shared weights"] : []),
      ],
      look,
    });
    for (const one of from) edges.push({ from: one, to: id });
    drawn.set(value, id);
  };
  for (const [i, label] of labels.entries()) draw(`stage ${i}`, label, graph.outputs[i]!, "step");
  for (const [i, result] of results.entries())
    draw(`result ${result.name}`, result.name, graph.outputs[labels.length + i]!, "value");
  return { name, nodes, edges };
};

/** What a value comes from: the nodes that are drawn already, in the order of the graph, and the inputs behind it that none of them stands for. */
const reach = (graph: Graph, value: number, drawn: ReadonlyMap<number, string>) => {
  const from = new Map<number, string>();
  const inputs: number[] = [];
  const seen = new Set<number>();
  const pending = [value];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const node = drawn.get(at);
    if (node !== undefined) from.set(at, node);
    else if (at < graph.inputs.length) inputs.push(at);
    else pending.push(...graph.nodes[at - graph.inputs.length]!.inputs);
  }
  return { from: [...from].sort(([a], [b]) => a - b).map(([, node]) => node), inputs };
};

const typeOf = (graph: Graph, value: number) =>
  graph.inputs[value]?.type ?? graph.nodes[value - graph.inputs.length]!.type;
