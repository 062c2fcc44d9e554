import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";
import type { Hash } from "../store/hash.ts";
import { Store } from "../store/store.ts";
import { StepFailure } from "./failure.ts";

/** NumPy's .npy, version 1: arrays too large for memory, written and read by rows. */
const types = { f32: "<f4", f64: "<f8", i32: "<i4", bool: "|b1" } as const;
const widths = { f32: 4, f64: 8, i32: 4, bool: 1 } as const;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** Ends at a multiple of 64 bytes, as NumPy writes it. */
export const npyHeader = (dtype: Tensor["dtype"], shape: readonly number[]): Uint8Array => {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${types[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 0x0a;
  return bytes;
};

export const npyBytes = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Writes an array of this shape as an object of the store, from row 0 on; there when `finish` answers. */
export const beginArray = Effect.fnUntraced(function* (dtype: Tensor["dtype"], shape: readonly number[]) {
  const store = yield* Store;
  const object = yield* store.beginObject;
  yield* object.write(npyHeader(dtype, shape));
  let left = sizeOf(shape);
  return {
    write: (rows: Tensor) => {
      left -= rows.data.length;
      if (rows.dtype !== dtype || left < 0) throw new TypeError(`these rows do not belong to ${dtype}[${shape}]`);
      return object.write(npyBytes(rows));
    },
    finish: Effect.suspend(() => {
      if (left !== 0) throw new TypeError(`${left} numbers of ${dtype}[${shape}] were never written`);
      return object.finish;
    }),
  };
});

/** Rows `from` to `to` (exclusive) of the array in the object. */
export const readRows = Effect.fnUntraced(function* (hash: Hash, from: number, to: number) {
  const store = yield* Store;
  const gone = new StepFailure({
    code: "MTT5104",
    message: `the array ${hash} is missing from the store, or damaged`,
    help: "run again: what it belongs to is computed anew",
  });
  const piece = (start: number, end: number) =>
    Effect.flatMap(
      store.readObject(hash, start, end),
      Option.match({ onNone: () => Effect.fail(gone), onSome: Effect.succeed }),
    );
  const head = yield* piece(0, 10);
  const start = 10 + new DataView(head.buffer, head.byteOffset, 10).getUint16(8, true);
  const text = new TextDecoder().decode(yield* piece(10, start));
  const described = /'descr': '([^']*)'.*'shape': \(([^)]*)\)/.exec(text);
  const dtype = decodeType(described?.[1]);
  const shape = (described?.[2] ?? "").split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  const width = widths[dtype] * sizeOf(shape.slice(1));
  const bytes = yield* piece(start + from * width, start + to * width);
  // A copy of its own, aligned.
  const { buffer } = bytes.slice();
  const result: Tensor = { dtype, shape: [to - from, ...shape.slice(1)], data: new constructors[dtype](buffer) };
  return result;
});

const Known = Schema.Literals(["<f4", "<f8", "<i4", "|b1"]);
const known = Schema.decodeUnknownSync(Known);
const decodeType = (descr: string | undefined): Tensor["dtype"] =>
  (({ "<f4": "f32", "<f8": "f64", "<i4": "i32", "|b1": "bool" }) as const)[known(descr)];
