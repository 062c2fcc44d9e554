import { createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { createInflateRaw, inflateRawSync } from "node:zlib";
import { type Entry, endOf, entriesIn, HEADER, headerLength, TAIL } from "../../../data/zip.ts";

/** The table at the end of an archive. Throws for what is none, or is cut off. */
export async function entriesOf(file: FileHandle): Promise<readonly Entry[]> {
  const { size } = await file.stat();
  const end = endOf(await read(file, Math.max(0, size - TAIL), Math.min(size, TAIL)));
  if (end === undefined) throw new Error("it is no zip archive, or was cut off");
  const entries = entriesIn(await read(file, end.start, end.size), end.count);
  if ("damagedAt" in entries) throw new Error("its table is damaged");
  return entries;
}

/** Writes an entry below a folder. Throws where it would leave the folder or is not whole. */
export async function extract(file: FileHandle, entry: Entry, folder: string): Promise<void> {
  const path = normalize(entry.path);
  if (path.startsWith("..") || path.startsWith("/"))
    throw new Error(`it holds a file outside of itself, ${entry.path}`);
  const length = headerLength(await read(file, entry.offset, HEADER));
  if (length === undefined) throw new Error(`${entry.path} is damaged`);
  const start = entry.offset + length;
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
