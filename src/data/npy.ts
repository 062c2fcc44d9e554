import type { Field } from "../plan/dataset.ts";
import { sameShape, type Tensor, zeros } from "../shape/tensor.ts";
import type { Column } from "./dataset.ts";
import { refuse } from "./error.ts";
import { checkLabels, packLabels } from "./labels.ts";
import { LIMITS, withinColumn, withinExamples } from "./limits.ts";
import { makeColumn, showField } from "./view.ts";

/** The element types that are read, little-endian, and how one is read. */
const types = {
  "<f4": { width: 4, whole: false, read: (view: DataView, at: number) => view.getFloat32(at, true) },
  "<f8": { width: 8, whole: false, read: (view: DataView, at: number) => view.getFloat64(at, true) },
  "|b1": { width: 1, whole: true, read: (view: DataView, at: number) => view.getUint8(at) },
  "|u1": { width: 1, whole: true, read: (view: DataView, at: number) => view.getUint8(at) },
  "|i1": { width: 1, whole: true, read: (view: DataView, at: number) => view.getInt8(at) },
  "<i2": { width: 2, whole: true, read: (view: DataView, at: number) => view.getInt16(at, true) },
  "<i4": { width: 4, whole: true, read: (view: DataView, at: number) => view.getInt32(at, true) },
  "<i8": { width: 8, whole: true, read: (view: DataView, at: number) => Number(view.getBigInt64(at, true)) },
} as const;
const isType = (descr: string): descr is keyof typeof types => Object.hasOwn(types, descr);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

interface Header {
  readonly descr: keyof typeof types;
  readonly shape: readonly number[];
  readonly start: number;
}

/** NumPy's .npy, versions 1 and 2 (numpy.org, `numpy.lib.format`): magic, version, header length, a Python dict as text, the numbers. */
const readHeader = (bytes: Uint8Array, file: string): Header => {
  const cutOff = (needed: number): never =>
    refuse("MTT5504", {
      message: `${file}: the .npy header needs ${needed} bytes, and the file ends at byte ${bytes.length}`,
      file,
      offset: bytes.length,
      expected: `${needed} bytes`,
      found: `${bytes.length} bytes`,
      help: "the file was cut off: write it again with numpy.save",
    });
  if (!MAGIC.every((byte, at) => at >= bytes.length || bytes[at] === byte)) {
    refuse("MTT5503", {
      message: `${file} is no .npy file: it does not begin with \\x93NUMPY`,
      file,
      offset: 0,
      expected: "\\x93NUMPY",
      found: [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      help: 'write it with numpy.save; an array of an .npz archive is named behind it: "data.npz/x"',
    });
  }
  if (bytes.length < 12) cutOff(12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) bad(file, 6, "version 1, 2 or 3", `version ${version}`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = (version === 1 ? 10 : 12) + length;
  if (length > LIMITS.npyHeader) bad(file, 8, `a header of at most ${LIMITS.npyHeader} bytes`, `${length} bytes`);
  if (bytes.length < start) cutOff(start);
  const text = new TextDecoder().decode(bytes.subarray(start - length, start));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    return bad(file, start - length, "descr, fortran_order and shape", text.trim().slice(0, 80));
  }
  if (!isType(descr)) return bad(file, start - length, `one of ${Object.keys(types).join(" ")}`, descr);
  const shape = sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  if (shape.length > LIMITS.axes) bad(file, start - length, `at most ${LIMITS.axes} axes`, `${shape.length} axes`);
  if (order === "True" && shape.length > 1) {
    bad(file, start - length, "row-major order (fortran_order False)", "fortran_order True");
  }
  return { descr, shape, start };
};

const bad = (file: string, offset: number, expected: string, found: string): never =>
  refuse("MTT5503", {
    message: `${file}: the .npy header at byte ${offset} says ${found}, and mtt reads ${expected}`,
    file,
    offset,
    expected,
    found,
    help: "write the array again: numpy.save(file, numpy.ascontiguousarray(array).astype('<f4'))",
  });

/** What an array's header says, before anything of the array is read. */
export const headOf = (
  bytes: Uint8Array,
  file: string,
): { readonly descr: string; readonly shape: readonly number[] } => readHeader(bytes, file);

/** The number of elements that the header announces and the file holds, no more and no less. */
const elementsOf = (bytes: Uint8Array, file: string, { descr, shape, start }: Header): number => {
  const elements = shape.reduce((product, size) => product * size, 1);
  withinColumn(`${descr} [${shape.join(", ")}]`, file, elements, 8);
  const expected = start + elements * types[descr].width;
  if (bytes.length !== expected) {
    refuse(bytes.length < expected ? "MTT5504" : "MTT5505", {
      message: `${file}: [${shape.join(", ")}] of ${descr} needs ${expected} bytes, and the file has ${bytes.length}`,
      file,
      offset: Math.min(bytes.length, expected),
      expected: `${expected} bytes`,
      found: `${bytes.length} bytes`,
      help: "the file was cut off or is damaged: write it again",
    });
  }
  return elements;
};

/** What each element type becomes. Whole numbers become i32, where they fit. */
const dtypes = { "<f4": "f32", "<f8": "f64", "|b1": "bool" } as const;
const isKept = (descr: string): descr is keyof typeof dtypes => Object.hasOwn(dtypes, descr);

/** The whole array, whatever its shape. */
export const parseArray = (bytes: Uint8Array, file: string): Tensor => {
  const header = readHeader(bytes, file);
  const { descr, shape, start } = header;
  const elements = elementsOf(bytes, file, header);
  const { width, read } = types[descr];
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, elements * width);
  const array = zeros(isKept(descr) ? dtypes[descr] : "i32", shape);
  for (let k = 0; k < elements; k++) {
    const value = read(view, k * width);
    array.data[k] = value;
    if (array.dtype === "i32" && array.data[k] !== value)
      return refuse("MTT5508", {
        message: `${file}: element ${k} is ${value}, which i32 cannot hold`,
        file,
        offset: start + k * width,
        expected: "i32",
        found: String(value),
        help: "write floats",
      });
  }
  return array;
};

/**
 * Examples of a field: [n, …field shape] in the file; with `alone` also […field shape], one example. Numbers are taken as they are; bytes are not
 * scaled.
 */
export const parseNpy = (
  bytes: Uint8Array,
  file: string,
  field: Field,
  { alone = false }: { readonly alone?: boolean } = {},
): Column => {
  const header = readHeader(bytes, file);
  const { descr, start } = header;
  const shape = alone && sameShape(header.shape, field.type.shape) ? [1, ...header.shape] : header.shape;
  const { width, whole, read } = types[descr];
  const { dtype } = field.type;
  const isFloat = dtype === "f32" || dtype === "f64";
  if (shape.length === 0 || !sameShape(shape.slice(1), field.type.shape) || (!isFloat && !whole)) {
    refuse("MTT5508", {
      message: `${file}: \`${field.name}\` is declared ${showField(field)}, and the file holds ${descr} [${shape.join(", ")}]`,
      file,
      offset: start,
      expected: `[n${field.type.shape.map((size) => `, ${size}`).join("")}] of ${isFloat ? "numbers" : "integers"}`,
      found: `${descr} [${shape.join(", ")}]`,
      help: "the first axis counts the examples; the rest must be the declared shape",
    });
  }
  const elements = elementsOf(bytes, file, header);
  withinExamples(file, shape[0] ?? 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, elements * width);
  if (isFloat) {
    if (descr === "|u1") return makeColumn(field, bytes.slice(start));
    const data = dtype === "f32" ? new Float32Array(elements) : new Float64Array(elements);
    for (let k = 0; k < elements; k++) data[k] = read(view, k * width);
    return makeColumn(field, data);
  }
  // Checked as read: what i32 cannot hold must not wrap around into a valid label.
  const data = new Float64Array(elements);
  for (let k = 0; k < elements; k++) data[k] = read(view, k * width);
  if (field.classes !== undefined) {
    checkLabels(data, field, file, (row) => start + row * width);
    return makeColumn(field, packLabels(data, field));
  }
  const outside = data.findIndex((value) => value !== (dtype === "bool" ? Number(value !== 0) : value | 0));
  if (outside >= 0) {
    refuse("MTT5508", {
      message: `${file}: element ${outside} is ${data[outside]}, which ${dtype} cannot hold`,
      file,
      offset: start + outside * width,
      expected: dtype,
      found: String(data[outside]),
      help: "declare a float field",
    });
  }
  return makeColumn(field, dtype === "bool" ? Uint8Array.from(data) : Int32Array.from(data));
};
