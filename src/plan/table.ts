import { isView } from "../ir/buffers.ts";
import { nodeCost } from "../ir/cost.ts";
import type { Graph } from "../ir/graph.ts";
import { bytesOf, showType, sizeOf } from "../shape/tensor.ts";
import type { Network } from "./network.ts";

/** One stage of a network: a line of `mtt shapes`. */
export interface StageRow {
  /** `conv(8, stride: 2x2)`; the last row is the whole. */
  readonly stage: string;
  /** `f32[14, 14, 8]` after the stage. */
  readonly output: string;
  /** Paths of the weights that the stage uses first. */
  readonly weights: readonly string[];
  readonly parameters: number;
  /** Arithmetic operations for one example, a multiply-add being two. */
  readonly flops: number;
  /** Bytes of what the stage computes from one example: training may keep all of it for the derivatives. */
  readonly activations: number;
}

/** A network stage by stage, for one example and outside of training, and the sums in a last row `total`. */
export const networkTable = (network: Network): readonly StageRow[] => {
  const { inference, stages } = network;
  const seen = new Set<number>();
  const varies = stages === undefined ? [] : ofExample(stages.graph, network);
  const rows = (stages?.labels ?? []).map((label, i) =>
    row(label, stages!.graph, stages!.graph.outputs[i]!, network, varies, seen),
  );
  const rest = row("total", inference, undefined, network, ofExample(inference, network), new Set());
  return [...rows, rest];
};

/** `image f32[28, 28, 1]`: what an example feeds. */
export const networkFields = ({ fields }: Network): readonly string[] =>
  fields.map(({ name, type }) => `${name} ${showType(type)}`);

/** What the value needs that no stage before needed; of the whole graph where no value is given. */
const row = (
  stage: string,
  graph: Graph,
  value: number | undefined,
  network: Network,
  varies: readonly boolean[],
  seen: Set<number>,
): StageRow => {
  const wanted = value === undefined ? graph.outputs.slice(0, network.results.length) : [value];
  const weights: number[] = [];
  let [parameters, flops, activations] = [0, 0, 0];
  const pending = [...wanted];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const node = graph.nodes[at - graph.inputs.length];
    if (node !== undefined) {
      flops += nodeCost(
        node,
        node.inputs.map((operand) => typeOf(graph, operand)),
      ).flops;
      if (varies[at] && !isView(node)) activations += bytesOf(node.type);
      pending.push(...node.inputs);
    } else if (at < network.weights.length) {
      weights.push(at);
      parameters += sizeOf(network.weights[at]!.type.shape);
    }
  }
  const paths = weights.sort((a, b) => a - b).map((at) => network.weights[at]!.path);
  const output = wanted.map((v) => showType(typeOf(graph, v))).join(", ");
  return { stage, output, weights: paths, parameters, flops, activations };
};

/** By value: whether it comes from the example. */
const ofExample = ({ inputs, nodes }: Graph, { weights, states }: Network): readonly boolean[] => {
  const varies = inputs.map((_, at) => at >= weights.length + states.length);
  for (const node of nodes) varies.push(node.inputs.some((operand) => varies[operand]));
  return varies;
};

const typeOf = (graph: Graph, value: number) =>
  graph.inputs[value]?.type ?? graph.nodes[value - graph.inputs.length]!.type;
