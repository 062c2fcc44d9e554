import { constructors, showType, type Tensor, type TensorType } from "../shape/tensor.ts";
import type { Graph, Node } from "./graph.ts";
import type { Prim } from "./primitives.ts";
import { allocate, type Data, type Kernel, type Operand } from "./reference/array.ts";
import { elementwise } from "./reference/elementwise.ts";
import { argmax, argsort, cumulativeSum, sort } from "./reference/lines.ts";
import { dotGeneral } from "./reference/products.ts";
import * as structure from "./reference/structure.ts";
import { conv2d, conv2dFilterGradient, conv2dInputGradient, fold, unfold } from "./reference/windows.ts";

const kernels = {
  ...elementwise,
  constant: structure.constant,
  iota: structure.iota,
  random_bits: structure.randomBits,
  broadcast_in_dim: structure.broadcastInDim,
  reshape: structure.reshape,
  transpose: structure.transpose,
  reverse: structure.reverse,
  slice: structure.slice,
  pad: structure.pad,
  concatenate: structure.concatenate,
  reduce_sum: structure.reduceSum,
  reduce_max: structure.reduceMax,
  argmax,
  cumulative_sum: cumulativeSum,
  sort,
  argsort,
  dot_general: dotGeneral,
  gather: structure.gather,
  scatter_add: structure.scatterAdd,
  conv2d,
  conv2d_input_gradient: conv2dInputGradient,
  conv2d_filter_gradient: conv2dFilterGradient,
  unfold,
  fold,
} as const satisfies { readonly [P in Prim]: Kernel<P> };

/**
 * The reference: what a graph means. All floats are float64 inside, f32 ones too; outputs are rounded to their dtype when they leave. `batch_mean`
 * sees a batch of one. Throws TypeError where the inputs are not of the graph's types.
 */
export function evaluate(graph: Graph, inputs: readonly Tensor[]): Tensor[] {
  if (inputs.length !== graph.inputs.length)
    throw new TypeError(`the graph takes ${graph.inputs.length} inputs, got ${inputs.length}`);
  const lastUse = lastUses(graph);
  const values: (Operand | undefined)[] = graph.inputs.map(({ name, type }, i) => take(name, type, inputs[i]!));
  graph.nodes.forEach((node, i) => {
    const at = graph.inputs.length + i;
    const operands = node.inputs.map((v) => values[v]!);
    values.push({ ...node.type, data: run(node, operands) });
    for (const v of node.inputs) if (lastUse[v] === at) values[v] = undefined;
    if (lastUse[at] === at) values[at] = undefined;
  });
  return graph.outputs.map((v) => release(values[v]!));
}

/** One operation on arrays: the meaning of a node, for constant folding. */
export function evaluateNode(node: Node, inputs: readonly Tensor[]): Tensor {
  const data = run(
    node,
    inputs.map((x, i) => take(`operand ${i}`, x, x)),
  );
  return release({ ...node.type, data });
}

const run = <P extends Prim>(node: Extract<Node, { readonly op: P }>, operands: readonly Operand[]): Data => {
  const kernel = kernels[node.op] as Kernel<Prim>;
  return kernel(node.params as never, operands, node.type);
};

/** The node after which a value is no longer needed; itself where nothing uses it, none (Infinity) for an output. */
function lastUses({ inputs, nodes, outputs }: Graph): Float64Array {
  const last = Float64Array.from({ length: inputs.length + nodes.length }, (_, v) => v);
  nodes.forEach((node, i) => {
    for (const v of node.inputs) last[v] = inputs.length + i;
  });
  for (const v of outputs) last[v] = Number.POSITIVE_INFINITY;
  return last;
}

function take(name: string, type: TensorType, { dtype, shape, data }: Tensor): Operand {
  if (dtype !== type.dtype || shape.length !== type.shape.length || shape.some((d, i) => d !== type.shape[i]))
    throw new TypeError(`input ${name} is ${showType(type)}, got ${showType({ dtype, shape })}`);
  const held = allocate(type);
  if (data.length !== held.length) throw new TypeError(`input ${name} holds ${data.length} values`);
  held.set(data);
  return { dtype, shape, data: held };
}

/** A tensor of its own memory, rounded to the dtype. */
function release({ dtype, shape, data }: Operand): Tensor {
  const own = new constructors[dtype](data.length);
  own.set(data);
  return { dtype, shape, data: own };
}
