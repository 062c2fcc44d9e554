import { fillRandomBits } from "../../random/random.ts";
import { sizeOf } from "../../shape/tensor.ts";
import { allocate, copy, type Data, eachRow, type Kernel, type Operand, rowMajor, type View, whole } from "./array.ts";

/** Reads `x` through a view into a new array of the result's shape. */
export const read = (x: Operand, from: View, type: Parameters<typeof allocate>[0]): Data => {
  const out = allocate(type);
  copy(type.shape, out, whole(type.shape), x.data, from);
  return out;
};

export const constant: Kernel<"constant"> = ({ value }, _, type) => {
  const out = allocate(type);
  out.set(value.data);
  return out;
};

export const iota: Kernel<"iota"> = ({ axis }, _, type) => {
  const out = allocate(type);
  const inner = sizeOf(type.shape.slice(axis + 1));
  const n = type.shape[axis]!;
  for (let i = 0; i < out.length; i++) out[i] = Math.floor(i / inner) % n;
  return out;
};

export const randomBits: Kernel<"random_bits"> = ({ shape, purpose }, [key], type) => {
  const out = new Int32Array(sizeOf(type.shape));
  fillRandomBits(Int32Array.from(key!.data), purpose, sizeOf(shape), out);
  return out;
};

export const broadcastInDim: Kernel<"broadcast_in_dim"> = ({ dimensions }, [x], type) => {
  const own = rowMajor(x!.shape);
  const strides = type.shape.map(() => 0);
  dimensions.forEach((d, i) => {
    strides[d] = x!.shape[i] === 1 ? 0 : own[i]!;
  });
  return read(x!, { offset: 0, strides }, type);
};

export const reshape: Kernel<"reshape"> = (_, [x]) => x!.data;

export const transpose: Kernel<"transpose"> = ({ permutation }, [x], type) => {
  const own = rowMajor(x!.shape);
  return read(x!, { offset: 0, strides: permutation.map((p) => own[p]!) }, type);
};

export const reverse: Kernel<"reverse"> = ({ dimensions }, [x], type) => {
  const own = rowMajor(x!.shape);
  const offset = dimensions.reduce((at, d) => at + (x!.shape[d]! - 1) * own[d]!, 0);
  return read(x!, { offset, strides: own.map((s, i) => (dimensions.includes(i) ? -s : s)) }, type);
};

export const slice: Kernel<"slice"> = ({ start, strides }, [x], type) => {
  const own = rowMajor(x!.shape);
  const offset = start.reduce((at, from, i) => at + from * own[i]!, 0);
  return read(x!, { offset, strides: own.map((s, i) => s * strides[i]!) }, type);
};

export const pad: Kernel<"pad"> = ({ low, interior, value }, [x], type) => {
  const out = allocate(type).fill(value);
  const to = rowMajor(type.shape);
  const offset = low.reduce((at, l, i) => at + l * to[i]!, 0);
  copy(x!.shape, out, { offset, strides: to.map((s, i) => s * (interior[i]! + 1)) }, x!.data, whole(x!.shape));
  return out;
};

export const concatenate: Kernel<"concatenate"> = ({ dimension }, inputs, type) => {
  const out = allocate(type);
  const strides = rowMajor(type.shape);
  let offset = 0;
  for (const x of inputs) {
    copy(x.shape, out, { offset, strides }, x.data, whole(x.shape));
    offset += x.shape[dimension]! * strides[dimension]!;
  }
  return out;
};

/** operand [batch, pre, n, post], indices [batch, at] -> [batch, pre, at, post] */
export const gather: Kernel<"gather"> = ({ axis, batch_dims }, [x, indices], type) => {
  const out = allocate(type);
  eachIndex(x!.shape, axis, batch_dims, indices!, (inArray, inUpdates, length) => {
    for (let i = 0; i < length; i++) out[inUpdates + i] = x!.data[inArray + i]!;
  });
  return out;
};

export const scatterAdd: Kernel<"scatter_add"> = ({ axis, batch_dims }, [updates, indices], type) => {
  const out = allocate(type);
  eachIndex(type.shape, axis, batch_dims, indices!, (inArray, inUpdates, length) => {
    for (let i = 0; i < length; i++) out[inArray + i]! += updates!.data[inUpdates + i]!;
  });
  return out;
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

export const reduceSum: Kernel<"reduce_sum"> = ({ dimensions }, [x], type) => {
  const out = allocate(type);
  const { data } = x!;
  eachRow(x!.shape, reducedView(x!, dimensions, type.shape), whole(x!.shape), (to, from, length, step) => {
    for (let i = 0; i < length; i++) out[to + i * step]! += data[from + i]!;
  });
  return out;
};

/** Of nothing, the smallest value there is. NaN wins. */
export const reduceMax: Kernel<"reduce_max"> = ({ dimensions }, [x], type) => {
  const out = allocate(type).fill(type.dtype === "i32" ? -0x80000000 : Number.NEGATIVE_INFINITY);
  const { data } = x!;
  eachRow(x!.shape, reducedView(x!, dimensions, type.shape), whole(x!.shape), (to, from, length, step) => {
    for (let i = 0; i < length; i++) out[to + i * step] = Math.max(out[to + i * step]!, data[from + i]!);
  });
  return out;
};
