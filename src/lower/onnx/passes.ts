import { sameShape } from "../../shape/tensor.ts";
import type { OnnxConstant, OnnxNode, OnnxValue } from "./model.ts";

/** An ONNX graph on its way, with the type of every value. */
export interface Draft {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
  readonly values: ReadonlyMap<string, OnnxValue>;
}

export interface OnnxPass {
  readonly name: string;
  readonly run: (draft: Draft) => Draft;
}

/** Nodes and constants that no output needs. */
export const unused: OnnxPass = {
  name: "unused",
  run: (draft) => {
    const used = new Set(draft.outputs.map(({ name }) => name));
    const kept = draft.nodes.toReversed().filter(({ inputs, outputs }) => {
      const needed = outputs.some((name) => used.has(name));
      if (needed) for (const name of inputs) used.add(name);
      return needed;
    });
    return { ...draft, nodes: kept.toReversed(), constants: draft.constants.filter(({ name }) => used.has(name)) };
  },
};

/** a b + bias in one node, where nothing else reads the product: a pass over the result less. */
export const gemmBias: OnnxPass = {
  name: "gemm bias",
  run: (draft) => {
    const uses = countUses(draft);
    const producers = new Map(draft.nodes.map((node) => [node.outputs[0]!, node]));
    const gone = new Set<OnnxNode>();
    const nodes = draft.nodes.map((node) => {
      if (node.op !== "Add") return node;
      const [a, b] = node.inputs as readonly [string, string];
      for (const [product, bias] of [
        [a, b],
        [b, a],
      ] as const) {
        const gemm = producers.get(product);
        const columns = draft.values.get(product)?.shape.at(-1);
        if (gemm?.op !== "Gemm" || gemm.inputs.length !== 2 || uses.get(product) !== 1) continue;
        if (!sameShape(draft.values.get(bias)!.shape, [columns!])) continue;
        gone.add(gemm);
        return { ...gemm, inputs: [...gemm.inputs, bias], outputs: node.outputs };
      }
      return node;
    });
    return { ...draft, nodes: nodes.filter((node) => !gone.has(node)) };
  },
};

/** Of one operand, each element by itself. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  "Tanh",
  "Sigmoid",
  "Relu",
  "LeakyRelu",
  "HardSigmoid",
  "Exp",
  "Neg",
  "Abs",
]);

/** A product in another shape, of which only an activation is taken: the activation comes first, so that the engine computes both at once. */
export const activationsFirst: OnnxPass = {
  name: "activations first",
  run: (draft) => {
    const uses = countUses(draft);
    const producers = new Map(draft.nodes.map((node) => [node.outputs[0]!, node]));
    const values = new Map(draft.values);
    const swapped = new Map<OnnxNode, OnnxNode>();
    for (const node of draft.nodes) {
      const [input] = node.inputs as readonly [string];
      const reshape = producers.get(input);
      const source = reshape?.inputs[0];
      if (!ELEMENTWISE.has(node.op) || reshape?.op !== "Reshape" || uses.get(input) !== 1) continue;
      if (producers.get(source!)?.op !== "Gemm" || uses.get(source!) !== 1) continue;
      // The name between them is that of the activation now.
      const between = { ...values.get(source!)!, name: input };
      values.set(input, between);
      swapped.set(reshape, { ...node, inputs: [source!], outputs: [input] });
      swapped.set(node, { ...reshape, inputs: [input, ...reshape.inputs.slice(1)], outputs: node.outputs });
    }
    return { ...draft, values, nodes: draft.nodes.map((node) => swapped.get(node) ?? node) };
  },
};

/** An input or output is memory of the host: it can be declared in the shape in which the graph reads or makes it. */
export const boundaryShapes: OnnxPass = {
  name: "boundary shapes",
  run: (draft) => {
    const renamed = new Map<string, string>();
    const gone = new Set<OnnxNode>();
    const inputs = draft.inputs.map((input) => {
      const readers = draft.nodes.filter((node) => node.inputs.includes(input.name));
      const [first] = readers;
      const shape = first === undefined ? input.shape : draft.values.get(first.outputs[0]!)!.shape;
      const alike = readers.every(
        (node) => node.op === "Reshape" && sameShape(draft.values.get(node.outputs[0]!)!.shape, shape),
      );
      if (!alike || first === undefined) return input;
      for (const node of readers) {
        renamed.set(node.outputs[0]!, input.name);
        gone.add(node);
      }
      return { ...input, shape };
    });
    const rename = (name: string) => renamed.get(name) ?? name;
    const nodes = draft.nodes
      .filter((node) => !gone.has(node))
      .map((node) => ({ ...node, inputs: node.inputs.map(rename) }));
    return { ...draft, inputs, nodes };
  },
};

/** An output is what its last node makes, without a copy or a change of shape, where that is no input, constant or other output. */
export const outputsInPlace: OnnxPass = {
  name: "outputs in place",
  run: (draft) => {
    let { nodes, outputs } = draft;
    for (const [i, output] of outputs.entries()) {
      const producers = new Map(nodes.map((node) => [node.outputs[0]!, node]));
      const uses = countUses({ ...draft, nodes, outputs });
      const copy = producers.get(output.name);
      if (copy?.op !== "Identity") continue;
      const gone = new Set([copy]);
      let source = copy.inputs[0]!;
      while (producers.get(source)?.op === "Reshape" && uses.get(source) === 1) {
        const reshape = producers.get(source)!;
        gone.add(reshape);
        source = reshape.inputs[0]!;
      }
      const maker = producers.get(source);
      if (maker === undefined || maker.op === "Reshape" || maker.outputs.length !== 1) continue;
      if (draft.outputs.some(({ name }) => name === source)) continue;
      const rename = (name: string) => (name === source ? output.name : name);
      nodes = nodes
        .filter((node) => !gone.has(node))
        .map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
      outputs = outputs.with(i, { ...output, shape: draft.values.get(source)!.shape });
    }
    return { ...draft, nodes, outputs };
  },
};

/** In this order: what a pass leaves may be what a later one looks for. */
export const passes: readonly OnnxPass[] = [unused, gemmBias, activationsFirst, boundaryShapes, outputsInPlace, unused];

function countUses({ nodes, outputs }: Draft): ReadonlyMap<string, number> {
  const uses = new Map(outputs.map(({ name }) => [name, 1]));
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}
