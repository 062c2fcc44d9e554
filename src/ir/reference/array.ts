import type { DType } from "../../shape/dtype.ts";
import { sizeOf, type TensorType } from "../../shape/tensor.ts";
import type { Prim, Prims } from "../primitives.ts";

/** How the reference evaluator holds values: floats of either width in float64, i32 wrapping, bools as 0 and 1. */
export type Data = Float64Array | Int32Array | Uint8Array;

export interface Operand {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Computes one operation into `out`, whatever it held before. An elementwise one may find an operand there: it reads an element before it writes it. */
export type KernelOf<Params> = (params: Params, inputs: readonly Operand[], type: TensorType, out: Data) => void;

export type Kernel<P extends Prim> = KernelOf<Prims[P]>;

const arrays = { f32: Float64Array, f64: Float64Array, i32: Int32Array, bool: Uint8Array } as const;

/** Bytes of a value as it is held here. */
export const heldBytes = ({ dtype, shape }: TensorType): number => arrays[dtype].BYTES_PER_ELEMENT * sizeOf(shape);

/** A value's place in a block of memory. */
export const place = ({ dtype, shape }: TensorType, memory: ArrayBuffer, offset: number): Data =>
  new arrays[dtype](memory, offset, sizeOf(shape));

export const allocate = ({ dtype, shape }: TensorType): Data => new arrays[dtype](sizeOf(shape));

/** The values of an operand that is of floats: engines run loops over one kind of array several times faster. */
export function floats({ data }: Pick<Operand, "data">): Float64Array {
  if (data instanceof Float64Array) return data;
  throw new TypeError("an operation on floats was given another kind of array");
}

export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** A place in an array: where it begins, and the step along each axis (0 repeats, negative runs backwards). */
export interface View {
  readonly offset: number;
  readonly strides: readonly number[];
}

export const whole = (shape: readonly number[]): View => ({ offset: 0, strides: rowMajor(shape) });

/** Visits the rows (last axis) of two views of one shape in order: where each begins, its length, and the steps in it. */
export function eachRow(
  shape: readonly number[],
  a: View,
  b: View,
  visit: (a: number, b: number, length: number, stepA: number, stepB: number) => void,
): void {
  if (shape.includes(0)) return;
  const last = shape.length - 1;
  if (last < 0) {
    visit(a.offset, b.offset, 1, 0, 0);
    return;
  }
  const index = new Array<number>(last).fill(0);
  let atA = a.offset;
  let atB = b.offset;
  for (;;) {
    visit(atA, atB, shape[last]!, a.strides[last]!, b.strides[last]!);
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      atA += a.strides[axis]!;
      atB += b.strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      atA -= a.strides[axis]! * shape[axis]!;
      atB -= b.strides[axis]! * shape[axis]!;
    }
    if (axis < 0) return;
  }
}

/** to[…] = from[…] over `shape`. */
export function copy(shape: readonly number[], to: Data, toView: View, from: Data, fromView: View): void {
  eachRow(shape, toView, fromView, (at, source, length, step, sourceStep) => {
    for (let i = 0; i < length; i++) to[at + i * step] = from[source + i * sourceStep]!;
  });
}

/** The sizes before, of and after an axis: an array as [outer, n, inner]. */
export function around(shape: readonly number[], axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}
