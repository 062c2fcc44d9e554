import type { Graph, Node, Value } from "../ir/graph.ts";
import type { Prim } from "../ir/primitives.ts";
import { sameShape, type TensorType } from "../shape/tensor.ts";
import { findFusions } from "./fusions.ts";
import { convolutions } from "./tensorflow/convolutions.ts";
import { elementwise } from "./tensorflow/elementwise.ts";
import { Emitter } from "./tensorflow/emitter.ts";
import { lowerFusion } from "./tensorflow/fusions.ts";
import { indexing } from "./tensorflow/indexing.ts";
import {
  batchesLieInner,
  beginnings,
  convSeveral,
  innermost,
  type Several,
  severalBatches,
} from "./tensorflow/inner.ts";
import type { TfGraph, TfNode, TfType, TfValue } from "./tensorflow/model.ts";
import { dotGeneral } from "./tensorflow/products.ts";
import { reductions } from "./tensorflow/reductions.ts";
import type { Rule, View } from "./tensorflow/rule.ts";
import { structure } from "./tensorflow/structure.ts";
import { canonical, plain } from "./view.ts";

const rules: { readonly [P in Prim]: Rule<P> } = {
  ...elementwise,
  ...structure,
  ...reductions,
  ...indexing,
  ...convolutions,
  dot_general: dotGeneral,
};

/** A graph with memory: the first `resident` inputs are variables of a session, and the first `updated` outputs are assigned to the first of them. */
export interface Memory {
  readonly resident: number;
  readonly updated: number;
}

/** The graph of one session, and the names by which it is fed and read. An f64 crosses as two i32, the only eight bytes that the binding takes. */
export interface TfProgram {
  readonly graph: TfGraph;
  /** Fed once, the resident values; fetching `initialized` assigns them. */
  readonly initial: readonly string[];
  /** Fed in each run: the graph's inputs after the resident ones. */
  readonly feeds: readonly string[];
  /** Fetched in each run: the graph's outputs after the updated ones. */
  readonly answers: readonly string[];
  /** The resident values as they are. */
  readonly kept: readonly string[];
}

/** Fetched to have the initial values assigned. */
export const INITIALIZED = "initialized";
/** Fetched to have the updates assigned. */
export const UPDATED = "updated";

/**
 * The graph as TensorFlow's; with layouts of its own where that is faster on processors, images may lie otherwise inside. Draws nothing: lift `random_bits` first.
 * Throws LoweringError for what the engine cannot compute.
 */
export function lowerTensorflow(
  graph: Graph,
  { resident, updated }: Memory,
  layouts: "given" | "own" = "given",
): TfProgram {
  const emitter = new Emitter(layouts === "own");
  const variables = graph.inputs.slice(0, resident).map(({ type }, i) => variable(emitter, `resident${i}`, type));
  const feeds = graph.inputs.slice(resident).map(({ type }, i) => placeholder(emitter, `feed${i}`, type));
  const inputs = [...variables.map(({ read }) => read), ...feeds];
  const views: (View | undefined)[] = graph.inputs.map(({ type }, i) =>
    plain(emitter, inputs[i]!, type.dtype, type.shape),
  );
  const fusions = findFusions(graph);
  const viewOf = (value: Value): View => views[value]!;
  const inner = layouts === "own" ? { ...severalBatches(graph), beginnings: beginnings(graph) } : undefined;
  const joined = (several: Several | undefined) =>
    several !== undefined && batchesLieInner(viewOf(several.x), several) ? several : undefined;
  const lower = (node: Node, value: Value): View | undefined => {
    if (joined(inner?.between.get(value)) !== undefined) return undefined;
    const several = joined(inner?.several.get(value));
    if (several !== undefined)
      return convSeveral(emitter, viewOf(several.x), viewOf(several.w), several, node.type.shape);
    const fusion = fusions.get(value);
    if (fusion !== undefined) return lowerFusion(emitter, fusion, viewOf);
    const [x, ...others] = node.inputs.map(viewOf);
    const begins = x !== undefined && inner?.beginnings.has(value) === true;
    return lowerNode(emitter, node, x === undefined ? [] : [begins ? innermost(emitter, x) : x, ...others]);
  };
  for (const node of graph.nodes) views.push(lower(node, views.length));

  const outputs = graph.outputs.map((value, i) => {
    const view = viewOf(value);
    const { shape } = view;
    const result = canonical(emitter, view);
    if (!sameShape(result.shape, shape)) throw new Error(`output ${i} has shape [${result.shape}], not [${shape}]`);
    return result;
  });
  // A variable changes after it was read.
  const updates = variables.slice(0, updated).map(({ assign, read }, i) => assign(`update${i}`, outputs[i]!, [read]));
  done(emitter, UPDATED, updates);
  const answers = outputs.slice(updated).map((value, i) => fetched(emitter, `answer${i}`, value));

  const initial = graph.inputs.slice(0, resident).map(({ type }, i) => placeholder(emitter, `initial${i}`, type));
  const assigned = variables.map(({ assign }, i) => assign(`initialize${i}`, initial[i]!, []));
  done(emitter, INITIALIZED, assigned);
  const kept = variables.map(({ reread }, i) => fetched(emitter, `kept${i}`, reread));
  return {
    graph: { nodes: emitter.nodes },
    initial: initial.map((_, i) => `initial${i}`),
    feeds: feeds.map((_, i) => `feed${i}`),
    answers,
    kept,
  };
}

const lowerNode = <P extends Prim>(emitter: Emitter, node: Node & { readonly op: P }, inputs: readonly View[]): View =>
  (rules[node.op] as Rule<Prim>)(emitter, inputs, node.params, node.type);

interface Variable {
  readonly read: TfValue;
  /** A second reading, which updates need not wait for. */
  readonly reread: TfValue;
  /** Assigns a value after others were computed; the name of the assignment. */
  readonly assign: (name: string, value: TfValue, after: readonly TfValue[]) => string;
}

function variable({ nodes }: Emitter, name: string, { dtype, shape }: TensorType): Variable {
  const type = { type: dtype };
  nodes.push({
    name,
    op: "VarHandleOp",
    inputs: [],
    attributes: { dtype: type, shape: { shape }, shared_name: { text: name } },
  });
  const read = (as: string): TfValue => {
    nodes.push({ name: as, op: "ReadVariableOp", inputs: [name], attributes: { dtype: type } });
    return { name: as, type: dtype, shape };
  };
  return {
    read: read(`${name}/read`),
    reread: read(`${name}/reread`),
    assign: (as, value, after) => {
      // A copy: what the host fed is the host's to free, from its own thread.
      const copy = `${as}/copy`;
      if (isFed(nodes, value))
        nodes.push({ name: copy, op: "DeepCopy", inputs: [value.name], attributes: { T: type } });
      const inputs = [name, isFed(nodes, value) ? copy : value.name, ...after.map((other) => `^${other.name}`)];
      nodes.push({ name: as, op: "AssignVariableOp", inputs, attributes: { dtype: type } });
      return as;
    },
  };
}

/** Whether a value is memory of the host: an input, looked at in another shape or type. */
function isFed(nodes: readonly TfNode[], value: TfValue): boolean {
  const node = nodes.find(({ name }) => name === value.name);
  if (node === undefined) return false;
  if (node.op === "Placeholder") return true;
  if (node.op !== "Reshape" && node.op !== "Bitcast") return false;
  return isFed(nodes, { ...value, name: node.inputs[0]! });
}

function placeholder(emitter: Emitter, name: string, { dtype, shape }: TensorType): TfValue {
  const wide = dtype === "f64";
  const type: TfType = wide ? "i32" : dtype;
  const fed = { name, type, shape: wide ? [...shape, 2] : shape };
  emitter.nodes.push({
    name,
    op: "Placeholder",
    inputs: [],
    attributes: { dtype: { type }, shape: { shape: fed.shape } },
  });
  return wide ? emitter.emit("Bitcast", [fed], "f64", shape, { type: { type: "f64" } }) : fed;
}

function fetched(emitter: Emitter, name: string, value: TfValue): string {
  const wide = value.type === "f64";
  emitter.nodes.push({
    name,
    op: wide ? "Bitcast" : "Identity",
    inputs: [value.name],
    attributes: { T: { type: value.type }, ...(wide ? { type: { type: "i32" } } : {}) },
  });
  return name;
}

/** A value that is there when all these have run. */
function done({ nodes }: Emitter, name: string, after: readonly string[]): void {
  const tensor = { type: "bool", shape: [], data: Uint8Array.of(1) } as const;
  nodes.push({
    name,
    op: "Const",
    inputs: after.map((other) => `^${other}`),
    attributes: { dtype: { type: "bool" }, value: { tensor } },
  });
}
