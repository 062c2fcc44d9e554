/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3; SC 2011): a bijection of 128-bit counters under a
 * 64-bit key. Any block of a stream is computed without those before it, so a draw is a function of what it is for.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
/** The golden ratio and sqrt(3) - 1, added to the key each round. */
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;

/** The high 32 bits of the product of two unsigned numbers, as int32. */
export function multiplyHigh(a: number, b: number): number {
  const ah = a >>> 16;
  const al = a & 0xffff;
  const bh = b >>> 16;
  const bl = b & 0xffff;
  const cross1 = Math.imul(ah, bl);
  const cross2 = Math.imul(al, bh);
  const middle = (Math.imul(al, bl) >>> 16) + (cross1 & 0xffff) + (cross2 & 0xffff);
  return (Math.imul(ah, bh) + (cross1 >>> 16) + (cross2 >>> 16) + (middle >>> 16)) | 0;
}

/** Writes the four 32-bit words of one block to out[at … at + 3]. */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Int32Array,
  at = 0,
): void {
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/** FNV-1a over the UTF-16 code units, then mixed so that near names differ in every bit. The second half of a key. */
export function hashPurpose(purpose: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) {
    const unit = purpose.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** The words of one stream in order: key (seed, purpose), counter (c0, c1, c2, block). */
export class Words {
  readonly #block = new Int32Array(4);
  readonly #key: readonly [number, number];
  readonly #counter: readonly [number, number, number];
  #blocks = 0;
  #left = 0;

  constructor(seed: number, purpose: string, counter: readonly [number, number, number]) {
    this.#key = [seed | 0, hashPurpose(purpose)];
    this.#counter = counter;
  }

  /** A uniform int32. */
  next(): number {
    if (this.#left === 0) {
      const [c0, c1, c2] = this.#counter;
      philox(c0, c1, c2, this.#blocks++, this.#key[0], this.#key[1], this.#block);
      this.#left = 4;
    }
    return this.#block[4 - this.#left--]!;
  }

  /** Uniform over [0, 1), all 53 bits. */
  uniform(): number {
    const high = this.next() >>> 5;
    return (high * 0x4000000 + (this.next() >>> 6)) / 0x20000000000000;
  }

  /** Uniform over [0, bound), bound < 2^32, without bias: the high word of a product, redrawn where the low word is in the uneven part (Lemire 2019). */
  below(bound: number): number {
    const uneven = 0x100000000 % bound;
    for (;;) {
      const word = this.next();
      if (Math.imul(word, bound) >>> 0 >= uneven) return multiplyHigh(word, bound) >>> 0;
    }
  }
}
