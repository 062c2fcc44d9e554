import type { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { isFloat } from "../shape/dtype.ts";
import type { TensorType } from "../shape/tensor.ts";
import { splat } from "./axes.ts";
import { forward } from "./jvp.ts";
import { freshNames } from "./names.ts";
import { dropOutputs } from "./outputs.ts";
import { simplify } from "./simplify.ts";
import { transposeWith } from "./transpose.ts";

/**
 * Reverse mode: forward mode, whose part that is linear in the tangents is transposed. Inputs: the original ones, then a cotangent for each float
 * output. Outputs: the original ones, then a gradient for each of `wrt` (positions of float inputs).
 */
export function vjp(graph: Graph, wrt: readonly number[]): Graph {
  const fresh = freshNames(graph);
  return reverse(graph, wrt, (b, type, i) => b.input(fresh(`ct_${i}`), type));
}

/** The gradient of the first output, a float scalar. Inputs: the original ones. Outputs: the original ones, then a gradient for each of `wrt`. */
export function gradient(graph: Graph, wrt: readonly number[]): Graph {
  const type = outputType(graph, 0);
  if (type === undefined || !isFloat(type.dtype) || type.shape.length > 0)
    throw new RangeError("the first output must be a float scalar to have a gradient");
  return reverse(graph, wrt, (b, of, i) => (i === 0 ? splat(b, 1, of) : undefined));
}

/**
 * Hessian times a vector, forward over reverse, for the first output, a float scalar. Inputs: the original ones, then a tangent v for each of
 * `wrt`. Outputs: for each of `wrt` its part of H v.
 */
export function hvp(graph: Graph, wrt: readonly number[]): Graph {
  const gradients = dropOutputs(gradient(graph, wrt), graph.outputs.length);
  return simplify(dropOutputs(forward(gradients, wrt), wrt.length));
}

function reverse(
  graph: Graph,
  wrt: readonly number[],
  seed: (b: GraphBuilder, type: TensorType, i: number) => Value | undefined,
): Graph {
  const along = forward(simplify(graph), wrt);
  const inputs = wrt.map((_, i) => graph.inputs.length + i);
  const outputs = along.outputs.slice(graph.outputs.length).map((_, i) => graph.outputs.length + i);
  return simplify(transposeWith(along, inputs, outputs, seed));
}

function outputType(graph: Graph, position: number): TensorType | undefined {
  const value = graph.outputs[position];
  if (value === undefined) return undefined;
  return (value < graph.inputs.length ? graph.inputs[value] : graph.nodes[value - graph.inputs.length])?.type;
}
