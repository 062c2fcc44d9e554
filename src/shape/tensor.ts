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

/** The number of elements of an array of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

export const constructors = { f32: Float32Array, f64: Float64Array, i32: Int32Array, bool: Uint8Array } as const;

/** The bytes of an array. */
export const bytesOf = ({ dtype, shape }: TensorType): number => sizeOf(shape) * constructors[dtype].BYTES_PER_ELEMENT;

/** `3.1 MiB` */
export const showBytes = (bytes: number): string => {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
};

/** An array of zeros (false). */
export const zeros = (dtype: DType, shape: readonly number[]): Tensor => ({
  dtype,
  shape,
  data: new constructors[dtype](sizeOf(shape)),
});

/** An array of these values in row-major order, rounded to the dtype. */
export function tensor(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const size = sizeOf(shape);
  if (values.length !== size) throw new RangeError(`${values.length} values for [${shape.join(", ")}]`);
  const data = new constructors[dtype](size);
  data.set(values);
  return { dtype, shape, data };
}

/** `f32[28, 28, 1]` */
export const showType = (type: TensorType): string => `${type.dtype}[${type.shape.join(", ")}]`;
