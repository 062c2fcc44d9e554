import { shortest } from "../ir/constant.ts";
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

/** A tensor in another float dtype; an f32 becomes what it says. */
export const toPrecision = (tensor: Tensor, dtype: "f32" | "f64"): Tensor => {
  if (tensor.dtype === dtype || (tensor.dtype !== "f32" && tensor.dtype !== "f64")) return tensor;
  return dtype === "f32"
    ? { dtype, shape: tensor.shape, data: Float32Array.from(tensor.data) }
    : { dtype, shape: tensor.shape, data: Float64Array.from(tensor.data, shortest) };
};

const floatOf = (dtype: DType, to: "f32" | "f64"): DType => (dtype === "f32" || dtype === "f64" ? to : dtype);

const convertNode = (node: Node, to: "f32" | "f64"): Node => {
  switch (node.op) {
    case "constant": {
      const { value, exact } = node.params;
      const wide = to === "f64" && value.dtype === "f32" && exact !== undefined;
      return { ...node, params: { value: wide ? { ...value, dtype: to, data: exact } : toPrecision(value, to) } };
    }
    case "iota":
      return { ...node, params: { ...node.params, dtype: floatOf(node.params.dtype, to) } };
    case "convert":
      return { ...node, params: { ...node.params, dtype: floatOf(node.params.dtype, to) } };
    default:
      return node;
  }
};
