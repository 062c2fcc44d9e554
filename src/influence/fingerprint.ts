/**
 * 128 bits of an array's content in hexadecimal, for keys of solves (the store's own hash covers objects; this room has none): MurmurHash3 x86_128
 * (Appleby 2011) over the little-endian 32-bit words of the numbers.
 */
export const fingerprint = (data: Float64Array): string => {
  const words = littleEndian(data);
  const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
  let [h1, h2, h3, h4] = [0, 0, 0, 0];
  for (let i = 0; i < words.length; i += 4) {
    h1 ^= scramble(words[i]!, c1, 15, c2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= scramble(words[i + 1]!, c2, 16, c3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= scramble(words[i + 2] ?? 0, c3, 17, c4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= scramble(words[i + 3] ?? 0, c4, 18, c1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const length = data.byteLength;
  [h1, h2, h3, h4] = mixed(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length);
  [h1, h2, h3, h4] = mixed(finish(h1), finish(h2), finish(h3), finish(h4));
  return [h1, h2, h3, h4].map((h) => (h >>> 0).toString(16).padStart(8, "0")).join("");
};

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
const scramble = (word: number, c: number, by: number, d: number): number =>
  Math.imul(rotate(Math.imul(word, c), by), d);

const mixed = (a: number, b: number, c: number, d: number): [number, number, number, number] => {
  const sum = (a + b + c + d) | 0;
  return [sum, (b + sum) | 0, (c + sum) | 0, (d + sum) | 0];
};

const finish = (h: number): number => {
  let x = h ^ (h >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
};

/** The same words on every machine. */
const littleEndian = (data: Float64Array): Int32Array => {
  const own = new Int32Array(data.buffer, data.byteOffset, data.length * 2);
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return own;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  // Each number's low word first.
  return Int32Array.from(own, (_, i) => view.getInt32(8 * (i >> 1) + (i % 2 === 0 ? 4 : 0)));
};
