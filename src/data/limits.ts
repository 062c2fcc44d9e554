import { showBytes } from "../shape/tensor.ts";
import { refuse } from "./error.ts";

/** Sizes that a reader accepts before it allocates. One column of numbers lives in one typed array. */
export const LIMITS = {
  /** Bytes of a file, or of an entry of an archive. */
  file: 2 ** 31 - 1,
  /** Bytes of a column in memory. */
  column: 2 ** 32,
  examples: 2 ** 30,
  axes: 8,
  /** Width or height of a picture. */
  side: 4096,
  /** Bytes of a line of a CSV file. */
  line: 2 ** 20,
} as const;

export const withinColumn = (what: string, file: string, elements: number, bytesPerElement: number): number => {
  const bytes = elements * bytesPerElement;
  // NaN, from sizes nobody meant, fails too.
  if (!(bytes <= LIMITS.column)) {
    refuse("MTT5509", {
      message: `${file}: ${what} would take ${showBytes(bytes)}, and a field may take ${showBytes(LIMITS.column)}`,
      file,
      expected: `at most ${LIMITS.column} bytes`,
      found: `${bytes} bytes`,
      help: "if that size is wrong, the file is damaged; otherwise split it",
    });
  }
  return elements;
};
