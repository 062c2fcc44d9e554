import type { DType } from "../../shape/dtype.ts";

/** An ONNX model as plain data: what the file format holds, before it is bytes. */
export interface OnnxModel<Size = number> {
  readonly name: string;
  readonly inputs: readonly OnnxValue<Size>[];
  readonly outputs: readonly OnnxValue<Size>[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

export type OnnxType = DType | "i64";

/** A size, or the name of one that is known only when the model runs. */
export type OnnxSize = number | string;

export interface OnnxValue<Size = number> {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly Size[];
}

export interface OnnxConstant extends OnnxValue {
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, Attribute>>;

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };
