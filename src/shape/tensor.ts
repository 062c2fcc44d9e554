import type { DType } from "./dtype.ts";

export interface ArrayOf {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly bool: Uint8Array;
}

/** A dense array in row-major order. `data.length` is the product of `shape`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: ArrayOf[D];
}

/** The type of an array: every size known. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}
