import { fillRandomBits } from "../../random/random.ts";
import { sizeOf } from "../../shape/tensor.ts";
import { copy, type Data, eachRow, type Kernel, type Operand, rowMajor, type View, whole } from "./array.ts";

/** Reads `x` through a view into an array of this shape. */
export const read = (x: Operand, from: View, shape: readonly number[], out: Data): void =>
  copy(shape, out, whole(shape), x.data, from);

export const constant: Kernel<"constant"> = ({ value }, _, _type, out) => out.set(value.data);

export const iota: Kernel<"iota"> = ({ axis }, _, type, out) => {
  const inner = sizeOf(type.shape.slice(axis + 1));
  const n = type.shape[axis]!;
  for (let i = 0; i < out.length; i++) out[i] = Math.floor(i / inner) % n;
};

export const randomBits: Kernel<"random_bits"> = ({ shape, purpose }, [key], _type, out) => {
  if (!(out instanceof Int32Array)) throw new TypeError("random bits are i32");
  fillRandomBits(Int32Array.from(key!.data), purpose, sizeOf(shape), out);
};

export const broadcastInDim: Kernel<"broadcast_in_dim"> = ({ dimensions }, [x], type, out) => {
  const own = rowMajor(x!.shape);
  const strides = type.shape.map(() => 0);
  dimensions.forEach((d, i) => {
    strides[d] = x!.shape[i] === 1 ? 0 : own[i]!;
  });
  read(x!, { offset: 0, strides }, type.shape, out);
};

export const transpose: Kernel<"transpose"> = ({ permutation }, [x], type, out) => {
  const own = rowMajor(x!.shape);
  read(x!, { offset: 0, strides: permutation.map((p) => own[p]!) }, type.shape, out);
};

export const reverse: Kernel<"reverse"> = ({ dimensions }, [x], type, out) => {
  const own = rowMajor(x!.shape);
  const offset = dimensions.reduce((at, d) => at + (x!.shape[d]! - 1) * own[d]!, 0);
  read(x!, { offset, strides: own.map((s, i) => (dimensions.includes(i) ? -s : s)) }, type.shape, out);
};

export const slice: Kernel<"slice"> = ({ start, strides }, [x], type, out) => {
  const own = rowMajor(x!.shape);
  const offset = start.reduce((at, from, i) => at + from * own[i]!, 0);
  read(x!, { offset, strides: own.map((s, i) => s * strides[i]!) }, type.shape, out);
};

export const pad: Kernel<"pad"> = ({ low, interior, value }, [x], type, out) => {
  out.fill(value);
  const to = rowMajor(type.shape);
  const offset = low.reduce((at, l, i) => at + l * to[i]!, 0);
  copy(x!.shape, out, { offset, strides: to.map((s, i) => s * (interior[i]! + 1)) }, x!.data, whole(x!.shape));
};

export const concatenate: Kernel<"concatenate"> = ({ dimension }, inputs, type, out) => {
  const strides = rowMajor(type.shape);
  let offset = 0;
  for (const x of inputs) {
    copy(x.shape, out, { offset, strides }, x.data, whole(x.shape));
    offset += x.shape[dimension]! * strides[dimension]!;
  }
};

/** operand [batch, pre, n, post], indices [batch, at] -> [batch, pre, at, post] */
export const gather: Kernel<"gather"> = ({ axis, batch_dims }, [x, indices], _type, out) => {
  out.fill(0);
  eachIndex(x!.shape, axis, batch_dims, indices!, (inArray, inUpdates, length) => {
    for (let i = 0; i < length; i++) out[inUpdates + i] = x!.data[inArray + i]!;
  });
};

export const scatterAdd: Kernel<"scatter_add"> = ({ axis, batch_dims }, [updates, indices], type, out) => {
  out.fill(0);
  eachIndex(type.shape, axis, batch_dims, indices!, (inArray, inUpdates, length) => {
    for (let i = 0; i < length; i++) out[inArray + i]! += updates!.data[inUpdates + i]!;
  });
};

/** Visits the runs (`post` axes) that an index in range connects: where in [batch, pre, n, post], where in [batch, pre, at, post]. */
function eachIndex(
  shape: readonly number[],
  axis: number,
  batchDims: number,
  indices: Operand,
  visit: (inArray: number, inUpdates: number, length: number) => void,
): void {
  const batch = sizeOf(shape.slice(0, batchDims));
  const pre = sizeOf(shape.slice(batchDims, axis));
  const n = shape[axis]!;
  const post = sizeOf(shape.slice(axis + 1));
  const at = sizeOf(indices.shape.slice(batchDims));
  for (let b = 0; b < batch; b++)
    for (let p = 0; p < pre; p++)
      for (let a = 0; a < at; a++) {
        const index = indices.data[b * at + a]!;
        const outer = b * pre + p;
        if (index >= 0 && index < n) visit((outer * n + index) * post, (outer * at + a) * post, post);
      }
}

/** The result's steps along the operand's axes: 0 along those that are summed away. */
const reducedView = (x: Operand, dimensions: readonly number[], shape: readonly number[]): View => {
  const own = rowMajor(shape);
  let kept = 0;
  return { offset: 0, strides: x.shape.map((_, i) => (dimensions.includes(i) ? 0 : own[kept++]!)) };
};

export const reduceSum: Kernel<"reduce_sum"> = ({ dimensions }, [x], type, out) => {
  out.fill(0);
  const { data } = x!;
  eachRow(x!.shape, reducedView(x!, dimensions, type.shape), whole(x!.shape), (to, from, length, step) => {
    for (let i = 0; i < length; i++) out[to + i * step]! += data[from + i]!;
  });
};

/** Of nothing, the smallest value there is. NaN wins. */
export const reduceMax: Kernel<"reduce_max"> = ({ dimensions }, [x], type, out) => {
  out.fill(type.dtype === "i32" ? -0x80000000 : Number.NEGATIVE_INFINITY);
  const { data } = x!;
  eachRow(x!.shape, reducedView(x!, dimensions, type.shape), whole(x!.shape), (to, from, length, step) => {
    for (let i = 0; i < length; i++) out[to + i * step] = Math.max(out[to + i * step]!, data[from + i]!);
  });
};
