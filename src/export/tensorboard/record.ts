/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return ~crc >>> 0;
};

/** A checksum of bytes that hold checksums themselves is masked. */
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** One record of a TFRecord file: length u64, its checksum, the bytes, theirs. https://www.tensorflow.org/tutorials/load_data/tfrecord */
export const record = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(bytes.length + 16);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, masked(out.subarray(0, 8)), true);
  out.set(bytes, 12);
  view.setUint32(12 + bytes.length, masked(bytes), true);
  return out;
};
