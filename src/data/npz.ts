import { crc32, inflateRawSync } from "node:zlib";
import type { Tensor } from "../shape/tensor.ts";
import { showBytes } from "../shape/tensor.ts";
import { refuse } from "./error.ts";
import { LIMITS } from "./limits.ts";
import { parseArray } from "./npy.ts";
import { type Entry, endOf, entriesIn, HEADER, headerLength } from "./zip.ts";

/** An archive of more files says so elsewhere: mtt reads none. */
const ENTRIES = 2 ** 16 - 1;
const ENDING = ".npy";

/**
 * NumPy's .npz: a zip archive of .npy files, by their names without the ending (numpy.org, `numpy.savez`). Refuses more than `limit`
 * bytes of contents before it unfolds any, and an array that unfolds to more than the archive's table says.
 */
export const parseNpz = (bytes: Uint8Array, file: string, limit: number): Readonly<Record<string, Tensor>> => {
  const entries = table(bytes, file).filter(({ path }) => !path.endsWith("/"));
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
    const of = `${file}: ${entry.path}`;
    if (!entry.path.endsWith(ENDING)) damaged(file, entry.offset, `${entry.path}, which is no .npy file`);
    arrays[entry.path.slice(0, -ENDING.length)] = parseArray(unfold(bytes, entry, file), of);
  }
  return arrays;
};

/** The .npy files of an archive, each by its name without the ending, unfolded when asked for. */
export const membersOf = (bytes: Uint8Array, file: string): ReadonlyMap<string, () => Uint8Array> =>
  new Map(
    table(bytes, file)
      .filter(({ path }) => path.endsWith(ENDING))
      .map((entry) => [entry.path.slice(0, -ENDING.length), () => unfold(bytes, entry, file)]),
  );

/** The one member of an archive that a program names. */
export const memberOf = (bytes: Uint8Array, file: string, name: string): Uint8Array => {
  const members = membersOf(bytes, file);
  const member = members.get(name);
  if (member !== undefined) return member();
  const found = [...members.keys()].slice(0, 50).join(", ");
  return refuse("MTT5502", {
    message: `${file} holds no array \`${name}\``,
    file,
    expected: name,
    found,
    help: `it holds ${found}`,
  });
};

/** The table at the end of the archive. */
const table = (bytes: Uint8Array, file: string): readonly Entry[] => {
  const end = endOf(bytes);
  if (end === undefined)
    return refuse("MTT5503", {
      message: `${file} is no .npz file: it has no table of a zip archive at its end`,
      file,
      offset: bytes.length,
      expected: "a zip archive",
      found: `${bytes.length} bytes without a table`,
      help: "write it with numpy.savez; a file that was cut off has lost its table",
    });
  if (end.count === ENTRIES || end.start > end.at)
    return damaged(file, end.at, "a table of more than 4 GB, or beyond the file");
  const entries = entriesIn(bytes.subarray(end.start, end.at), end.count);
  return "damagedAt" in entries ? damaged(file, end.start + entries.damagedAt, "no entry of the table") : entries;
};

const unfold = (bytes: Uint8Array, { path, method, packed, size, offset, crc32: sum }: Entry, file: string) => {
  const header = headerLength(bytes.subarray(offset, offset + HEADER)) ?? damaged(file, offset, `no header of ${path}`);
  const start = offset + header;
  if (size > LIMITS.file) damaged(file, offset, `${path} of more than ${LIMITS.file} bytes`);
  if (start + packed > bytes.length) damaged(file, offset, `${path} beyond the end`);
  const content = bytes.subarray(start, start + packed);
  if (method !== 0 && method !== 8) damaged(file, offset, `${path} packed by method ${method}`);
  const whole = method === 0 ? content : inflated(content, size, path, file, offset);
  if (whole.length !== size) damaged(file, offset, `${path} of ${whole.length} bytes, not ${size}`);
  return crc32(whole) === sum ? whole : damaged(file, offset, `${path} of another checksum`);
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
