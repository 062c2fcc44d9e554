import type { Graph } from "../../ir/graph.ts";
import type { TfGraph, TfNode } from "../../lower/tensorflow/model.ts";
import type { Network } from "../../plan/network.ts";

/** A network for TensorBoard's drawing: weights, fields and operations of one example, each operation in the scope of its stage. */
export const networkGraph = ({ inference, stages, weights, states, fields }: Network): TfGraph => {
  const graph = stages?.graph ?? inference;
  const scopes = scopesOf(graph, stages?.labels ?? []);
  const names = graph.inputs.map(({ name }) => legal(name));
  graph.nodes.forEach(({ op }, i) => {
    names.push(`${scopes[i]}${op}_${i}`);
  });
  const inputs = graph.inputs.map(({ type }, i): TfNode => {
    const isField = i >= weights.length + states.length && i < weights.length + states.length + fields.length;
    return node(names[i]!, isField ? "Placeholder" : "VariableV2", [], type.shape);
  });
  const operations = graph.nodes.map((one, i) =>
    node(
      names[graph.inputs.length + i]!,
      one.op,
      one.inputs.map((value) => names[value]!),
      one.type.shape,
    ),
  );
  return { nodes: [...inputs, ...operations] };
};

const node = (name: string, op: string, inputs: readonly string[], shape: readonly number[]): TfNode => ({
  name,
  op,
  inputs,
  attributes: { _output_shapes: { shapes: [shape] } },
});

/** For each node the first stage whose value needs it: `stage2_conv/`. */
const scopesOf = (graph: Graph, labels: readonly string[]): readonly string[] => {
  const scopes = graph.nodes.map(() => "");
  labels.forEach((label, stage) => {
    const scope = `stage${stage}_${legal(/^\w*/.exec(label)![0])}/`;
    const pending = [graph.outputs[stage]!];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const i = at - graph.inputs.length;
      if (i < 0 || scopes[i] !== "") continue;
      scopes[i] = scope;
      pending.push(...graph.nodes[i]!.inputs);
    }
  });
  return scopes;
};

/** What TensorFlow takes for a name. */
const legal = (name: string): string => name.replaceAll(/[^A-Za-z0-9_./-]/g, "_");
