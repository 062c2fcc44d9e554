import { reads, type Windows } from "../windows.ts";
import type { Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { pad } from "./structure.ts";

export { alongAxis, isTiling, TILES, type Windows } from "../windows.ts";

/** x[n, places, c] -> x[n, at, c] by one copy of c elements for each place; -1 reads `fill`. */
export function take(emitter: Emitter, x: OnnxValue, at: Int32Array, fill: number): OnnxValue {
  const [n, places, c] = x.shape as readonly [number, number, number];
  if (at.length === places && at.every((place, i) => place === i)) return x;
  const outside = at.includes(-1);
  const padded = outside ? pad(emitter, x, [0, 0, 0], [0, 1, 0], fill) : x;
  const indices = outside ? at.map((place) => (place === -1 ? places : place)) : at;
  const index = emitter.constant("i32", [at.length], indices);
  return emitter.emit("Gather", [padded, index], x.type, [n, at.length, c], { axis: { int: 1 } });
}

/** patches [n, h' w' kh kw, c] -> x[n, h w, c]: each place adds up what was read from it. */
export function unpatch(emitter: Emitter, patches: OnnxValue, windows: Windows): OnnxValue {
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
  const taken = take(emitter, patches, at, 0);
  if (most === 1) return taken;
  const split = emitter.reshape(taken, [n, places, most, c]);
  return emitter.emit("ReduceSum", [split, emitter.ints([2])], patches.type, [n, places, c], { keepdims: { int: 0 } });
}
