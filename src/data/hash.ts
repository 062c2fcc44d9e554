import { createHash } from "node:crypto";
import type { Field } from "../plan/dataset.ts";
import { canonicalJson } from "../plan/json.ts";
import { type Hash, hashBytes, hashJson } from "../store/hash.ts";
import type { Column } from "./dataset.ts";

/** Memory of a typed array as bytes, not copied. */
export const bytesOf = (data: Column["data"]): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Of the type, what a stored number means, and the contents; never of the name, the path or the file's packing. */
export const hashColumn = (field: Field, data: Column["data"], scale: number): Hash => {
  const { type, classes } = field;
  const head = canonicalJson({
    ...(classes === undefined ? {} : { classes }),
    dtype: type.dtype,
    shape: type.shape,
    stored: data.constructor.name,
    scale,
  });
  return createHash("sha256").update(head).update("\n").update(bytesOf(data)).digest("hex");
};

export const hashSource = (columns: ReadonlyMap<string, Column>): Hash => hashJson({ columns: hashes(columns) });

/** A view that changes nothing is its source: it has the source's hash. */
export const hashView = (source: Hash, size: number, columns: ReadonlyMap<string, Column>, index: Int32Array): Hash => {
  const whole = index.length === size && index.every((at, position) => at === position);
  if (whole && hashSource(columns) === source) return source;
  return hashJson({ source, columns: hashes(columns), index: whole ? null : hashBytes(bytesOf(index)) });
};

const hashes = (columns: ReadonlyMap<string, Column>): Record<string, string> =>
  Object.fromEntries([...columns].map(([name, column]) => [name, column.hash]));
