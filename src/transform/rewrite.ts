import { GraphBuilder } from "../ir/builder.ts";
import type { Elementwise as OfElements } from "../ir/elementwise.ts";
import type { Graph, Node, Ops, Value } from "../ir/graph.ts";
import type { Prim, Prims } from "../ir/primitives.ts";
import type { TensorType } from "../shape/tensor.ts";

/** A step of simplification: a graph that computes the same. */
export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph;
}

export type NodeOf<P extends Prim> = Extract<Node, { op: P }>;

/** What a rewrite sees of the graph it builds. `apply` rewrites what it is given, too. */
export interface Rewriter extends Ops<Value> {
  /** The operation that makes a value. */
  readonly nodeOf: (value: Value) => Node | undefined;
  /** The node that makes a value, where it is this operation. */
  readonly as: <P extends Prim>(value: Value, op: P) => NodeOf<P> | undefined;
  /** The number that every element of a value has, where it is a scalar constant or one broadcast. */
  readonly splatOf: (value: Value) => number | undefined;
}

export type Operands = readonly [Value, Value, Value, ...Value[]];

/** A value equal to the operation's result, from fewer or cheaper operations; undefined where the rule has nothing better. */
export type Rewrite<P extends Prim> = (
  s: Rewriter,
  params: Prims[P],
  operands: Operands,
  type: TensorType,
) => Value | undefined;

export type Elementwise = OfElements | "stop_gradient";

export type Structural = Exclude<Prim, Elementwise>;

export type Rewrites = { readonly [P in Prim]: Rewrite<P> };

/** Rebuilds a graph through a builder, which merges equal operations and drops unused ones, rewriting each operation by the table. */
export function rewriteWith(rewrites: Rewrites, graph: Graph): Graph {
  const b = new GraphBuilder();
  const as = <P extends Prim>(value: Value, op: P): NodeOf<P> | undefined => {
    const node = b.nodeOf(value);
    return node !== undefined && isOp(node, op) ? node : undefined;
  };
  const splatOf = (value: Value): number | undefined => {
    const spread = as(value, "broadcast_in_dim");
    const constant = as(spread === undefined ? value : spread.inputs[0]!, "constant");
    return constant?.type.shape.length === 0 ? constant.params.value.data[0] : undefined;
  };
  const apply = <P extends Prim>(op: P, inputs: readonly Value[], params: Prims[P]): Value => {
    const made = b.apply(op, inputs, params);
    const [x = -1, y = -1, z = -1, ...more] = inputs;
    return rewrites[op](rewriter, params, [x, y, z, ...more], b.typeOf(made)) ?? made;
  };
  const rewriter: Rewriter = { apply, typeOf: b.typeOf, sizes: b.sizes, nodeOf: (v) => b.nodeOf(v), as, splatOf };
  const values = graph.inputs.map(({ name, type }) => b.input(name, type));
  for (const { op, params, inputs } of graph.nodes)
    values.push(
      apply(
        op,
        inputs.map((v) => values[v]!),
        params,
      ),
    );
  return b.build(graph.outputs.map((v) => values[v]!));
}

const isOp = <P extends Prim>(node: Node, op: P): node is NodeOf<P> => node.op === op;
