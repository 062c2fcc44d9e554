import { crc32, deflateRawSync } from "node:zlib";
import { npyBytes, npyHeader } from "../../src/execute/array-file.ts";
import type { Tensor } from "../../src/shape/tensor.ts";

/** A zip archive of these files, deflated; `says` replaces the size that the table gives of a file. */
export const zip = (
  files: Readonly<Record<string, Uint8Array>>,
  says: (name: string, size: number) => number = (_, size) => size,
): Buffer => {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const path = Buffer.from(name);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(8, 8);
    header.writeUInt16LE(path.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(says(name, content.length), 24);
    entry.writeUInt16LE(path.length, 28);
    entry.writeUInt32LE(offset, 42);
    local.push(header, path, packed);
    central.push(entry, path);
    offset += header.length + path.length + packed.length;
  }
  const end = Buffer.alloc(22);
  const table = Buffer.concat(central);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, table, end]);
};

export const npyOf = (array: Tensor): Uint8Array =>
  Buffer.concat([npyHeader(array.dtype, array.shape), npyBytes(array)]);

/** As numpy.savez_compressed writes arrays. */
export const npz = (arrays: Readonly<Record<string, Tensor>>): Buffer =>
  zip(Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyOf(array)])));
