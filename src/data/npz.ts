import { inflateRawSync } from "node:zlib";
import type { Tensor } from "../shape/tensor.ts";
import { refuse } from "./error.ts";
import { LIMITS, showBytes } from "./limits.ts";
import { parseArray } from "./npy.ts";

interface Entry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, and the longest comment that may follow it. */
const TAIL = 22 + 0xffff;
const ENTRIES = 2 ** 16 - 1;

/**
 * NumPy's .npz: a zip archive of .npy files, by their names without the ending (numpy.org, `numpy.savez`; PKWARE APPNOTE 4.3). Refuses more than `limit`
 * bytes of contents before it unfolds any, and an array that unfolds to more than the archive's table says.
 */
export const parseNpz = (bytes: Uint8Array, file: string, limit: number): Readonly<Record<string, Tensor>> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = table(view, file).filter(({ name }) => !name.endsWith("/"));
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > Math.min(limit, LIMITS.file))
    refuse("MTT5509", {
      message: `${file} unfolds to ${showBytes(total)}, and at most ${showBytes(Math.min(limit, LIMITS.file))} are read`,
      file,
      expected: `at most ${limit} bytes`,
      found: `${total} bytes`,
      help: "write a file of nothing but the arrays that are needed",
    });
  const arrays: Record<string, Tensor> = {};
  for (const entry of entries) {
    const of = `${file}: ${entry.name}`;
    if (!entry.name.endsWith(".npy")) damaged(file, entry.offset, `${entry.name}, which is no .npy file`);
    arrays[entry.name.slice(0, -".npy".length)] = parseArray(unfold(bytes, view, entry, file), of);
  }
  return arrays;
};

/** The table at the end of the archive. */
const table = (view: DataView, file: string): readonly Entry[] => {
  const size = view.byteLength;
  let end = size - 22;
  while (end >= 0 && end >= size - TAIL && view.getUint32(end, true) !== END) end--;
  if (end < 0 || end < size - TAIL)
    return refuse("MTT5503", {
      message: `${file} is no .npz file: it has no table of a zip archive at its end`,
      file,
      offset: size,
      expected: "a zip archive",
      found: `${size} bytes without a table`,
      help: "write it with numpy.savez; a file that was cut off has lost its table",
    });
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  if (count === ENTRIES || start > end) return damaged(file, end, "a table of more than 4 GB, or beyond the file");
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) return damaged(file, at, "no entry of the table");
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + 46 + name + extra + comment;
    if (next > end) return damaged(file, at, "an entry longer than the table");
    entries.push({
      name: new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, name)),
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
};

const unfold = (bytes: Uint8Array, view: DataView, { name, method, packed, size, offset }: Entry, file: string) => {
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL)
    damaged(file, offset, `no header of ${name}`);
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) damaged(file, offset, `${name} beyond the end`);
  const content = bytes.subarray(start, start + packed);
  if (method !== 0 && method !== 8) damaged(file, offset, `${name} packed by method ${method}`);
  const whole = method === 0 ? content : inflated(content, size, name, file, offset);
  return whole.length === size ? whole : damaged(file, offset, `${name} of ${whole.length} bytes, not ${size}`);
};

/** No more than the table says, however small the packed bytes. */
const inflated = (packed: Uint8Array, size: number, name: string, file: string, offset: number): Uint8Array => {
  try {
    return new Uint8Array(inflateRawSync(packed, { maxOutputLength: Math.max(1, size) }));
  } catch (error) {
    return damaged(file, offset, `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const damaged = (file: string, offset: number, found: string): never =>
  refuse("MTT5510", {
    message: `${file}: the archive is damaged at byte ${offset} (${found})`,
    file,
    offset,
    expected: "a zip archive of .npy files",
    found,
    help: "write it again with numpy.savez",
  });
