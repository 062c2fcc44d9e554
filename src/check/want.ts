import type { StepKind } from "../syntax/ast.ts";
import type { TensorTypeSymbolic, Type } from "./checked.ts";

/** Kinds of built-in values that only a step reads; a type `{ kind: "opaque", name }` names one. */
export const opaqueKinds = [
  "init",
  "rate",
  "optimizer",
  "regularizer",
  "clip",
  "stop",
  "checkpoint",
  "start",
  "metric",
  "measure",
  "method",
  "preconditioner",
  "acceptance",
  "validation",
  "picture",
  "scores",
] as const;

export type OpaqueKind = (typeof opaqueKinds)[number];

/** What a place takes: an argument of a built-in function or a field of a step. */
export type Want =
  | { readonly want: "int" | "float" | "string" | "bool" | "size" | "padding" | "any" }
  | { readonly want: "opaque"; readonly name: OpaqueKind }
  /** A declared type: of a parameter, a `let`. */
  | { readonly want: "value"; readonly type: Type }
  /** One of these bare words. */
  | { readonly want: "words"; readonly words: readonly string[] }
  | { readonly want: "either"; readonly of: readonly Want[] }
  | { readonly want: "list"; readonly item: Want }
  | { readonly want: "dataset" }
  /** A record of data sets or one: what stands in for a source that cannot be had. */
  | { readonly want: "source" }
  | { readonly want: "network" }
  /** A block of these tensor inputs: `loss` takes a result and a target and gives f32[]. */
  | { readonly want: "block"; readonly of: "layer" | "loss" | "measure" | "any" }
  | { readonly want: "step"; readonly steps: readonly StepKind[] }
  /** A type: `image: f32[28, 28, 1]`, or a record of types, or of `"file" as type`. */
  | { readonly want: "type" | "types" | "files" }
  /** The name of a field of the data, written bare. */
  | { readonly want: "field" }
  /** An expression over the fields of one example. */
  | { readonly want: "condition" };

export interface BuiltinParameter {
  readonly name: string;
  readonly want: Want;
  /** Optional ones may be left out. What is then taken is written here for people. */
  readonly default?: string;
  /** A sentence: what it means, and in which unit. */
  readonly doc: string;
}

/** How the type of a call follows from its arguments. */
export type Result =
  | { readonly result: "opaque"; readonly name: OpaqueKind }
  /** A fixed type. */
  | { readonly result: "type"; readonly type: Type }
  /** A size of two ints. */
  | { readonly result: "size"; readonly y: string; readonly x: string }
  /** That of the argument with this name. */
  | { readonly result: "same"; readonly as: string }
  /** The data set of an influence step's training data. */
  | { readonly result: "training_data"; readonly of: string }
  /** The parts that a split makes of the argument. */
  | { readonly result: "parts"; readonly of: string; readonly names: readonly string[] }
  /** The data set of a declared source. */
  | { readonly result: "declared"; readonly by: "csv" | "npy" | "idx" | "images" | "glyphs" }
  /** The item of the list argument. */
  | { readonly result: "item"; readonly of: string }
  /** The data set with the fields that `map` makes. */
  | { readonly result: "mapped" }
  /** A model's figure of one example. */
  | { readonly result: "predicted" | "probability" }
  /** The layers of the argument applied one after another, or one of them so many times. */
  | { readonly result: "sequence" | "repeat" }
  /** A model of the family. */
  | { readonly result: "model"; readonly of: string };

export interface Builtin {
  readonly name: string;
  readonly parameters: readonly BuiltinParameter[];
  readonly result: Result;
  /** Further arguments by any name, each an expression over the fields of one example (`map`). */
  readonly named?: "expressions";
  /** Only in an expression over examples: `where(predicted(m) != label)`. */
  readonly example?: true;
  readonly doc: string;
}

// The words of the tables, so that a row fits on a line.
export const int: Want = { want: "int" };
export const float: Want = { want: "float" };
export const text: Want = { want: "string" };
export const bool: Want = { want: "bool" };
export const dataset: Want = { want: "dataset" };
export const model: Want = { want: "step", steps: ["train"] };
export const step = (...steps: readonly StepKind[]): Want => ({ want: "step", steps });
export const opaque = (name: OpaqueKind): Want => ({ want: "opaque", name });
export const words = (...all: readonly string[]): Want => ({ want: "words", words: all });
export const either = (...of: readonly Want[]): Want => ({ want: "either", of });
export const list = (item: Want): Want => ({ want: "list", item });
export const gives = (name: OpaqueKind): Result => ({ result: "opaque", name });

/** `doc` is a sentence: what it means, and in which unit. */
export const required = (name: string, want: Want, doc: string): BuiltinParameter => ({ name, want, doc });
export const optional = (name: string, want: Want, value: string, doc: string): BuiltinParameter => ({
  ...required(name, want, doc),
  default: value,
});

export const tensor = (
  dtype: TensorTypeSymbolic["dtype"],
  axes: TensorTypeSymbolic["axes"],
  classes?: number,
): TensorTypeSymbolic =>
  classes === undefined ? { kind: "tensor", dtype, axes } : { kind: "tensor", dtype, axes, classes };
