import { reads, type Windows } from "../windows.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import { pad } from "./structure.ts";

/** x[n, places, c] -> x[n, at, c] by one copy of c elements for each place; -1 reads `fill`. */
export function take(e: Emitter, x: TfValue, at: Int32Array, fill: number): TfValue {
  const [n, places, c] = x.shape as readonly [number, number, number];
  if (at.length === places && at.every((place, i) => place === i)) return x;
  if (c <= FEW && n >= MANY) return takeColumns(e, x, at, fill);
  const outside = at.includes(-1);
  const padded = outside ? pad(e, x, [0, 0, 0], [0, 1, 0], fill) : x;
  const index = e.constant("i32", [at.length], outside ? at.map((place) => (place === -1 ? places : place)) : at);
  return e.emit("GatherV2", [padded, index, e.int(1)], x.type, [n, at.length, c], {
    Tparams: { type: x.type },
    Tindices: { type: "i32" },
    Taxis: { type: "i32" },
  });
}

/** Channels so few, and examples so many, that copies of one place of all examples cost less than copies of one place. */
const FEW = 2;
const MANY = 32;

/** `take` with the examples innermost: [places, c n], whose rows are copied. */
function takeColumns(e: Emitter, x: TfValue, at: Int32Array, fill: number): TfValue {
  const [n, places, c] = x.shape as readonly [number, number, number];
  const columns = e.reshape(e.transpose(x, [1, 2, 0]), [1, places, c * n]);
  const taken = e.reshape(take(e, columns, at, fill), [at.length, c, n]);
  return e.transpose(taken, [2, 0, 1]);
}

/** x[n, h w, c] -> patches [n, h' w' kh kw, c] */
export const patches = (e: Emitter, x: TfValue, windows: Windows, fill: number): TfValue =>
  take(e, x, reads(windows), fill);

/** patches [n, h' w' kh kw, c] -> x[n, h w, c]: each place adds up what was read from it. */
export function unpatch(e: Emitter, patches: TfValue, windows: Windows): TfValue {
  const places = windows.input[0] * windows.input[1];
  const readers = Array.from({ length: places }, (): number[] => []);
  reads(windows).forEach((place, reader) => {
    if (place !== -1) readers[place]!.push(reader);
  });
  const most = Math.max(1, ...readers.map((list) => list.length));
  const at = new Int32Array(places * most).fill(-1);
  readers.forEach((list, place) => {
    at.set(list, place * most);
  });
  const [n, , c] = patches.shape as readonly [number, number, number];
  const taken = take(e, patches, at, 0);
  return most === 1 ? taken : e.reduce("Sum", e.reshape(taken, [n, places, most, c]), [2]);
}
