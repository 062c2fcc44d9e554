import type { Tensor } from "../shape/tensor.ts";
import type { Column, Dataset, Gather } from "./dataset.ts";
import { refuse } from "./error.ts";
import { fieldSize } from "./view.ts";

/** All 256 values of a byte column: one load instead of a conversion and a product. */
const byteTables = new Map<number, { readonly f32: Float32Array; readonly f64: Float64Array }>();

const byteTable = (scale: number) => {
  let table = byteTables.get(scale);
  if (table === undefined) {
    const f64 = Float64Array.from({ length: 256 }, (_, byte) => byte * scale);
    table = { f32: Float32Array.from(f64), f64 };
    byteTables.set(scale, table);
  }
  return table;
};

export const columnOf = (data: Dataset, field: string): Column =>
  data.columns.get(field) ??
  refuse("MTT5517", {
    message: `there is no field \`${field}\` in ${data.origin}`,
    help: `its fields are ${[...data.columns.keys()].join(", ")}`,
  });

/**
 * [positions.length, …field shape]: values by position in the view. Float fields come as `dtype`, labels and integers as i32, flags as bool.
 * `into`, if it is long enough and of the right type, receives the values: a training loop allocates once.
 */
export const gatherInto = (
  data: Dataset,
  field: string,
  positions: Int32Array,
  dtype: "f32" | "f64",
  into?: Tensor["data"],
): Tensor => {
  const column = columnOf(data, field);
  const { index } = data;
  const { type } = column.field;
  const width = fieldSize(column.field);
  const length = positions.length * width;
  const shape = [positions.length, ...type.shape];
  for (const position of positions) {
    if (position < 0 || position >= index.length) {
      throw new RangeError(`position ${position} of a view of ${index.length} examples`);
    }
  }
  if (type.dtype === "i32") {
    const out = into instanceof Int32Array && into.length >= length ? into.subarray(0, length) : new Int32Array(length);
    copy(column, index, positions, width, out);
    return { dtype: "i32", shape, data: out };
  }
  if (type.dtype === "bool") {
    const out = into instanceof Uint8Array && into.length >= length ? into.subarray(0, length) : new Uint8Array(length);
    copy(column, index, positions, width, out);
    return { dtype: "bool", shape, data: out };
  }
  if (dtype === "f64") {
    const out =
      into instanceof Float64Array && into.length >= length ? into.subarray(0, length) : new Float64Array(length);
    copyScaled(column, index, positions, width, out, "f64");
    return { dtype, shape, data: out };
  }
  const out =
    into instanceof Float32Array && into.length >= length ? into.subarray(0, length) : new Float32Array(length);
  copyScaled(column, index, positions, width, out, "f32");
  return { dtype, shape, data: out };
};

export const gather: Gather = (data, field, positions, dtype) => gatherInto(data, field, positions, dtype);

type Out = Float32Array | Float64Array | Int32Array | Uint8Array;

const copy = ({ data }: Column, index: Int32Array, positions: Int32Array, width: number, out: Out): void => {
  if (width === 1) {
    for (let row = 0; row < positions.length; row++) out[row] = data[index[positions[row]!]!]!;
    return;
  }
  for (let row = 0; row < positions.length; row++) {
    const from = index[positions[row]!]! * width;
    out.set(data.subarray(from, from + width), row * width);
  }
};

const copyScaled = (
  column: Column,
  index: Int32Array,
  positions: Int32Array,
  width: number,
  out: Float32Array | Float64Array,
  dtype: "f32" | "f64",
): void => {
  const { data, scale } = column;
  if (scale === 1) {
    copy(column, index, positions, width, out);
    return;
  }
  if (data instanceof Uint8Array) {
    expand(data, index, positions, width, byteTable(scale)[dtype], out);
    return;
  }
  for (let row = 0; row < positions.length; row++) {
    const from = index[positions[row]!]! * width;
    for (let k = 0; k < width; k++) out[row * width + k] = data[from + k]! * scale;
  }
};

/** Bytes are read four at a time, and four zeros written by one `fill`: most of a drawn digit is background. */
const expand = (
  bytes: Uint8Array,
  index: Int32Array,
  positions: Int32Array,
  width: number,
  table: Float32Array | Float64Array,
  out: Float32Array | Float64Array,
): void => {
  if (width % 4 !== 0 || bytes.byteOffset % 4 !== 0) {
    for (let row = 0; row < positions.length; row++) {
      const from = index[positions[row]!]! * width;
      for (let k = 0; k < width; k++) out[row * width + k] = table[bytes[from + k]!]!;
    }
    return;
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  out.fill(0);
  for (let row = 0, to = 0; row < positions.length; row++) {
    const from = (index[positions[row]!]! * width) / 4;
    for (let k = from; k < from + width / 4; k++, to += 4) {
      const word = words[k]!;
      if (word === 0) continue;
      out[to] = table[word & 255]!;
      out[to + 1] = table[(word >>> 8) & 255]!;
      out[to + 2] = table[(word >>> 16) & 255]!;
      out[to + 3] = table[word >>> 24]!;
    }
  }
};

/** Positions 0 … n - 1 in runs of `size`; the last may be shorter. */
export function* batches(n: number, size: number): Generator<Int32Array> {
  for (let start = 0; start < n; start += size) {
    yield Int32Array.from({ length: Math.min(size, n - start) }, (_, k) => start + k);
  }
}
