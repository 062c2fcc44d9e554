import { CsvError, parse } from "csv-parse/sync";
import type { Field } from "../plan/dataset.ts";
import type { Column } from "./dataset.ts";
import { refuse } from "./error.ts";
import { packLabels } from "./labels.ts";
import { LIMITS } from "./limits.ts";
import { makeColumn, showField } from "./view.ts";

/** Fields by the names in the header; other columns are left alone. Numbers as in JSON, labels as integers 0 … n - 1, flags as true, false, 1 or 0. */
export const parseCsv = (
  bytes: Uint8Array,
  file: string,
  fields: readonly Field[],
  limit: number = LIMITS.cells,
): readonly Column[] => {
  for (const field of fields) {
    if (field.type.shape.length === 0) continue;
    refuse("MTT5508", {
      message: `${file}: \`${field.name}\` is declared ${showField(field)}, and a cell of a CSV file holds one number`,
      file,
      expected: `${field.type.dtype}[]`,
      found: showField(field),
      help: "declare one field for each column, or keep arrays in .npy files",
    });
  }
  let columns: readonly Reading[] | undefined;
  const take = (cells: readonly string[], line: number): void => {
    if (columns === undefined) columns = header(cells, file, fields);
    else for (const column of columns) column.values.push(column.read(cells[column.at]!, line));
    if ((columns[0]?.values.length ?? 0) * fields.length > limit) tooMany(file, limit);
  };
  try {
    parse(bytes, {
      bom: true,
      skip_empty_lines: true,
      max_record_size: LIMITS.line,
      onRecord: (cells: string[], { lines }) => {
        take(cells, lines);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? error.lines : 0;
    refuse("MTT5512", {
      message: `${file}:${line}: ${error.message}`,
      file,
      expected: "as many cells in each row as in the header, quotes closed",
      found: error.code,
      help: "cells are separated by commas; one that holds a comma or a quote stands in double quotes",
    });
  }
  if (columns === undefined) {
    return refuse("MTT5512", {
      message: `${file} is empty: a CSV file begins with a line of column names`,
      file,
      expected: fields.map(({ name }) => name).join(","),
      found: "nothing",
      help: "the first line names the columns",
    });
  }
  return columns.map(({ field, values }) => makeColumn(field, pack(field, values.all)));
};

const tooMany = (file: string, limit: number): never =>
  refuse("MTT5509", {
    message: `${file} holds more than ${limit} numbers for the fields that the program declares`,
    file,
    expected: `at most ${limit} numbers`,
    found: "more",
    help: "keep numbers in .npy files, which take a fraction of the time and memory, or split the file",
  });

/** Numbers as they come: an array of twice the length where they are more. */
class Numbers {
  #data = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length++] = value;
  }

  get all(): Float64Array {
    return this.#data.subarray(0, this.length);
  }
}

interface Reading {
  readonly field: Field;
  /** Place in the row. */
  readonly at: number;
  readonly values: Numbers;
  readonly read: (cell: string, line: number) => number;
}

const header = (cells: readonly string[], file: string, fields: readonly Field[]): readonly Reading[] => {
  const names = cells.map((cell) => cell.trim());
  return fields.map((field): Reading => {
    const at = names.indexOf(field.name);
    if (at < 0 || names.indexOf(field.name, at + 1) >= 0) {
      refuse("MTT5512", {
        message: `${file}:1: ${at < 0 ? "no column is" : "two columns are"} named \`${field.name}\``,
        file,
        offset: 0,
        expected: `one column \`${field.name}\``,
        found: names.slice(0, 50).join(", "),
        help: `the header names ${names.slice(0, 50).join(", ")}; fields are called as their columns`,
      });
    }
    return { field, at, values: new Numbers(), read: cellReader(field, at, file) };
  });
};

const cellReader = (field: Field, at: number, file: string): Reading["read"] => {
  const { dtype } = field.type;
  const wrong = (cell: string, line: number, expected: string): never =>
    refuse(field.classes !== undefined && /^-?\d+$/.test(cell) ? "MTT5507" : "MTT5511", {
      message: `${file}:${line}: column ${at + 1}, \`${field.name}\`, has ${cell === "" ? "an empty cell" : JSON.stringify(cell.slice(0, 60))}, and ${showField(field)} needs ${expected}`,
      file,
      expected,
      found: cell.slice(0, 60),
      help:
        field.classes !== undefined
          ? "labels are written as integers from 0; number the classes before reading the file"
          : "rows with missing values must be filled in or left out before reading the file",
    });
  if (field.classes !== undefined) {
    const { classes } = field;
    return (raw, line) => {
      const cell = raw.trim();
      const value = Number(cell);
      return /^\d+$/.test(cell) && value < classes ? value : wrong(cell, line, `an integer, 0 to ${classes - 1}`);
    };
  }
  if (dtype === "bool") {
    return (raw, line) => {
      const cell = raw.trim();
      if (cell === "true" || cell === "1") return 1;
      return cell === "false" || cell === "0" ? 0 : wrong(cell, line, "true, false, 1 or 0");
    };
  }
  const whole = dtype === "i32";
  return (raw, line) => {
    const cell = raw.trim();
    const value = Number(cell);
    const fits = NUMBER.test(cell) && Number.isFinite(value) && (!whole || (value | 0) === value);
    return fits ? value : wrong(cell, line, whole ? "an integer of 32 bits" : "a number");
  };
};

/** What Number() takes, without the empty text, hexadecimal and Infinity. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const pack = (field: Field, values: Float64Array): Column["data"] => {
  if (field.classes !== undefined) return packLabels(Int32Array.from(values), field);
  switch (field.type.dtype) {
    case "f32":
      return Float32Array.from(values);
    case "f64":
      return values.slice();
    case "i32":
      return Int32Array.from(values);
    case "bool":
      return Uint8Array.from(values);
  }
};
