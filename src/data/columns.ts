import { CsvError, parse } from "csv-parse/sync";
import { refuse } from "./error.ts";
import { LIMITS } from "./limits.ts";

/** What a column of a CSV file seems to hold: classes are integers 0 … k - 1 that all occur. */
export interface ColumnGuess {
  readonly name: string;
  readonly kind: "number" | "classes" | "text";
  /** Of classes. */
  readonly count: number;
}

/** Integers above this are numbers, not classes. */
const MOST_CLASSES = 100;

/** Looks through a CSV file for what a program may declare of it. */
export const guessColumns = (bytes: Uint8Array, file: string): readonly ColumnGuess[] => {
  let names: readonly string[] | undefined;
  const seen: { numbers: boolean; classes: Set<number> | undefined }[] = [];
  const take = (cells: readonly string[]): void => {
    if (names === undefined) {
      names = cells.map((cell) => cell.trim());
      for (const _ of cells) seen.push({ numbers: true, classes: new Set() });
      return;
    }
    for (const [i, cell] of cells.entries()) {
      const column = seen[i]!;
      const value = cell.trim() === "" ? Number.NaN : Number(cell);
      if (!Number.isFinite(value)) column.numbers = false;
      if (!(Number.isInteger(value) && value >= 0 && value < MOST_CLASSES)) column.classes = undefined;
      column.classes?.add(value);
    }
  };
  try {
    parse(bytes, {
      bom: true,
      skip_empty_lines: true,
      max_record_size: LIMITS.line,
      onRecord: (cells: string[]) => {
        take(cells);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    refuse("MTT5512", {
      message: `${file}: ${error.message}`,
      file,
      expected: "as many cells in each row as in the header, quotes closed",
      found: error.code,
      help: "cells are separated by commas; one that holds a comma or a quote stands in double quotes",
    });
  }
  return (names ?? []).map((name, i): ColumnGuess => {
    const { numbers, classes } = seen[i]!;
    const count = classes?.size ?? 0;
    if (!numbers) return { name, kind: "text", count: 0 };
    // 0 … k - 1, each of them somewhere.
    const all = count >= 2 && Math.max(...classes!) === count - 1;
    return { name, kind: all ? "classes" : "number", count: all ? count : 0 };
  });
};
