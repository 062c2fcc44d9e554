import type { Graph, Node, Value } from "../ir/graph.ts";
import type { Prim } from "../ir/primitives.ts";
import { sameShape, type Tensor } from "../shape/tensor.ts";
import { convolutions } from "./onnx/convolutions.ts";
import { elementwise } from "./onnx/elementwise.ts";
import { Emitter } from "./onnx/emitter.ts";
import { findFusions, lowerFusion } from "./onnx/fusions.ts";
import { indexing } from "./onnx/indexing.ts";
import type { OnnxModel, OnnxValue } from "./onnx/model.ts";
import { type Draft, passes } from "./onnx/passes.ts";
import { dotGeneral } from "./onnx/products.ts";
import { reductions } from "./onnx/reductions.ts";
import type { Rule } from "./onnx/rule.ts";
import { structure } from "./onnx/structure.ts";
import { canonical, plain, type View } from "./onnx/view.ts";

export { LoweringError } from "./onnx/rule.ts";

const rules: { readonly [P in Prim]: Rule<P> } = {
  ...elementwise,
  ...structure,
  ...reductions,
  ...indexing,
  ...convolutions,
  dot_general: dotGeneral,
};

/**
 * The graph as an ONNX model, inputs and outputs in order under the names `input0`, `output0`, …; an array is declared in a shape with as many
 * elements, not always its own. Those of `known` are no inputs but constants. Draws nothing: lift `random_bits` first.
 * Throws LoweringError for what the engine cannot compute.
 */
export function lowerOnnx(graph: Graph, known: Known = new Map()): OnnxModel {
  const inference = isInference(graph, known);
  const emitter = new Emitter(inference, !inference && !keepsExamplesApart(graph));
  const inputs: OnnxValue[] = [];
  const views: View[] = graph.inputs.map(({ type: { dtype, shape } }, i) => {
    const value = known.get(i);
    if (value !== undefined) return plain(emitter, emitter.constant(dtype, shape, value.data), dtype, shape);
    const input = { name: `input${i}`, type: dtype, shape };
    inputs.push(input);
    return plain(emitter, input, dtype, shape);
  });
  const fusions = findFusions(graph);
  const viewOf = (value: Value): View => views[value]!;
  for (const node of graph.nodes) {
    const fusion = fusions.get(views.length);
    views.push(
      fusion === undefined ? lowerNode(emitter, node, node.inputs.map(viewOf)) : lowerFusion(emitter, fusion, viewOf),
    );
  }
  const outputs = graph.outputs.map((value, i): OnnxValue => {
    const { dtype, shape } = views[value]!;
    const name = `output${i}`;
    const result = canonical(emitter, views[value]!);
    if (!sameShape(result.shape, shape)) throw new Error(`${name} has shape [${result.shape}], not [${shape}]`);
    // A copy for each output: an input or constant may not be one itself, nor one value two.
    emitter.nodes.push({ op: "Identity", inputs: [result.name], outputs: [name], attributes: {} });
    return { name, type: dtype, shape };
  });
  const { constants, nodes } = emitter;
  const values = new Map([...emitter.values, ...[...inputs, ...outputs].map((value) => [value.name, value] as const)]);
  const draft: Draft = { inputs, outputs, constants, nodes, values };
  const done = passes.reduce((before, pass) => pass.run(before), draft);
  return { name: "mtt", inputs: done.inputs, outputs: done.outputs, constants: done.constants, nodes: done.nodes };
}

/** Inputs whose values are known when the graph is lowered, and are in the model. */
export type Known = ReadonlyMap<Value, Tensor>;

/** Whether every kernel is known and nothing is differentiated by images. */
const isInference = ({ nodes, inputs }: Graph, known: Known): boolean =>
  nodes.every(({ op, inputs: [, w] }) => {
    if (op === "conv2d_input_gradient" || op === "conv2d_filter_gradient") return false;
    return op !== "conv2d" || known.has(w!) || nodes[w! - inputs.length]?.op === "constant";
  });

/** Whether patches are products' operands of each example by itself: then they lie by example. */
const keepsExamplesApart = ({ nodes }: Graph): boolean =>
  nodes.some(({ op, params }) => op === "unfold" && !sameShape(params.kernel, params.stride));

const lowerNode = <P extends Prim>(emitter: Emitter, node: Node & { readonly op: P }, inputs: readonly View[]): View =>
  (rules[node.op] as Rule<Prim>)(emitter, inputs, node.params, node.type);
