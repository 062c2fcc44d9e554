import type { Field } from "../plan/dataset.ts";
import type { Tensor } from "../shape/tensor.ts";
import type { Hash } from "../store/hash.ts";

/** One field of all examples of a source, as stored; a value is `data[i] * scale`. Pixels stay bytes in memory. */
export interface Column {
  readonly field: Field;
  readonly data: Uint8Array | Int32Array | Float32Array | Float64Array;
  readonly scale: number;
  /** sha256 of the type and the contents. */
  readonly hash: Hash;
  /** Where label noise changed the value: indices in the source, ascending. */
  readonly flipped?: Int32Array;
}

/** A view of a source: examples by their index in it. Transformations make new views and copy no examples. */
export interface Dataset {
  readonly columns: ReadonlyMap<string, Column>;
  /** Index in the source, by position in this view. */
  readonly index: Int32Array;
  /** sha256 of the contents: the same data has the same hash wherever it came from. */
  readonly hash: Hash;
  /** The hash of the source as it was read: views of one source can be united, subtracted and compared. */
  readonly source: Hash;
  /** Said in the run's record: `mnist`, or `glyphs (fallback of mnist)`. */
  readonly origin: string;
}

/** What a `predict` step says of examples: one row of `values` for each index in the source. */
export interface Predictions {
  /** [index.length, …] */
  readonly values: Tensor;
  readonly index: Int32Array;
  /** `source` of the data set it was computed on. */
  readonly source: Hash;
}

/** [positions.length, …field shape] as f32 (or f64), labels as i32. */
export type Gather = (data: Dataset, field: string, positions: Int32Array, dtype: "f32" | "f64") => Tensor;
