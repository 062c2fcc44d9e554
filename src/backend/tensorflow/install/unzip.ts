import { createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { createInflateRaw, inflateRawSync } from "node:zlib";

/** One file of a zip archive. */
export interface Entry {
  readonly path: string;
  readonly size: number;
  readonly packed: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly offset: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, and the longest comment that may follow it. */
const TAIL = 22 + 0xffff;

/** The table at the end of an archive (PKWARE APPNOTE 4.3). Throws for what is none, is cut off, or is larger than 4 GB. */
export async function entriesOf(file: FileHandle): Promise<readonly Entry[]> {
  const { size } = await file.stat();
  const tail = await read(file, Math.max(0, size - TAIL), Math.min(size, TAIL));
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) throw new Error("it is no zip archive, or was cut off");
  const count = tail.readUInt16LE(at + 10);
  const table = await read(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12));
  const entries: Entry[] = [];
  for (let i = 0, next = 0; i < count; i++) {
    if (next + 46 > table.length || table.readUInt32LE(next) !== CENTRAL) throw new Error("its table is damaged");
    const [name, extra, comment] = [28, 30, 32].map((field) => table.readUInt16LE(next + field)) as [
      number,
      number,
      number,
    ];
    entries.push({
      path: table.toString("utf8", next + 46, next + 46 + name),
      method: table.readUInt16LE(next + 10),
      packed: table.readUInt32LE(next + 20),
      size: table.readUInt32LE(next + 24),
      offset: table.readUInt32LE(next + 42),
    });
    next += 46 + name + extra + comment;
  }
  return entries;
}

/** Writes an entry below a folder. Throws where it would leave the folder or is not whole. */
export async function extract(file: FileHandle, entry: Entry, folder: string): Promise<void> {
  const path = normalize(entry.path);
  if (path.startsWith("..") || path.startsWith("/"))
    throw new Error(`it holds a file outside of itself, ${entry.path}`);
  const header = await read(file, entry.offset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL) throw new Error(`${entry.path} is damaged`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  if (entry.size < SMALL) {
    const packed = await read(file, start, entry.packed);
    const bytes = entry.method === 0 ? packed : inflateRawSync(packed);
    if (bytes.length !== entry.size) throw new Error(`${entry.path} is not whole`);
    await writeFile(target, bytes);
    return;
  }
  const source = file.createReadStream({ start, end: start + entry.packed - 1, autoClose: false });
  const out = createWriteStream(target);
  if (entry.method === 0) await pipeline(source, out);
  else await pipeline(source, createInflateRaw(), out);
  if (out.bytesWritten !== entry.size) throw new Error(`${entry.path} is not whole`);
}

/** Bytes that are unpacked in memory, where a stream would cost more: a wheel has thousands of headers. */
const SMALL = 2 ** 25;

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

export const withFile = async <A>(path: string, use: (file: FileHandle) => Promise<A>): Promise<A> => {
  const file = await open(path, "r");
  try {
    return await use(file);
  } finally {
    await file.close();
  }
};
