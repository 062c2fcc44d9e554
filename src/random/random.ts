import { hashPurpose, philox, Words } from "./philox.ts";

/** (seed, epoch, step, example), each taken modulo 2^32. */
export type RandomKey = readonly [seed: number, epoch: number, step: number, example: number];

/** `count` integers, each uniform over [0, 2^24), what an f32 holds exactly: position i of the stream of this key and purpose. */
export function randomBits(key: RandomKey, purpose: string, count: number): Int32Array {
  const out = new Int32Array(count);
  fillRandomBits(Int32Array.from(key), purpose, count, out);
  return out;
}

/** `randomBits` of every key: keys [B, 4] -> out [B, perExample]. Philox key (seed, purpose), counter (epoch, step, example, block). */
export function fillRandomBits(keys: Int32Array, purpose: string, perExample: number, out: Int32Array): void {
  const k1 = hashPurpose(purpose);
  const examples = keys.length / 4;
  if (!Number.isInteger(examples) || out.length !== examples * perExample)
    throw new RangeError(`${keys.length / 4} keys of ${perExample} draws do not fill ${out.length}`);
  const block = new Int32Array(4);
  for (let b = 0; b < examples; b++) {
    const k0 = keys[4 * b]!;
    const epoch = keys[4 * b + 1]!;
    const step = keys[4 * b + 2]!;
    const example = keys[4 * b + 3]!;
    const end = (b + 1) * perExample;
    for (let at = b * perExample, number = 0; at < end; at += 4, number++) {
      philox(epoch, step, example, number, k0, k1, block);
      const inBlock = Math.min(4, end - at);
      for (let i = 0; i < inBlock; i++) out[at + i] = block[i]! >>> 8;
    }
  }
}

/** A permutation of 0 … n - 1, every one as likely: Fisher and Yates's shuffle. n < 2^31. */
export function permutation(seed: number, purpose: string, epoch: number, n: number): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const words = new Words(seed, purpose, [epoch, 0, 0]);
  for (let i = n - 1; i > 0; i--) {
    const j = words.below(i + 1);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** Fills with draws from [low, high). `number` tells apart the draws of one purpose: the number of a weight, say. */
export function fillUniform(out: Floats, seed: number, purpose: string, number: number, low = 0, high = 1): void {
  const words = new Words(seed, purpose, [number, 0, 0]);
  for (let i = 0; i < out.length; i++) out[i] = low + (high - low) * words.uniform();
}

/** Fills with mean 0 and this standard deviation (Box and Muller). */
export function fillNormal(out: Floats, seed: number, purpose: string, number: number, stddev = 1): void {
  const draw = normals(new Words(seed, purpose, [number, 0, 0]));
  for (let i = 0; i < out.length; i++) out[i] = stddev * draw();
}

/** As TensorFlow: a normal draw farther than two standard deviations is drawn again, so the result's deviation is 0.8796 of `stddev`. */
export function fillTruncatedNormal(out: Floats, seed: number, purpose: string, number: number, stddev = 1): void {
  const draw = normals(new Words(seed, purpose, [number, 0, 0]));
  for (let i = 0; i < out.length; i++) {
    let z = draw();
    while (Math.abs(z) > 2) z = draw();
    out[i] = stddev * z;
  }
}

/** `count` draws from [0, 1). */
export const uniform = (seed: number, purpose: string, number: number, count: number): Float64Array =>
  filled(count, (out) => fillUniform(out, seed, purpose, number));

export const normal = (seed: number, purpose: string, number: number, count: number): Float64Array =>
  filled(count, (out) => fillNormal(out, seed, purpose, number));

export const truncatedNormal = (seed: number, purpose: string, number: number, count: number): Float64Array =>
  filled(count, (out) => fillTruncatedNormal(out, seed, purpose, number));

export type Floats = Float64Array | Float32Array;

/** sqrt(-2 ln u) cos(2 pi v) and the same with sin, u in (0, 1]. */
function normals(words: Words): () => number {
  let spare = Number.NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const z = spare;
      spare = Number.NaN;
      return z;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - words.uniform()));
    const angle = 2 * Math.PI * words.uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function filled(count: number, fill: (out: Float64Array) => void): Float64Array {
  const out = new Float64Array(count);
  fill(out);
  return out;
}
