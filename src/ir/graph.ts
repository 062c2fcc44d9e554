import type { Axis } from "../shape/dim.ts";
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
  /** Throws ShapeError where the operation's shape rule refuses. */
  readonly apply: <P extends Prim>(op: P, inputs: readonly V[], params: Prims<D, W>[P]) => V;
  readonly typeOf: (value: V) => { readonly dtype: DType; readonly shape: readonly D[] };
  readonly sizes: Sizes<D>;
}

/** Arithmetic on sizes: `D` is `number` in a graph and `Axis` in the checker, where a spread counts as one place in a shape. */
export interface Sizes<D> {
  readonly of: (size: number) => D;
  readonly product: (sizes: readonly D[]) => D;
  /** a / b where b divides a. */
  readonly quotient: (a: D, b: D) => D | undefined;
  /** The number, where it is known. */
  readonly known: (size: D) => number | undefined;
  readonly equal: (a: D, b: D) => boolean;
  readonly isSpread: (size: D) => boolean;
  /** As a refusal shows it. */
  readonly axis: (size: D) => Axis;
  /** NumPy's rule; throws ShapeError. */
  readonly broadcast: (left: readonly D[], right: readonly D[]) => readonly D[];
}
