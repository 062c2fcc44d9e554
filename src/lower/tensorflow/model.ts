import type { DType } from "../../shape/dtype.ts";

/** A TensorFlow graph as plain data: what a GraphDef holds, before it is bytes. Nodes in an order in which all but control inputs come before their uses. */
export interface TfGraph {
  readonly nodes: readonly TfNode[];
}

export type TfType = DType | "i64" | "resource";

/** One output of a node: `node`, or `node:1`. */
export interface TfValue {
  readonly name: string;
  readonly type: TfType;
  readonly shape: readonly number[];
}

export interface TfNode {
  readonly name: string;
  readonly op: string;
  /** Values, then control inputs, `^node`. */
  readonly inputs: readonly string[];
  readonly attributes: TfAttributes;
}

export type TfAttributes = Readonly<Record<string, TfAttribute>>;

export type TfAttribute =
  | { readonly type: TfType }
  | { readonly types: readonly TfType[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly shape: readonly number[] }
  | { readonly shapes: readonly (readonly number[])[] }
  | { readonly tensor: TfTensor };

export interface TfTensor {
  readonly type: TfType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}
