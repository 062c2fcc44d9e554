import type { Graph } from "../ir/graph.ts";
import type { TensorType } from "../shape/tensor.ts";
import type { Field } from "./dataset.ts";

/** How a weight begins; drawn with the counter-based stream (seed, "init", number of the weight). Fan-in and fan-out are the shape's (He, Glorot). */
export type Init =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "truncated_normal" | "normal"; readonly stddev: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "glorot" | "he" };

export interface Variable {
  /** `layer0/W`: instances with weights or states are numbered in order of use. */
  readonly path: string;
  readonly type: TensorType;
  readonly init: Init;
}

/** A network elaborated for known shapes. Both graphs see ONE example; `vmap` over the axis named `batch` adds the rest. */
export interface Network {
  readonly name: string;
  /** The example's fields, by parameter name. */
  readonly fields: readonly { readonly name: string; readonly type: TensorType }[];
  readonly weights: readonly Variable[];
  readonly states: readonly Variable[];
  /** One entry named `result`, or a record's fields. */
  readonly results: readonly { readonly name: string; readonly type: TensorType }[];
  /** (weights…, states…, fields…, key i32[4]) -> (results…, next states…), `training` true. */
  readonly training: Graph;
  /** (weights…, states…, fields…) -> results…, `training` false. */
  readonly inference: Graph;
  /** For people: how the result comes about. */
  readonly stages?: Stages;
}

/** The stages of a network's body in their order. */
export interface Stages {
  /** (weights…, states…, fields…, key) -> (the value after each stage…, results…), `training` false. */
  readonly graph: Graph;
  /** The text of each stage: `conv(8, stride: 2x2)`. */
  readonly labels: readonly string[];
}

/** (results of the network…, target fields…) -> f32[], for one example: a loss, a measure, a user's metric. */
export interface Measure {
  readonly name: string;
  readonly graph: Graph;
  /** Names of the data set's fields that feed it after the results. */
  readonly targets: readonly string[];
}

/** The first field that the network reads and the data does not feed, in words; undefined where the data feeds all. */
export const unfedField = ({ fields }: Network, data: readonly Field[]): string | undefined => {
  for (const { name, type } of fields) {
    const found = data.find((field) => field.name === name);
    if (found !== undefined && `${found.type.shape}` === `${type.shape}`) continue;
    const has = found === undefined ? "the data lacks it" : `the data has [${found.type.shape.join(", ")}]`;
    return `reads \`${name}\`, [${type.shape.join(", ")}], and ${has}`;
  }
  return undefined;
};
