import { GraphBuilder } from "../ir/builder.ts";
import { nodeCost } from "../ir/cost.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { deadCode } from "./dead-code.ts";

/** A graph in two stages: what depends on known inputs alone, once, and the rest, as often as the other inputs change. */
export interface Staged {
  /** (known inputs, in the graph's order) -> residuals */
  readonly before: Graph;
  /** (residuals…, known inputs that it reads, in the order they were given…, other inputs, in the graph's order…) -> the graph's outputs */
  readonly after: Graph;
  /** Which of the graph's inputs those are that `after` reads. */
  readonly reads: readonly Value[];
}

/**
 * Partial evaluation (Jones, Gomard and Sestoft 1993): the residuals are the values of the first stage that the second needs. What only moves numbers
 * (a broadcast, a transposed array, a constant) is no residual but made anew: it costs no arithmetic, and keeping it costs its memory.
 */
export const stage = (whole: Graph, known: readonly Value[]): Staged => {
  const graph = deadCode.run(whole);
  const { inputs, nodes } = graph;
  const types = [...inputs, ...nodes].map(({ type }) => type);
  const given = new Set(known);
  const early = inputs.map((_, i) => given.has(i));
  for (const node of nodes) early.push(node.inputs.every((v) => early[v]!));

  const b = new GraphBuilder();
  const made = inputs.map(({ name, type }) => b.input(name, type));
  const read = new Set<Value>();
  const residuals = new Map<Value, Value>();
  const at = (v: Value): Value => {
    if (v < inputs.length) read.add(v);
    made[v] ??= make(v);
    return made[v];
  };
  const make = (v: Value): Value => {
    const node = nodes[v - inputs.length]!;
    const operands = node.inputs.map((i) => types[i]!);
    if (early[v]! && nodeCost(node, operands).flops > 0) {
      const value = b.input(`residual${residuals.size}`, node.type);
      residuals.set(v, value);
      return value;
    }
    return b.apply(node.op, node.inputs.map(at), node.params);
  };
  // In order, so that `at` goes back through early values only.
  nodes.forEach((_, i) => {
    if (!early[inputs.length + i]!) at(inputs.length + i);
  });
  const outputs = graph.outputs.map(at);
  const reads = known.filter((v) => read.has(v));
  const others = inputs.flatMap((_, i) => (given.has(i) ? [] : [made[i]!]));
  return {
    before: only(graph, [...residuals.keys()], given),
    after: b.build(outputs, [...residuals.values(), ...reads.map((v) => made[v]!), ...others]),
    reads,
  };
};

/** These values of the graph as a function of some of its inputs. */
const only = (graph: Graph, outputs: readonly Value[], given: ReadonlySet<Value>): Graph => {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const values = b.inline({ ...graph, outputs }, inputs);
  return b.build(
    values,
    inputs.filter((_, i) => given.has(i)),
  );
};
