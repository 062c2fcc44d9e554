import { encode, type Message, type Schema } from "../../backend/protobuf.ts";
import { encodeGraph } from "../../backend/tensorflow/proto.ts";
import type { TfGraph } from "../../lower/tensorflow/model.ts";
import { record } from "./record.ts";

// The part of TensorBoard's files that is written here: field numbers and types, https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto
// and tensorboard/plugins/hparams.
const image: Schema = {
  height: [1, "int32"],
  width: [2, "int32"],
  colorspace: [3, "int32"],
  encoded_image_string: [4, "bytes"],
};
const histogram: Schema = {
  min: [1, "double"],
  max: [2, "double"],
  num: [3, "double"],
  sum: [4, "double"],
  sum_squares: [5, "double"],
  bucket_limit: [6, "double"],
  bucket: [7, "double"],
};
const plugin: Schema = { plugin_name: [1, "string"], content: [2, "bytes"] };
const metadata: Schema = { plugin_data: [1, () => plugin] };
const tensor: Schema = { dtype: [1, "int32"], tensor_shape: [2, () => ({})], string_val: [8, "bytes"] };
const STRINGS = 7;
const value: Schema = {
  tag: [1, "string"],
  simple_value: [2, "float"],
  image: [4, () => image],
  histo: [5, () => histogram],
  tensor: [8, () => tensor],
  metadata: [9, () => metadata],
};
const summary: Schema = { value: [1, () => value] };
const event: Schema = {
  wall_time: [1, "double"],
  step: [2, "int64"],
  file_version: [3, "string"],
  graph_def: [4, "bytes"],
  summary: [5, () => summary],
};
/** google.protobuf.Value */
const setting: Schema = { number_value: [2, "double"], string_value: [3, "string"], bool_value: [4, "bool"] };
const settingEntry: Schema = { key: [1, "string"], value: [2, () => setting] };
const sessionStart: Schema = { hparams: [1, () => settingEntry], start_time_secs: [5, "double"] };
const sessionEnd: Schema = { status: [1, "int32"], end_time_secs: [2, "double"] };
const hparams: Schema = {
  version: [1, "int32"],
  session_start_info: [3, () => sessionStart],
  session_end_info: [4, () => sessionEnd],
};
const SUCCESS = 1;

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly png: Uint8Array;
}

/** What an event file tells: at which step of a training, and when (seconds since 1970). */
export type BoardEvent = { readonly step: number; readonly time: number } & (
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | {
      readonly kind: "histogram";
      readonly tag: string;
      readonly values: ArrayLike<number>;
    }
  | { readonly kind: "image"; readonly tag: string; readonly picture: Picture }
  /** Markdown. */
  | { readonly kind: "text"; readonly tag: string; readonly text: string }
  | { readonly kind: "graph"; readonly graph: TfGraph }
  | {
      readonly kind: "session";
      readonly hyperparameters: Readonly<Record<string, number | string | boolean>>;
      readonly started: number;
    }
);

/** The bytes of an event file. */
export const encodeEvents = (events: readonly BoardEvent[]): Uint8Array => {
  const first: Message = { wall_time: events[0]?.time ?? 0, file_version: "brain.Event:2" };
  return Buffer.concat([first, ...events.flatMap(messagesOf)].map((message) => record(encode(event, message))));
};

const messagesOf = (of: BoardEvent): readonly Message[] => {
  const at = { wall_time: of.time, step: of.step };
  if (of.kind === "graph") return [{ ...at, graph_def: encodeGraph(of.graph) }];
  return valuesOf(of).map((one) => ({ ...at, summary: { value: one } }));
};

const valuesOf = (of: Exclude<BoardEvent, { readonly kind: "graph" }>): readonly Message[] => {
  switch (of.kind) {
    case "scalar":
      return [{ tag: of.tag, simple_value: of.value }];
    case "histogram":
      return [{ tag: of.tag, histo: histogramOf(of.values) }];
    case "image": {
      const { width, height, channels, png } = of.picture;
      const drawn = { height, width, colorspace: channels, encoded_image_string: png };
      return [{ tag: of.tag, image: drawn }];
    }
    case "text":
      return [
        {
          tag: of.tag,
          metadata: { plugin_data: { plugin_name: "text" } },
          tensor: { dtype: STRINGS, tensor_shape: {}, string_val: new TextEncoder().encode(of.text) },
        },
      ];
    case "session": {
      const settings = Object.entries(of.hyperparameters).map(([key, given]) => ({ key, value: settingOf(given) }));
      return [
        session("_hparams_/session_start_info", {
          session_start_info: { hparams: settings, start_time_secs: of.started },
        }),
        session("_hparams_/session_end_info", { session_end_info: { status: SUCCESS, end_time_secs: of.time } }),
      ];
    }
  }
};

const session = (tag: string, content: Message): Message => ({
  tag,
  metadata: { plugin_data: { plugin_name: "hparams", content: encode(hparams, { version: 0, ...content }) } },
});

const settingOf = (given: number | string | boolean): Message =>
  typeof given === "number"
    ? { number_value: given }
    : typeof given === "string"
      ? { string_value: given }
      : { bool_value: given };

const BINS = 40;

/** Counts in equal bins from the least to the most value, by their right ends; what is not finite is left out. */
const histogramOf = (values: ArrayLike<number>): Message => {
  const finite = Float64Array.from(values).filter(Number.isFinite);
  let [min, max, sum, sum_squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const x of finite) {
    min = Math.min(min, x);
    max = Math.max(max, x);
    sum += x;
    sum_squares += x * x;
  }
  if (finite.length === 0) return { min: 0, max: 0, num: 0, sum: 0, sum_squares: 0, bucket_limit: [0], bucket: [0] };
  const bins = max > min ? BINS : 1;
  const width = (max - min) / bins;
  const bucket = new Array<number>(bins).fill(0);
  for (const x of finite) bucket[width > 0 ? Math.min(bins - 1, Math.floor((x - min) / width)) : 0]!++;
  const bucket_limit = bucket.map((_, i) => (i === bins - 1 ? max : min + (i + 1) * width));
  return { min, max, num: finite.length, sum, sum_squares, bucket_limit, bucket };
};
