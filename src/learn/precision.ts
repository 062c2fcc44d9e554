import type { Graph, Node } from "../ir/graph.ts";
import type { DType } from "../shape/dtype.ts";
import type { Tensor, TensorType } from "../shape/tensor.ts";

/** The graph with every float of it, inputs and constants too, in one dtype. Integers and booleans stay. */
export const withPrecision = (graph: Graph, dtype: "f32" | "f64"): Graph => {
  const other = dtype === "f64" ? "f32" : "f64";
  const uses = (type: TensorType) => type.dtype === other;
  if (!graph.inputs.some(({ type }) => uses(type)) && !graph.nodes.some(({ type }) => uses(type))) return graph;
  const convert = (type: TensorType): TensorType => ({ ...type, dtype: floatOf(type.dtype, dtype) });
  return {
    inputs: graph.inputs.map(({ name, type }) => ({ name, type: convert(type) })),
    nodes: graph.nodes.map((node) => convertNode({ ...node, type: convert(node.type) }, dtype)),
    outputs: graph.outputs,
  };
};

/** A tensor in another float dtype. What an f32 says is the shortest decimal that rounds to it, so that 0.1 becomes 0.1 and not 0.10000000149. */
export const toPrecision = (tensor: Tensor, dtype: "f32" | "f64"): Tensor => {
  if (tensor.dtype === dtype || (tensor.dtype !== "f32" && tensor.dtype !== "f64")) return tensor;
  return dtype === "f32"
    ? { dtype, shape: tensor.shape, data: Float32Array.from(tensor.data) }
    : { dtype, shape: tensor.shape, data: Float64Array.from(tensor.data, shortest) };
};

const floatOf = (dtype: DType, to: "f32" | "f64"): DType => (dtype === "f32" || dtype === "f64" ? to : dtype);

const convertNode = (node: Node, to: "f32" | "f64"): Node => {
  switch (node.op) {
    case "constant":
      return { ...node, params: { value: toPrecision(node.params.value, to) } };
    case "iota":
      return { ...node, params: { ...node.params, dtype: floatOf(node.params.dtype, to) } };
    case "convert":
      return { ...node, params: { ...node.params, dtype: floatOf(node.params.dtype, to) } };
    default:
      return node;
  }
};

const shortest = (value: number): number => {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return value;
};
