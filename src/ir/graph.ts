import type { TensorType } from "../shape/tensor.ts";
import type { Prim, Prims } from "./primitives.ts";

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
