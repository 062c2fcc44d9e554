import type { Hash } from "../store/hash.ts";
import type { Dataset } from "./dataset.ts";

/** What a data set holds, without its examples: which they are, how often each class, and how far the numbers of scalar fields reach. */
export interface Described {
  readonly source: Hash;
  readonly index: Int32Array;
  /** Hashes of the fields' contents. */
  readonly fields: Readonly<Record<string, Hash>>;
  readonly classes: Readonly<Record<string, readonly number[]>>;
  readonly numbers: Readonly<Record<string, { readonly least: number; readonly mean: number; readonly most: number }>>;
}

export const describeData = ({ columns, index, source }: Dataset): Described => {
  const classes: Record<string, number[]> = {};
  const numbers: Record<string, { least: number; mean: number; most: number }> = {};
  for (const [name, { field, data, scale }] of columns) {
    if (field.classes !== undefined) {
      const counts = new Array<number>(field.classes).fill(0);
      for (const example of index) counts[data[example]!]!++;
      classes[name] = counts;
    } else if (field.type.shape.length === 0 && index.length > 0) {
      let [least, sum, most] = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
      for (const example of index) {
        const value = data[example]! * scale;
        least = Math.min(least, value);
        most = Math.max(most, value);
        sum += value;
      }
      numbers[name] = { least, mean: sum / index.length, most };
    }
  }
  const fields = Object.fromEntries([...columns].map(([name, { hash }]) => [name, hash]));
  return { source, index, fields, classes, numbers };
};
