import type { TfAttribute, TfGraph, TfNode, TfTensor, TfType } from "../../lower/tensorflow/model.ts";
import { encode, type Message, type Schema } from "../protobuf.ts";

/** tensorflow/core/framework/types.proto */
const dataType = { f32: 1, f64: 2, i32: 3, i64: 9, bool: 10, resource: 20 } as const satisfies Record<TfType, number>;

/** Version of the graph's producer (tensorflow/core/public/version.h): attributes that later ones added have their defaults. */
const PRODUCER = 1882;

// The part of TensorFlow's files that graphs here use: field numbers and types, https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core.
const dimension: Schema = { size: [1, "int64"] };
const shape: Schema = { dim: [2, () => dimension] };
const tensor: Schema = { dtype: [1, "int32"], tensor_shape: [2, () => shape], tensor_content: [4, "bytes"] };
const list: Schema = { s: [2, "bytes"], i: [3, "int64"], type: [6, "int32"], shape: [7, () => shape] };
const attribute: Schema = {
  list: [1, () => list],
  s: [2, "bytes"],
  i: [3, "int64"],
  f: [4, "float"],
  b: [5, "bool"],
  type: [6, "int32"],
  shape: [7, () => shape],
  tensor: [8, () => tensor],
};
const entry: Schema = { key: [1, "string"], value: [2, () => attribute] };
const node: Schema = { name: [1, "string"], op: [2, "string"], input: [3, "string"], attr: [5, () => entry] };
const versions: Schema = { producer: [1, "int32"] };
const graph: Schema = { node: [1, () => node], versions: [4, () => versions] };
const information: Schema = { tags: [4, "string"] };
const tensorInfo: Schema = { name: [1, "string"], dtype: [2, "int32"], tensor_shape: [3, () => shape] };
const named: Schema = { key: [1, "string"], value: [2, () => tensorInfo] };
const signatureDef: Schema = { inputs: [1, () => named], outputs: [2, () => named], method_name: [3, "string"] };
const signatureEntry: Schema = { key: [1, "string"], value: [2, () => signatureDef] };
const metaGraph: Schema = {
  meta_info_def: [1, () => information],
  graph_def: [2, () => graph],
  signature_def: [5, () => signatureEntry],
};
const savedModel: Schema = { saved_model_schema_version: [1, "int64"], meta_graphs: [2, () => metaGraph] };

/** The tag under which the graph is found. */
export const TAG = "serve";

/** What a model is asked by: values of its graph, `node:0`, under names for people. A size of -1 is known only when it runs. */
export interface Signature {
  readonly inputs: readonly SignatureValue[];
  readonly outputs: readonly SignatureValue[];
}

export interface SignatureValue {
  readonly key: string;
  readonly name: string;
  readonly type: TfType;
  readonly shape: readonly number[];
}

/** The bytes of `saved_model.pb`. Constants are little-endian, as the arrays of every machine Node runs on. */
export const encodeSavedModel = ({ nodes }: TfGraph, signature?: Signature): Uint8Array<ArrayBuffer> =>
  encode(savedModel, {
    saved_model_schema_version: 1,
    meta_graphs: {
      meta_info_def: { tags: TAG },
      graph_def: { node: nodes.map(nodeMessage), versions: { producer: PRODUCER } },
      signature_def: signature && { key: "serving_default", value: signatureMessage(signature) },
    },
  });

/** The bytes of a GraphDef. */
export const encodeGraph = ({ nodes }: TfGraph): Uint8Array<ArrayBuffer> =>
  encode(graph, { node: nodes.map(nodeMessage), versions: { producer: PRODUCER } });

const signatureMessage = ({ inputs, outputs }: Signature): Message => ({
  inputs: inputs.map(infoMessage),
  outputs: outputs.map(infoMessage),
  method_name: "tensorflow/serving/predict",
});

const infoMessage = ({ key, name, type, shape: sizes }: SignatureValue): Message => ({
  key,
  value: { name, dtype: dataType[type], tensor_shape: shapeMessage(sizes) },
});

const nodeMessage = ({ name, op, inputs, attributes }: TfNode): Message => ({
  name,
  op,
  input: inputs,
  attr: Object.entries(attributes).map(([key, value]) => ({ key, value: attributeMessage(value) })),
});

const utf8 = (text: string) => new TextEncoder().encode(text);

const attributeMessage = (value: TfAttribute): Message => {
  if ("type" in value) return { type: dataType[value.type] };
  if ("types" in value) return { list: { type: value.types.map((type) => dataType[type]) } };
  if ("int" in value) return { i: value.int };
  if ("ints" in value) return { list: { i: value.ints } };
  if ("float" in value) return { f: value.float };
  if ("bool" in value) return { b: value.bool };
  if ("text" in value) return { s: utf8(value.text) };
  if ("texts" in value) return { list: { s: value.texts.map(utf8) } };
  if ("shape" in value) return { shape: shapeMessage(value.shape) };
  if ("shapes" in value) return { list: { shape: value.shapes.map(shapeMessage) } };
  return { tensor: tensorMessage(value.tensor) };
};

const shapeMessage = (sizes: readonly number[]): Message => ({ dim: sizes.map((size) => ({ size })) });

const tensorMessage = ({ type, shape, data }: TfTensor): Message => ({
  dtype: dataType[type],
  tensor_shape: shapeMessage(shape),
  tensor_content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});
