import { axesEqual } from "../shape/dim.ts";
import { showType, type TensorType } from "../shape/tensor.ts";
import type { Graph, Node } from "./graph.ts";
import { isMismatch, type ShapeMismatch, type SymbolicType, showReason } from "./mismatch.ts";
import { arity, shapeRules } from "./shapes.ts";

/** What is wrong with a graph, and at which value (an output has the number of nodes and inputs, plus its place). */
export interface Problem {
  readonly value: number;
  readonly message: string;
}

/** The laws of a graph: known operations, operands that exist before their use, types that are what the shape rules say, outputs that exist. Empty if it holds. */
export function verify(graph: Graph): readonly Problem[] {
  const problems: Problem[] = [];
  const types: TensorType[] = graph.inputs.map(({ type }) => type);
  graph.inputs.forEach(({ name, type }, value) => {
    for (const message of typeProblems(type)) problems.push({ value, message: `input ${name}: ${message}` });
  });
  for (const node of graph.nodes) {
    const value = types.length;
    for (const message of nodeProblems(node, types)) problems.push({ value, message: `${node.op}: ${message}` });
    types.push(node.type);
  }
  graph.outputs.forEach((output, i) => {
    if (types[output] === undefined)
      problems.push({ value: types.length + i, message: `output ${i} is value ${output}, which there is not` });
  });
  return problems;
}

/** Throws with every problem: for tests and between passes. Returns the graph. */
export function verified(graph: Graph): Graph {
  const problems = verify(graph);
  if (problems.length > 0)
    throw new Error(`not a graph:\n${problems.map(({ value, message }) => `  %${value} ${message}`).join("\n")}`);
  return graph;
}

function nodeProblems(node: Node, types: readonly TensorType[]): readonly string[] {
  if (!Object.hasOwn(arity, node.op)) return ["is no operation"];
  const missing = node.inputs.filter((v) => types[v] === undefined);
  if (missing.length > 0) return missing.map((v) => `uses value ${v} before it is there`);
  const operands = node.inputs.map((v) => types[v]!);
  const expected = ruleOf(node, operands);
  if (isMismatch(expected)) return [showReason(expected.reason)];
  if (expected.dtype !== node.type.dtype || !axesEqual(expected.shape, node.type.shape)) {
    const { dtype, shape } = expected;
    return [`has type ${showType(node.type)}, the shape rule says ${dtype}[${shape.join(", ")}]`];
  }
  return node.op === "constant" ? constantProblems(node) : [];
}

const ruleOf = (node: Node, operands: readonly TensorType[]): SymbolicType | ShapeMismatch => {
  const rule: (params: never, inputs: readonly SymbolicType[]) => SymbolicType | ShapeMismatch = shapeRules[node.op];
  return rule(node.params as never, operands);
};

const constantProblems = ({
  params: { value, exact },
}: Extract<Node, { readonly op: "constant" }>): readonly string[] => {
  const size = value.shape.reduce((n, d) => n * d, 1);
  return [
    ...typeProblems(value),
    ...(exact === undefined ||
    (value.dtype === "f32" && exact.every((x, i) => Object.is(Math.fround(x), value.data[i])))
      ? []
      : ["holds other numbers than its exact ones"]),
    ...(value.data.length === size ? [] : [`holds ${value.data.length} values, its shape ${size}`]),
  ];
};

const typeProblems = ({ shape }: TensorType): readonly string[] =>
  shape.filter((d) => !(Number.isInteger(d) && d >= 0)).map((d) => `${d} is no size`);
