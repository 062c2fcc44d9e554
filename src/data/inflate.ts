import { constants, gunzipSync } from "node:zlib";
import { showBytes } from "../shape/tensor.ts";
import { refuse } from "./error.ts";
import { plain } from "./files.ts";
import { LIMITS } from "./limits.ts";

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** As many first bytes as `HEAD` packed ones unfold to: a header, whatever follows. Empty where they are damaged. */
const peek = (bytes: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(bytes.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: HEAD * 1100 });
  } catch {
    return new Uint8Array(0);
  }
};
const HEAD = 4096;

/**
 * The contents of a file that may be gzipped. `sizeOf` reads from the first bytes how long the whole must be, and throws if they are no such file;
 * no more than that is ever unfolded, however small the packed file.
 */
export const unpack = (bytes: Uint8Array, file: string, sizeOf: (head: Uint8Array) => number): Uint8Array => {
  if (!isGzip(bytes)) {
    sizeOf(bytes);
    return bytes;
  }
  const head = peek(bytes);
  if (head.length === 0) return damaged(file, "its gzip header or first block");
  const size = sizeOf(head);
  if (size > LIMITS.file)
    refuse("MTT5509", {
      message: `${file} says that it unfolds to ${showBytes(size)}, and mtt reads at most ${showBytes(LIMITS.file)} of a file`,
      file,
      expected: `at most ${LIMITS.file} bytes`,
      found: `${size} bytes`,
      help: "if that size is wrong, the file is damaged; otherwise split it",
    });
  try {
    return plain(gunzipSync(bytes, { maxOutputLength: Math.max(1, size) }));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      return refuse("MTT5505", {
        message: `${file} unfolds to more than the ${showBytes(size)} that its header announces`,
        file,
        expected: `${size} bytes`,
        found: `more than ${size} bytes`,
        help: "the file is damaged or not what its name says: get it again",
      });
    }
    if (code === "Z_BUF_ERROR") {
      return refuse("MTT5504", {
        message: `${file}: the gzip data ends after ${bytes.length} bytes, in the middle`,
        file,
        offset: bytes.length,
        expected: "a whole gzip file",
        found: `${bytes.length} bytes of it`,
        help: "the file was cut off, often by an interrupted download: get it again",
      });
    }
    return damaged(file, error instanceof Error ? error.message : String(error));
  }
};

const damaged = (file: string, what: string): never =>
  refuse("MTT5510", {
    message: `${file}: the gzip data is damaged (${what})`,
    file,
    expected: "a whole gzip file",
    found: what,
    help: "get the file again",
  });
