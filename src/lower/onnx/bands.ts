import type { Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { alongAxis, take, type Windows } from "./windows.ts";

// A convolution of few channels as one product of whole image rows with a band matrix: row y of the output is the rows it reads, [kh W c], times
// [kh W c, w' o], in which the kernel lies shifted by the stride for each output column. Zeros are multiplied too, and no small piece is copied.

/** x[n, h w, c] -> the rows that each output row reads, [n h', kh W c]. */
export function bandRows(emitter: Emitter, x: OnnxValue, windows: Windows): OnnxValue {
  const [n, , c] = x.shape as readonly [number, number, number];
  const { input, kernel, stride, dilation } = windows;
  const { out, low } = alongAxis(windows, 0);
  const at = Int32Array.from({ length: out * kernel[0] }, (_, i) => {
    const row = Math.floor(i / kernel[0]) * stride[0] - low + (i % kernel[0]) * dilation[0];
    return row >= 0 && row < input[0] ? row : -1;
  });
  const rows = take(emitter, emitter.reshape(x, [n, input[0], input[1] * c]), at, 0);
  return emitter.reshape(rows, [n * out, kernel[0] * input[1] * c]);
}

/** w[kh, kw, c, o] -> [kh W c, w' o] */
export function bandMatrix(emitter: Emitter, w: OnnxValue, windows: Windows): OnnxValue {
  const [kh, , c, o] = w.shape as readonly [number, number, number, number];
  const { out, taps } = band(windows);
  const columns = windows.input[1];
  const placed = take(emitter, emitter.reshape(w, [kh, windows.kernel[1], c * o]), taps, 0);
  const ordered = emitter.transpose(emitter.reshape(placed, [kh, columns, out, c, o]), [0, 1, 3, 2, 4]);
  return emitter.reshape(ordered, [kh * columns * c, out * o]);
}

/** The transpose of `bandMatrix`: what falls on one weight adds up. [kh W c, w' o] -> [kh, kw, c, o] */
export function unband(emitter: Emitter, matrix: OnnxValue, windows: Windows, shape: readonly number[]): OnnxValue {
  const [kh, kw, c, o] = shape as readonly [number, number, number, number];
  const { out, places } = band(windows);
  const columns = windows.input[1];
  const split = emitter.reshape(matrix, [kh, columns, c, out, o]);
  const apart = emitter.reshape(emitter.transpose(split, [0, 1, 3, 2, 4]), [kh, columns * out, c * o]);
  const taken = emitter.reshape(take(emitter, apart, places, 0), [kh, kw, out, c * o]);
  return emitter.emit("ReduceSum", [taken, emitter.ints([2])], matrix.type, [kh, kw, c * o], { keepdims: { int: 0 } });
}

/** Which tap of the kernel lies at [column, output column], and where in that the taps lie, [kw, output columns]; -1 for none. */
function band(windows: Windows): { readonly out: number; readonly taps: Int32Array; readonly places: Int32Array } {
  const { out, low } = alongAxis(windows, 1);
  const columns = windows.input[1];
  const taps = new Int32Array(columns * out).fill(-1);
  const places = new Int32Array(windows.kernel[1] * out).fill(-1);
  for (let x = 0; x < out; x++)
    for (let k = 0; k < windows.kernel[1]; k++) {
      const column = x * windows.stride[1] - low + k * windows.dilation[1];
      if (column < 0 || column >= columns) continue;
      taps[column * out + x] = k;
      places[k * out + x] = column * out + x;
    }
  return { out, taps, places };
}

/** Multiplications that the engine makes in the time it takes to copy one piece. */
const PRODUCTS_PER_COPY = 200;

/** Whether a band costs less than patches: n h' w' kh kw pieces to copy against W / kw times the products. */
export function bandIsCheaper(windows: Windows, channels: number, out: number): boolean {
  const [kh, kw] = windows.kernel;
  const columns = alongAxis(windows, 1).out;
  const banded = kh * windows.input[1] * channels * columns * out;
  const patched = columns * kh * kw * channels * out;
  return channels <= 4 && banded - patched < columns * kh * kw * PRODUCTS_PER_COPY;
}
