import { elementType } from "../../lower/onnx/emitter.ts";
import type { Attribute, OnnxConstant, OnnxModel, OnnxNode, OnnxSize, OnnxValue } from "../../lower/onnx/model.ts";
import { encode, type Message, type Schema } from "../protobuf.ts";

/** Version of the file format and of the operators (https://onnx.ai/onnx/repo-docs/Versioning.html). */
const IR_VERSION = 10;
const OPSET = 21;

// The part of onnx.proto that models here use: field numbers and types, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
const dimension: Schema = { dim_value: [1, "int64"], dim_param: [2, "string"] };
const shape: Schema = { dim: [1, () => dimension] };
const tensorType: Schema = { elem_type: [1, "int32"], shape: [2, () => shape] };
const type: Schema = { tensor_type: [1, () => tensorType], sequence_type: [4, () => sequenceType] };
const sequenceType: Schema = { elem_type: [1, () => type] };
const valueInfo: Schema = { name: [1, "string"], type: [2, () => type] };
const tensor: Schema = { dims: [1, "int64"], data_type: [2, "int32"], name: [8, "string"], raw_data: [9, "bytes"] };
const attribute: Schema = {
  name: [1, "string"],
  f: [2, "float"],
  i: [3, "int64"],
  s: [4, "bytes"],
  ints: [8, "int64"],
  type: [20, "int32"],
};
const node: Schema = {
  input: [1, "string"],
  output: [2, "string"],
  name: [3, "string"],
  op_type: [4, "string"],
  attribute: [5, () => attribute],
};
const graph: Schema = {
  node: [1, () => node],
  name: [2, "string"],
  initializer: [5, () => tensor],
  input: [11, () => valueInfo],
  output: [12, () => valueInfo],
};
const operatorSet: Schema = { domain: [1, "string"], version: [2, "int64"] };
const model: Schema = {
  ir_version: [1, "int64"],
  producer_name: [2, "string"],
  graph: [7, () => graph],
  opset_import: [8, () => operatorSet],
};

/**
 * The bytes of an ONNX file (ModelProto). Constants are little-endian, as the arrays of every machine Node runs on. `sequence` names an output more,
 * before all others: an empty sequence.
 */
export const encodeModel = (
  { name, inputs, outputs, constants, nodes }: OnnxModel<OnnxSize>,
  sequence?: string,
): Uint8Array<ArrayBuffer> => {
  const empty = sequence === undefined ? [] : [sequence];
  return encode(model, {
    ir_version: IR_VERSION,
    producer_name: "mtt",
    graph: {
      node: [...empty.map((output) => ({ output, name: output, op_type: "SequenceEmpty" })), ...nodes.map(nodeMessage)],
      name,
      initializer: constants.map(tensorMessage),
      input: inputs.map(valueMessage),
      output: [
        ...empty.map((name) => ({ name, type: { sequence_type: { elem_type: tensorOf("f32") } } })),
        ...outputs.map(valueMessage),
      ],
    },
    opset_import: [{ domain: "", version: OPSET }],
  });
};

const nodeMessage = ({ op, inputs, outputs, attributes }: OnnxNode): Message => ({
  input: inputs,
  output: outputs,
  name: `${op}_${outputs[0]}`,
  op_type: op,
  attribute: Object.entries(attributes).map(([key, value]) => attributeMessage(key, value)),
});

/** `type` is AttributeProto.AttributeType. */
const attributeMessage = (name: string, value: Attribute): Message => {
  if ("int" in value) return { name, i: value.int, type: 2 };
  if ("float" in value) return { name, f: value.float, type: 1 };
  if ("ints" in value) return { name, ints: value.ints, type: 7 };
  return { name, s: new TextEncoder().encode(value.text), type: 3 };
};

const tensorMessage = ({ name, type, shape, data }: OnnxConstant): Message => ({
  dims: shape,
  data_type: elementType[type],
  name,
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

const valueMessage = ({ name, type, shape }: OnnxValue<OnnxSize>): Message => ({ name, type: tensorOf(type, shape) });

const tensorOf = (type: OnnxValue["type"], shape?: readonly OnnxSize[]): Message => ({
  tensor_type: {
    elem_type: elementType[type],
    ...(shape === undefined ? {} : { shape: { dim: shape.map(sizeMessage) } }),
  },
});

const sizeMessage = (size: OnnxSize): Message => (typeof size === "string" ? { dim_param: size } : { dim_value: size });
