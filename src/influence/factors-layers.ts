import { evaluateNode } from "../ir/evaluate.ts";
import type { Graph, Node, Value } from "../ir/graph.ts";
import type { Prims } from "../ir/primitives.ts";
import { sizeOf, type Tensor, tensor } from "../shape/tensor.ts";

/**
 * A place where one weight, and perhaps a bias, turn rows a into rows y = a W + b: [T, in] -> [T, out] of one example, T positions (1 for a dense
 * layer of a vector, h' w' for a convolution). The weight's gradient is sum_t a_t g_tᵀ with g the gradient by y.
 */
export interface Layer {
  /** Numbers of the network's weights. */
  readonly weight: number;
  readonly bias?: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly positions: number;
  /** Values of the graph: what enters, and y in the graph's own shape. */
  readonly x: Value;
  readonly y: Value;
  /** The weight with its axes in this order is [in, out]. */
  readonly order: readonly number[];
  readonly rows: Rows;
}

/** How x becomes a, and y becomes rows. */
export type Rows =
  | {
      readonly kind: "dense";
      /** x's axes: positions first, then what is summed over. */
      readonly x: readonly number[];
      /** y is [out…, positions…]: the weight is the left operand. */
      readonly outputsFirst: boolean;
    }
  | { readonly kind: "conv2d"; readonly conv: Prims["conv2d"]; readonly kernel: readonly [number, number] };

/**
 * The layers of a graph (weights…, …) -> results, found by what its operations do with each weight: a weight that one dot_general or one conv2d
 * reads, and nothing else; its bias is a weight that is broadcast over all positions and added to y, where y goes nowhere else.
 */
export const layersOf = (graph: Graph, weights: number): readonly Layer[] => {
  const uses = usesOf(graph);
  return graph.nodes.flatMap((node, i) => {
    const found = consumer(graph, node, weights, uses);
    if (found === undefined) return [];
    const y = graph.inputs.length + i;
    const bias = biasOf(graph, y, found, weights, uses);
    return [{ ...found, y, ...(bias === undefined ? {} : { bias }) }];
  });
};

type Uses = readonly (readonly number[])[];

/** Of each value the nodes that read it, once a reading; an output of the graph counts as the node -1. */
const usesOf = ({ inputs, nodes, outputs }: Graph): Uses => {
  const uses: number[][] = Array.from({ length: inputs.length + nodes.length }, () => []);
  nodes.forEach((node, i) => {
    for (const v of node.inputs) uses[v]!.push(i);
  });
  for (const v of outputs) uses[v]!.push(-1);
  return uses;
};

const typeOf = ({ inputs, nodes }: Graph, v: Value) =>
  (v < inputs.length ? inputs[v]! : nodes[v - inputs.length]!).type;

const nodeOf = ({ inputs, nodes }: Graph, v: Value): Node | undefined => nodes[v - inputs.length];

const consumer = (graph: Graph, node: Node, weights: number, uses: Uses): Omit<Layer, "y" | "bias"> | undefined => {
  if (node.op !== "dot_general" && node.op !== "conv2d") return undefined;
  const isWeight = (v: Value) => v < weights && uses[v]!.length === 1;
  const [left, right] = node.inputs;
  if (node.op === "conv2d") {
    if (!isWeight(right!) || node.params.groups !== 1) return undefined;
    const [kh, kw, c, o] = typeOf(graph, right!).shape;
    const rows = { kind: "conv2d", conv: node.params, kernel: [kh!, kw!] } as const;
    const positions = sizeOf(node.type.shape) / o!;
    return { weight: right!, inputs: kh! * kw! * c!, outputs: o!, positions, x: left!, order: [0, 1, 2, 3], rows };
  }
  const { lhs_batch, lhs_contracting, rhs_contracting } = node.params;
  const weightLeft = !isWeight(right!);
  const [weight, x] = weightLeft ? [left!, right!] : [right!, left!];
  if (!isWeight(weight) || lhs_batch.length > 0) return undefined;
  const [summed, along] = weightLeft ? [lhs_contracting, rhs_contracting] : [rhs_contracting, lhs_contracting];
  const [w, of] = [typeOf(graph, weight).shape, typeOf(graph, x).shape];
  const free = (shape: readonly number[], taken: readonly number[]) =>
    shape.flatMap((_, axis) => (taken.includes(axis) ? [] : [axis]));
  const size = (shape: readonly number[], axes: readonly number[]) => sizeOf(axes.map((axis) => shape[axis]!));
  return {
    weight,
    inputs: size(w, summed),
    outputs: size(w, free(w, summed)),
    positions: size(of, free(of, along)),
    x,
    order: [...summed, ...free(w, summed)],
    rows: { kind: "dense", x: [...free(of, along), ...along], outputsFirst: weightLeft },
  };
};

/** The bias that is added to y, and to nothing else. */
const biasOf = (
  graph: Graph,
  y: Value,
  { outputs, positions, rows }: Omit<Layer, "y" | "bias">,
  weights: number,
  uses: Uses,
): number | undefined => {
  let at = y;
  for (;;) {
    const [only, ...others] = uses[at]!;
    const node = only === undefined ? undefined : graph.nodes[only];
    if (node === undefined || others.length > 0) return undefined;
    if (node.op === "reshape") {
      at = graph.inputs.length + only!;
      continue;
    }
    if (node.op !== "add") return undefined;
    const other = node.inputs[0] === at ? node.inputs[1]! : node.inputs[0]!;
    const source = sourceOf(graph, other, weights, uses);
    if (source === undefined || sizeOf(typeOf(graph, source).shape) !== outputs) return undefined;
    const outputsFirst = rows.kind === "dense" && rows.outputsFirst;
    const reached = spread(graph, source, other, outputs);
    const fits = reached.every((output, i) => output === (outputsFirst ? Math.floor(i / positions) : i % outputs));
    return fits && reached.length === outputs * positions ? source : undefined;
  }
};

/** The weight that a value is, broadcast and reshaped only, and that nothing else reads. */
const sourceOf = (graph: Graph, value: Value, weights: number, uses: Uses): number | undefined => {
  let at = value;
  while (uses[at]!.length === 1) {
    if (at < weights) return at;
    const node = nodeOf(graph, at);
    if (node?.op !== "broadcast_in_dim" && node?.op !== "reshape") return undefined;
    at = node.inputs[0]!;
  }
  return undefined;
};

/** Which of the bias's elements each element of a broadcast is. */
const spread = (graph: Graph, source: Value, value: Value, size: number): readonly number[] => {
  const follow = (at: Value): Tensor => {
    if (at !== source) return evaluateNode(nodeOf(graph, at)!, [follow(nodeOf(graph, at)!.inputs[0]!)]);
    const { dtype, shape } = typeOf(graph, at);
    return tensor(
      dtype,
      shape,
      Array.from({ length: size }, (_, i) => i),
    );
  };
  return Array.from(follow(value).data);
};
