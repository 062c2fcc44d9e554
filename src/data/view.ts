import type { Field } from "../plan/dataset.ts";
import type { Column, Dataset } from "./dataset.ts";
import { refuse } from "./error.ts";
import { hashColumn, hashSource, hashView } from "./hash.ts";

/** Numbers in one example of a field. */
export const fieldSize = (field: Field): number => field.type.shape.reduce((product, size) => product * size, 1);

/** `f32[28, 28, 1]`, `class[10]`: a field's type as the program writes it. */
export const showField = ({ type, classes }: Field): string =>
  classes === undefined ? `${type.dtype}[${type.shape.join(", ")}]` : `class[${classes}]`;

export const makeColumn = (field: Field, data: Column["data"], scale = 1): Column => ({
  field,
  data,
  scale,
  hash: hashColumn(field, data, scale),
});

/** Examples in the source behind a view. */
export const sourceSize = (columns: ReadonlyMap<string, Column>): number => {
  for (const { field, data } of columns.values()) return data.length / Math.max(1, fieldSize(field));
  return 0;
};

/** All examples of a source, in its order. Refuses columns of unequal lengths. */
export const makeSource = (columns: readonly Column[], origin: string): Dataset => {
  const byName = new Map(columns.map((column) => [column.field.name, column]));
  const size = sourceSize(byName);
  for (const column of columns) {
    const found = column.data.length / Math.max(1, fieldSize(column.field));
    if (found === size) continue;
    const first = columns[0]!.field.name;
    refuse("MTT5506", {
      message: `${origin}: \`${first}\` has ${size} examples and \`${column.field.name}\` has ${found}`,
      expected: `${size} examples`,
      found: `${found} examples`,
      help: "the fields of a data set come in pairs: use files that were written together",
    });
  }
  const hash = hashSource(byName);
  return { columns: byName, index: Int32Array.from({ length: size }, (_, at) => at), hash, source: hash, origin };
};

/** The same source seen through other indices, other columns, or both. */
export const makeView = (
  data: Dataset,
  change: { readonly index?: Int32Array; readonly columns?: ReadonlyMap<string, Column> },
): Dataset => {
  const { index = data.index, columns = data.columns } = change;
  return { ...data, index, columns, hash: hashView(data.source, sourceSize(data.columns), columns, index) };
};
