import type { Graph } from "../ir/graph.ts";
import type { TensorType } from "../shape/tensor.ts";

/** A field of every example of a data set. `classes` marks a label (i32[]). */
export interface Field {
  readonly name: string;
  readonly type: TensorType;
  readonly classes?: number;
}

/** Where data comes from, as the program declares it. Paths are relative to the file that names them. */
export type Source =
  | { readonly kind: "mnist" | "cifar10"; readonly part: "train" | "test"; readonly fallback?: Source }
  | {
      readonly kind: "glyphs";
      readonly part: "train" | "test";
      readonly n: number;
      readonly seed: number;
      readonly shape: readonly number[];
    }
  | { readonly kind: "csv"; readonly path: string }
  | { readonly kind: "npy"; readonly files: Readonly<Record<string, string>> }
  | { readonly kind: "idx"; readonly images: string; readonly labels: string }
  | { readonly kind: "images"; readonly path: string; readonly classes: readonly string[] };

/** What feeds a per-example graph: a field of the data, the example's index in its source, or an output of a `predict` step (by input number). */
export type Feed =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index" }
  | { readonly kind: "prediction"; readonly input: number };

/** A lazy transformation of input 0 of its step; further inputs are other data sets or predictions. Indices always refer to the source. */
export type DataOperation =
  | { readonly op: "take" | "skip"; readonly n: number }
  | { readonly op: "sample"; readonly n: number; readonly seed: number }
  | { readonly op: "shuffle"; readonly seed: number }
  /** `part` of split(at:): the first ceil(at x n) examples or the rest. */
  | { readonly op: "split"; readonly at: number; readonly part: "first" | "rest" }
  | { readonly op: "without" | "only" | "union" | "intersect" }
  | { readonly op: "with_label_noise"; readonly field: string; readonly fraction: number; readonly seed: number }
  /** Input 1 holds scores of examples of input 0: the n lowest, lowest first (highest, highest first). `test`: of that test example only, else of the sum. */
  | { readonly op: "most_harmful" | "most_helpful"; readonly n: number; readonly test?: number }
  /** Graph: feeds -> bool[]. */
  | { readonly op: "where"; readonly graph: Graph; readonly feeds: readonly Feed[] }
  /** Graph: feeds -> the new or replaced field. */
  | { readonly op: "map"; readonly field: Field; readonly graph: Graph; readonly feeds: readonly Feed[] };

/** `data.npz/x`: the array `x` of an archive; any other path is an .npy file of its own. */
export const arrayPath = (path: string): { readonly file: string; readonly member?: string } => {
  const [, file, member] = /^(.*\.npz)\/([^/]+)$/i.exec(path) ?? [];
  return file === undefined || member === undefined ? { file: path } : { file, member };
};
