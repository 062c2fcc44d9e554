import type { Spread } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { TensorType } from "../shape/tensor.ts";
import type { Padding, Prim, Prims } from "./primitives.ts";

/** The index of a value in a graph: inputs first, then nodes in order. */
export type Value = number;

export type Node = {
  [P in Prim]: {
    readonly op: P;
    readonly params: Prims[P];
    readonly inputs: readonly Value[];
    readonly type: TensorType;
  };
}[Prim];

/** A function of arrays in SSA form. Value i is input i, then node i - inputs.length; a node uses earlier values only. Values, so graphs, are immutable. */
export interface Graph {
  readonly inputs: readonly { readonly name: string; readonly type: TensorType }[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/**
 * The one way to apply operations, whoever interprets them: a `GraphBuilder` makes nodes, the checker infers symbolic shapes, a tracer could print.
 * Helpers (broadcasting arithmetic, losses, the language's primitives) are written once over it.
 */
export interface Ops<V, D = number, W = Padding> {
  readonly apply: <P extends Prim>(op: P, inputs: readonly V[], params: Prims<D, W>[P]) => V;
  readonly typeOf: (value: V) => { readonly dtype: DType; readonly shape: readonly (D | Spread)[] };
}
