import { constructors, showType, type Tensor, type TensorType } from "../shape/tensor.ts";
import { assignBuffers, type Buffers, isView, type View, verifyBuffers } from "./buffers.ts";
import type { Graph, Node } from "./graph.ts";
import type { Prim } from "./primitives.ts";
import { allocate, type Data, heldBytes, type Kernel, type Operand, place } from "./reference/array.ts";
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
} as const satisfies { readonly [P in Exclude<Prim, View>]: Kernel<P> };

/**
 * The reference: what a graph means. All floats are float64 inside, f32 ones too; outputs are rounded to their dtype when they leave. `batch_mean`
 * sees a batch of one. Throws TypeError where the inputs are not of the graph's types.
 */
export function evaluate(graph: Graph, inputs: readonly Tensor[]): Tensor[] {
  if (inputs.length !== graph.inputs.length)
    throw new TypeError(`the graph takes ${graph.inputs.length} inputs, got ${inputs.length}`);
  const { offsets, bytes } = buffersOf(graph);
  const memory = new ArrayBuffer(bytes);
  const values: Operand[] = graph.inputs.map(({ name, type }, i) =>
    take(name, type, inputs[i]!, place(type, memory, offsets[i]!)),
  );
  for (const node of graph.nodes) {
    const operands = node.inputs.map((v) => values[v]!);
    values.push({ ...node.type, data: run(node, operands, () => place(node.type, memory, offsets[values.length]!)) });
  }
  return graph.outputs.map((v) => release(values[v]!));
}

/** One operation on arrays: the meaning of a node, for constant folding. */
export function evaluateNode(node: Node, inputs: readonly Tensor[]): Tensor {
  const operands = inputs.map((x, i) => take(`operand ${i}`, x, x, allocate(x)));
  return release({ ...node.type, data: run(node, operands, () => allocate(node.type)) });
}

const run = (node: Node, operands: readonly Operand[], fresh: () => Data): Data => {
  if (isView(node)) return operands[0]!.data;
  const out = fresh();
  const kernel = kernels[node.op] as Kernel<Prim>;
  kernel(node.params as never, operands, node.type, out);
  return out;
};

/** A graph's memory, assigned and verified once. */
const assigned = new WeakMap<Graph, Buffers>();
const HELD = { bytesOf: heldBytes, inputs: true };

function buffersOf(graph: Graph): Buffers {
  const known = assigned.get(graph);
  if (known !== undefined) return known;
  const buffers = assignBuffers(graph, HELD);
  const problems = verifyBuffers(graph, buffers, HELD);
  if (problems.length > 0) throw new Error(`values lie on one another:\n  ${problems.join("\n  ")}`);
  assigned.set(graph, buffers);
  return buffers;
}

function take(name: string, type: TensorType, { dtype, shape, data }: Tensor, held: Data): Operand {
  if (dtype !== type.dtype || shape.length !== type.shape.length || shape.some((d, i) => d !== type.shape[i]))
    throw new TypeError(`input ${name} is ${showType(type)}, got ${showType({ dtype, shape })}`);
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
