import { inspect } from "node:util";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type { DType } from "../shape/dtype.ts";
import type { Tensor } from "../shape/tensor.ts";

/** The safetensors format: u64 length of a JSON header, the header, then the arrays back to back, little-endian. */
const dtypes = { f32: "F32", f64: "F64", i32: "I32", bool: "BOOL" } as const satisfies Record<DType, string>;

const Natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Entry = Schema.Struct({
  dtype: Schema.Literals(["F32", "F64", "I32", "BOOL"]),
  shape: Schema.Array(Natural),
  data_offsets: Schema.Tuple([Natural, Natural]),
});
const decodeEntry = Schema.decodeUnknownOption(Entry);
const decodeHeader = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)));

/** Bytes of the header of a safetensors file. */
export const HEADER_LIMIT = 64 * 1024 * 1024;

/** Arrays in the order of their names, so that equal arrays give equal bytes. */
export const encodeSafetensors = (arrays: Readonly<Record<string, Tensor>>): Uint8Array<ArrayBuffer> => {
  const header: Record<string, unknown> = {};
  let offset = 0;
  const names = Object.keys(arrays).sort();
  for (const name of names) {
    const { dtype, shape, data } = arrays[name]!;
    header[name] = { dtype: dtypes[dtype], shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // The format wants the data 8-byte aligned; spaces may follow the JSON.
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(text, 8);
  let at = 8 + headerLength;
  for (const name of names) {
    const { data } = arrays[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
};

/** Throws an Error that says what does not fit; callers name the file. */
export const decodeSafetensors = (bytes: Uint8Array): Record<string, Tensor> => {
  if (bytes.length < 8) throw new Error(`${bytes.length} bytes are too few for a safetensors header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > HEADER_LIMIT || 8 + headerLength > bytes.length) {
    throw new Error(`the header's length ${headerLength} does not fit a file of ${bytes.length} bytes`);
  }
  const header = Option.getOrThrowWith(
    decodeHeader(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength))),
    () => new Error("its header is no JSON object"),
  );
  const start = 8 + headerLength;
  const arrays: Record<string, Tensor> = {};
  let claimed = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets } = Option.getOrThrowWith(
      decodeEntry(entry),
      () =>
        new Error(
          `array "${name}" is described by ${inspect(entry, { depth: 1 }).slice(0, 100)}, and needs a dtype (F32, F64, I32, BOOL), a shape, data_offsets`,
        ),
    );
    const [from, to] = data_offsets;
    const length = shape.reduce((product, size) => product * size, 1);
    const width = { F32: 4, F64: 8, I32: 4, BOOL: 1 }[dtype];
    if (to < from || start + to > bytes.length || to - from !== length * width) {
      throw new Error(`array "${name}" claims bytes ${from} to ${to}, which do not fit ${dtype}[${shape.join(", ")}]`);
    }
    // A small file whose arrays lie on each other would become large ones.
    claimed += to - from;
    if (claimed > bytes.length - start) throw new Error(`array "${name}" lies where others lie`);
    // A copy of its own, aligned.
    const { buffer } = Uint8Array.from(bytes.subarray(start + from, start + to));
    if (dtype === "F32") arrays[name] = { dtype: "f32", shape, data: new Float32Array(buffer) };
    else if (dtype === "F64") arrays[name] = { dtype: "f64", shape, data: new Float64Array(buffer) };
    else if (dtype === "I32") arrays[name] = { dtype: "i32", shape, data: new Int32Array(buffer) };
    else arrays[name] = { dtype: "bool", shape, data: new Uint8Array(buffer) };
  }
  return arrays;
};
