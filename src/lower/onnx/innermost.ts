import type { Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { gemm } from "./products.ts";
import { pad } from "./structure.ts";
import { cellMatrix, type Line, PATCHES, type Plane } from "./tiles.ts";
import { arrange, grouped, type View } from "./view.ts";
import { take } from "./windows.ts";

// Convolutions of many examples with the examples innermost: [c, h, w, n]. What windows read is copied by pieces of n, of which there are few, and the
// product's long side is (h', w', n): [o, kh kw c] [kh kw c, h' w' n].

/** How images lie. */
export const INNERMOST = [[3], [1, 2], [0]] as const;

/** Examples for which pieces are long enough, of whole lanes. */
const FEWEST = 64;
const LANES = 8;
/** Pieces whose places a model may hold. */
const MOST_PIECES = 500_000;

/** Whether a convolution of images of this shape is computed so. */
export const fitsInnermost = ([rows, columns]: Plane, n: number, channels: number): boolean =>
  n >= FEWEST && n % LANES === 0 && rows.out * columns.out * rows.kernel * columns.kernel * channels <= MOST_PIECES;

/** What windows read, [kh kw c, h' w' n]. */
function columns(emitter: Emitter, x: View, plane: Plane): OnnxValue {
  const [rows, across] = plane;
  const value = arrange(emitter, x, INNERMOST);
  const [c, places, n] = value.shape as readonly [number, number, number];
  const depth = rows.kernel * across.kernel * c;
  const at = emitter.indices(`of ${c} channels, ${JSON.stringify(plane)}`, () => reads(plane, c));
  // One place of zeros more, for what lies outside.
  const outside = rows.low > 0 || across.low > 0 || reachesOver(rows) || reachesOver(across);
  const pieces = emitter.reshape(value, [c * places, n]);
  const padded = outside ? pad(emitter, pieces, [0, 0], [1, 0], 0) : pieces;
  const taken = emitter.emit("Gather", [padded, at], x.dtype, [at.shape[0]!, n], { axis: { int: 0 } });
  return emitter.reshape(taken, [depth, rows.out * across.out * n]);
}

const reachesOver = ({ input, kernel, stride, dilation, out, low }: Line): boolean =>
  (out - 1) * stride + (kernel - 1) * dilation - low >= input;

/** Places in [c, h, w], [kh, kw, c, h', w'] flat; c h w outside. */
function reads([rows, across]: Plane, c: number): Int32Array {
  const at = new Int32Array(rows.kernel * across.kernel * c * rows.out * across.out);
  let next = 0;
  for (let ky = 0; ky < rows.kernel; ky++)
    for (let kx = 0; kx < across.kernel; kx++)
      for (let channel = 0; channel < c; channel++)
        for (let y = 0; y < rows.out; y++)
          for (let x = 0; x < across.out; x++) {
            const row = y * rows.stride - rows.low + ky * rows.dilation;
            const column = x * across.stride - across.low + kx * across.dilation;
            const inside = row >= 0 && row < rows.input && column >= 0 && column < across.input;
            at[next++] = inside ? (channel * rows.input + row) * across.input + column : c * rows.input * across.input;
          }
  return at;
}

/** With a bias[o], or none. */
export function convolve(
  emitter: Emitter,
  x: View,
  w: View,
  bias: View | undefined,
  plane: Plane,
  shape: readonly number[],
): View {
  const kernel = arrange(emitter, w, [[0, 1, 2], [3]]);
  const each = bias && emitter.reshape(arrange(emitter, bias, [[0]]), [shape[3]!, 1]);
  const value = gemm(emitter, kernel, columns(emitter, x, plane), true, false, each);
  return grouped(emitter, value, x.dtype, shape, [[3], [1, 2, 0]]);
}

export function filterGradient(emitter: Emitter, x: View, dy: View, plane: Plane, shape: readonly number[]): View {
  const outputs = arrange(emitter, dy, INNERMOST);
  const [o, places, n] = outputs.shape as readonly [number, number, number];
  const value = gemm(emitter, columns(emitter, x, plane), emitter.reshape(outputs, [o, places * n]), false, true);
  return grouped(emitter, value, x.dtype, shape, [[0, 1, 2], [3]]);
}

/** By cells: see `cellPlane`. */
export function inputGradient(
  emitter: Emitter,
  dy: View,
  w: View,
  plane: Plane,
  near: Plane,
  shape: readonly number[],
): View {
  const [n, height, width, c] = shape as readonly [number, number, number, number];
  const [{ stride: down }, { stride: across }] = plane;
  const [rows, cells] = [near[0].out, near[1].out];
  const matrix = cellMatrix(emitter, w, plane, near, PATCHES(near[1]));
  const values = gemm(emitter, matrix, columns(emitter, dy, near), true);
  // [sh sw c, cells n] -> [c, h w, n]
  const at = Int32Array.from({ length: c * height * width }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    const phase = (y % down) * across + (x % across);
    return ((phase * c + channel) * rows + Math.floor(y / down)) * cells + Math.floor(x / across);
  });
  const taken = take(emitter, emitter.reshape(values, [1, down * across * c * rows * cells, n]), at, 0);
  return grouped(emitter, emitter.reshape(taken, [c, height * width, n]), dy.dtype, shape, INNERMOST);
}
