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
  /** Bytes of a CSV file: a row takes many times its bytes while it is read. */
  csv: 2 ** 29,
  /** Bytes of a line of a CSV file. */
  line: 2 ** 20,
  /** Numbers that are read from a CSV file. */
  cells: 2 ** 27,
  /** Bytes of the header of an .npy file: NumPy writes a hundred or so. */
  npyHeader: 2 ** 16,
  /** Bytes of CIFAR-10's archive, unfolded: it has 185 MB. */
  archive: 2 ** 28,
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

/** How many examples a file holds, if they are not too many for an index. */
export const withinExamples = (file: string, examples: number): number => {
  if (!(examples <= LIMITS.examples)) {
    refuse("MTT5509", {
      message: `${file}: ${examples} examples, and a data set may have ${LIMITS.examples}`,
      file,
      expected: `at most ${LIMITS.examples} examples`,
      found: `${examples} examples`,
      help: "if that number is wrong, the file is damaged; otherwise split it",
    });
  }
  return examples;
};
