/** A sequence of numbers in [0, 1) that a seed alone decides. */
export const randomOf = (seed: number): (() => number) => {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
};

const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x1f, 0x8b, 0x22, 0x5b, 0x7b];
const WORDS = [0, 1, 0x7f, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const LONGS = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n];
const NUMBERS = ["-1", "0", "9007199254740993", "4294967296", "1e999", "99999999999999999999", "1.5", "NaN", "", "[0]"];

type Change = (bytes: Uint8Array, next: () => number, other: Uint8Array) => Uint8Array;

const place = (bytes: Uint8Array, next: () => number): number => Math.floor(next() * (bytes.length + 1));
const pick = <T>(list: readonly T[], next: () => number): T => list[Math.floor(next() * list.length)]!;
const splice = (bytes: Uint8Array, from: number, to: number, piece: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)]));
const over = (bytes: Uint8Array, at: number, write: (view: DataView) => void, width: number): Uint8Array => {
  if (bytes.length < width) return bytes;
  const changed = bytes.slice();
  write(new DataView(changed.buffer, Math.min(at, bytes.length - width), width));
  return changed;
};

/** Headers lie at the beginning: half of the changes of numbers go there. */
const early = (bytes: Uint8Array, next: () => number): number =>
  next() < 0.5 ? Math.floor(next() * Math.min(64, bytes.length)) : place(bytes, next);

const changes: Readonly<Record<string, Change>> = {
  "a bit": (bytes, next) =>
    over(bytes, early(bytes, next), (view) => view.setUint8(0, view.getUint8(0) ^ (1 << Math.floor(next() * 8))), 1),
  "a byte": (bytes, next) => over(bytes, early(bytes, next), (view) => view.setUint8(0, pick(BYTES, next)), 1),
  "16 bits": (bytes, next) =>
    over(bytes, early(bytes, next), (view) => view.setUint16(0, pick(WORDS, next) & 0xffff, next() < 0.5), 2),
  "32 bits": (bytes, next) =>
    over(bytes, early(bytes, next), (view) => view.setUint32(0, pick(WORDS, next), next() < 0.5), 4),
  "64 bits": (bytes, next) =>
    over(bytes, early(bytes, next), (view) => view.setBigUint64(0, pick(LONGS, next), next() < 0.5), 8),
  "cut off": (bytes, next) => bytes.slice(0, place(bytes, next)),
  "a piece gone": (bytes, next) => {
    const from = place(bytes, next);
    return splice(bytes, from, Math.min(bytes.length, from + Math.floor(next() * 16)), new Uint8Array());
  },
  "a piece twice": (bytes, next) => {
    const from = place(bytes, next);
    const piece = bytes.subarray(from, from + Math.floor(next() * 64));
    return splice(bytes, from, from, piece);
  },
  "a piece of another": (bytes, next, other) => {
    const from = place(other, next);
    const at = place(bytes, next);
    return splice(
      bytes,
      at,
      Math.min(bytes.length, at + Math.floor(next() * 32)),
      other.subarray(from, from + Math.floor(next() * 64)),
    );
  },
  "a written number": (bytes, next) => {
    const text = Buffer.from(bytes).toString("latin1");
    const found = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
    if (found.length === 0) return bytes;
    const { index, 0: number } = pick(found, next);
    return splice(bytes, index, index + number.length, Buffer.from(pick(NUMBERS, next)));
  },
  "behind the end": (bytes, next) =>
    splice(bytes, bytes.length, bytes.length, new Uint8Array(Math.floor(next() * 100)).fill(pick(BYTES, next))),
};
const names = Object.keys(changes);

/** One to four changes, in the order of the seed. */
export const mutated = (
  bytes: Uint8Array,
  next: () => number,
  other: Uint8Array,
): { readonly bytes: Uint8Array; readonly how: string } => {
  const how: string[] = [];
  let now = bytes;
  for (let left = 1 + Math.floor(next() * 4); left > 0; left--) {
    const name = pick(names, next);
    now = changes[name]!(now, next, other);
    how.push(name);
  }
  return { bytes: now, how: how.join(", ") };
};
