import type { Dataset } from "../../src/data/dataset.ts";
import { gather } from "../../src/data/gather.ts";
import type { Setting } from "../../src/execute/setting.ts";
import { folder, runProgram } from "./run-program.ts";

/** Runs the program; gives the model's parameters and the first rows of `blame`'s scores too. */
export const run = async (text: string, store = folder(), more: Partial<Setting> = {}) => {
  const result = await runProgram(text, store, more);
  if (result.outcome("model") === undefined) throw new Error(JSON.stringify(result.diagnostics));
  const blame = result.outcomes.has("blame") ? await result.scores("blame", 2) : undefined;
  return { ...result, parameters: await result.arrays("model", "parameters"), blame };
};

export const STRENGTH = 0.05;
/** Drawn digits, pooled to 16 pixels, and ten linear scores: a convex problem of 160 weights. */
export const model = `
let digits = glyphs(n: 40, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
train model {
  network: N, data: digits.train, loss: softmax_cross_entropy
  optimizer: lbfgs(tolerance: 1e-9), regularize: l2(${STRENGTH})
}
`;
/** Softmax of the logits x W, W [16, 10]. */
const probabilities = (w: Float64Array, x: ArrayLike<number>): readonly number[] => {
  const logits = Array.from({ length: 10 }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < 16; i++) sum += x[i]! * w[i * 10 + k]!;
    return sum;
  });
  const powers = logits.map((z) => Math.exp(z - Math.max(...logits)));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
};

export const lossOf = (w: Float64Array, x: ArrayLike<number>, label: number): number =>
  -Math.log(probabilities(w, x)[label]!);

/** Gradient of the loss of one example by W, by hand: x (p - y)ᵀ. */
export const lossGradient = (w: Float64Array, x: ArrayLike<number>, label: number): Float64Array => {
  const p = probabilities(w, x);
  return Float64Array.from({ length: 160 }, (_, at) => {
    const k = at % 10;
    return x[Math.floor(at / 10)]! * (p[k]! - (k === label ? 1 : 0));
  });
};

/** Means over 2 x 2 pixels of 8 x 8. */
const pooled = (pixels: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: 16 }, (_, at) => {
    const first = 16 * Math.floor(at / 4) + 2 * (at % 4);
    return (pixels[first]! + pixels[first + 1]! + pixels[first + 8]! + pixels[first + 9]!) / 4;
  });

export const rowsOf = (data: Dataset) => {
  const n = data.index.length;
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const [image, label] = [gather(data, "image", all, "f64"), gather(data, "label", all, "f64")];
  return Array.from({ length: n }, (_, i) => ({
    x: pooled(image.data.subarray(i * 64, (i + 1) * 64)),
    label: Number(label.data[i]),
  }));
};

/** Solves by Gauss's elimination with pivots. */
export const solve = (matrix: readonly Float64Array[], rhs: Float64Array): Float64Array => {
  const rows = matrix.map((row, i) => Float64Array.from([...row, rhs[i]!]));
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= n; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  const x = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = rows[k]![n]!;
    for (let j = k + 1; j < n; j++) sum -= rows[k]![j]! * x[j]!;
    x[k] = sum / rows[k]![k]!;
  }
  return x;
};

export type Example = ReturnType<typeof rowsOf>[number];

/** ∇R with a weight for each example, and the mean still over all. */
export const objectiveGradient = (
  w: Float64Array,
  examples: readonly Example[],
  weights: ArrayLike<number> = examples.map(() => 1),
): Float64Array => {
  const sum = w.map((value) => STRENGTH * value);
  for (const [at, { x, label }] of examples.entries())
    for (const [i, g] of lossGradient(w, x, label).entries()) sum[i]! += (weights[at]! * g) / examples.length;
  return sum;
};

/** By central differences of the gradient. */
export const hessianOf = (
  w: Float64Array,
  examples: readonly Example[],
  weights?: ArrayLike<number>,
): readonly Float64Array[] => {
  const step = 1e-4;
  return Array.from(w, (_, i) => {
    const [up, down] = [w.slice(), w.slice()];
    up[i]! += step;
    down[i]! -= step;
    const [high, low] = [objectiveGradient(up, examples, weights), objectiveGradient(down, examples, weights)];
    return high.map((g, j) => (g - low[j]!) / (2 * step));
  });
};
