import type { Field } from "../plan/dataset.ts";
import { sameShape } from "../shape/tensor.ts";
import type { Column } from "./dataset.ts";
import { refuse } from "./error.ts";
import { unpack } from "./inflate.ts";
import { checkLabels, packLabels } from "./labels.ts";
import { LIMITS, withinColumn, withinExamples } from "./limits.ts";
import { makeColumn, showField } from "./view.ts";

/**
 * IDX, the format of MNIST: two zero bytes, a type, the number of axes, their sizes as big-endian u32, then the numbers, big-endian
 * (yann.lecun.com/exdb/mnist, "the IDX file format").
 */
const types = {
  8: { name: "u8", width: 1 },
  9: { name: "i8", width: 1 },
  11: { name: "i16", width: 2 },
  12: { name: "i32", width: 4 },
  13: { name: "f32", width: 4 },
  14: { name: "f64", width: 8 },
} as const;

type IdxType = (typeof types)[keyof typeof types]["name"];

interface Header {
  readonly type: IdxType;
  readonly width: number;
  readonly sizes: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
  readonly elements: number;
}

export const readIdxHeader = (head: Uint8Array, file: string): Header => {
  const truncated = (needed: number): never =>
    refuse("MTT5504", {
      message: `${file}: the IDX header needs ${needed} bytes, and the file ends at byte ${head.length}`,
      file,
      offset: head.length,
      expected: `${needed} bytes`,
      found: `${head.length} bytes`,
      help: "the file was cut off: get it again",
    });
  if (head.length < 4) truncated(4);
  const magic = ((head[0]! << 24) | (head[1]! << 16) | (head[2]! << 8) | head[3]!) >>> 0;
  const type =
    head[0] === 0 && head[1] === 0 ? Object.entries(types).find(([code]) => Number(code) === head[2]) : undefined;
  const axes = head[3]!;
  if (type === undefined || axes < 1 || axes > LIMITS.axes) {
    const found = `0x${magic.toString(16).padStart(8, "0")}`;
    return refuse("MTT5503", {
      message: `${file} is no IDX file: it begins with ${found}, not with 0x0000, a type and a number of axes`,
      file,
      offset: 0,
      expected: "0x00000803 for images, 0x00000801 for labels",
      found,
      help: "an IDX file of images begins with 0x00000803, one of labels with 0x00000801; gzipped ones are read too",
    });
  }
  const start = 4 + 4 * axes;
  if (head.length < start) truncated(start);
  const view = new DataView(head.buffer, head.byteOffset, start);
  const sizes = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const elements = sizes.reduce((product, size) => product * size, 1);
  const { name, width } = type[1];
  withinExamples(file, sizes[0]!);
  withinColumn(`${name}[${sizes.join(", ")}]`, file, elements, width);
  return { type: name, width, sizes, start, elements };
};

/** The bytes of an IDX file, gzipped or not, whole and of the length that its header says. */
export const unpackIdx = (bytes: Uint8Array, file: string): Uint8Array => {
  const contents = unpack(bytes, file, (head) => {
    const { start, elements, width } = readIdxHeader(head, file);
    return start + elements * width;
  });
  const { start, elements, width, sizes } = readIdxHeader(contents, file);
  const expected = start + elements * width;
  if (contents.length < expected) {
    refuse("MTT5504", {
      message: `${file}: ${sizes.join(" x ")} numbers need ${expected} bytes, and the file ends at byte ${contents.length}`,
      file,
      offset: contents.length,
      expected: `${expected} bytes`,
      found: `${contents.length} bytes`,
      help: "the file was cut off: get it again",
    });
  }
  if (contents.length > expected) {
    refuse("MTT5505", {
      message: `${file}: the header announces ${sizes.join(" x ")} numbers, ${expected} bytes, and the file has ${contents.length}`,
      file,
      offset: expected,
      expected: `${expected} bytes`,
      found: `${contents.length} bytes`,
      help: "the count in the header or the file is damaged: get it again",
    });
  }
  return contents;
};

/** Examples of a field from the bytes that `unpackIdx` gave. Bytes of a float field are pixels: 0 to 255 stands for 0 to 1. */
export const parseIdx = (contents: Uint8Array, file: string, field: Field): Column => {
  const header = readIdxHeader(contents, file);
  const expected = field.type.shape;
  const found = header.sizes.slice(1);
  // A grey picture has two axes in the file and a channel axis of size 1 in the program.
  const same = sameShape(found, expected) || sameShape([...found, 1], expected);
  const isFraction = header.type === "f32" || header.type === "f64";
  const isFloat = field.type.dtype === "f32" || field.type.dtype === "f64";
  if (!same || (isFraction && !isFloat)) {
    const wanted = `${header.type}[${expected.join(", ")}]`;
    return refuse(field.classes === undefined || same ? "MTT5508" : "MTT5503", {
      message: `${file}: \`${field.name}\` is declared ${showField(field)}, and the file holds ${header.type}[${found.join(", ")}] for each example`,
      file,
      offset: 0,
      expected: wanted,
      found: `${header.type}[${found.join(", ")}]`,
      help:
        field.classes === undefined
          ? `declare it f32[${(found.length === 2 ? [...found, 1] : found).join(", ")}], or use the file that the program means`
          : "labels are one number for each example: are the paths of images and labels swapped?",
    });
  }
  const data = numbers(contents, header);
  if (field.classes !== undefined) {
    checkLabels(data, field, file, (row) => header.start + row * header.width);
    return makeColumn(field, packLabels(data, field));
  }
  return makeColumn(field, data, header.type === "u8" && isFloat ? 1 / 255 : 1);
};

const numbers = (contents: Uint8Array, { type, width, start, elements }: Header): Column["data"] => {
  const view = new DataView(contents.buffer, contents.byteOffset + start, elements * width);
  switch (type) {
    case "u8":
      return aligned(contents.subarray(start, start + elements));
    case "i8":
      return Int32Array.from({ length: elements }, (_, k) => view.getInt8(k));
    case "i16":
      return Int32Array.from({ length: elements }, (_, k) => view.getInt16(2 * k));
    case "i32":
      return Int32Array.from({ length: elements }, (_, k) => view.getInt32(4 * k));
    case "f32":
      return Float32Array.from({ length: elements }, (_, k) => view.getFloat32(4 * k));
    case "f64":
      return Float64Array.from({ length: elements }, (_, k) => view.getFloat64(8 * k));
  }
};

/** Gathering reads words; the header of MNIST's images is 16 bytes, so this copies only what lies at an odd place. */
const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 4 === 0 ? bytes : bytes.slice());
