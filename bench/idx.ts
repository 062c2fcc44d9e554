/** Bytes in the format of MNIST's files: two zeros, 8 for bytes, the number of axes, their sizes as big-endian u32, then the bytes. */
export function encodeIdx(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(values, start);
  return bytes;
}
