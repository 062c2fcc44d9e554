import type { Padding } from "../ir/primitives.ts";
import { window } from "../shape/dim.ts";

/** How windows of `kernel` lie along the two axes of an input. */
export interface Windows {
  readonly input: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: Padding;
}

export interface Axis {
  /** How many places the window visits. */
  readonly out: number;
  /** Padding before the input. */
  readonly low: number;
}

/** TensorFlow's padding: `same` puts half of what is missing before the input, rounded down. */
export function alongAxis({ input, kernel, stride, dilation, padding }: Windows, i: 0 | 1): Axis {
  const extent = (kernel[i] - 1) * dilation[i] + 1;
  const out = window(input[i], extent, stride[i], padding);
  if (typeof out !== "number") throw new TypeError("a graph's sizes are numbers and its windows fit");
  const missing = padding === "same" ? Math.max((out - 1) * stride[i] + extent - input[i], 0) : 0;
  return { out, low: missing >> 1 };
}

/** Whether windows neither overlap nor leave a rest. */
export const isTiling = ({ input, kernel, stride, dilation }: Windows): boolean =>
  ([0, 1] as const).every((i) => kernel[i] === stride[i] && dilation[i] === 1 && input[i] % kernel[i] === 0);

/** How tiles [n, h', w', kh, kw, c] lie in an image: nothing is copied. */
export const TILES = [[0], [1], [3], [2], [4], [5]] as const;

/** Places in the input that windows read, [out h, out w, kernel h, kernel w] flat; -1 outside. */
export function reads(windows: Windows): Int32Array {
  const [rows, columns] = [alongAxis(windows, 0), alongAxis(windows, 1)];
  const { input, kernel, stride, dilation } = windows;
  const result = new Int32Array(rows.out * columns.out * kernel[0] * kernel[1]);
  let at = 0;
  for (let y = 0; y < rows.out; y++)
    for (let x = 0; x < columns.out; x++)
      for (let ky = 0; ky < kernel[0]; ky++)
        for (let kx = 0; kx < kernel[1]; kx++) {
          const row = y * stride[0] - rows.low + ky * dilation[0];
          const column = x * stride[1] - columns.low + kx * dilation[1];
          const inside = row >= 0 && row < input[0] && column >= 0 && column < input[1];
          result[at++] = inside ? row * input[1] + column : -1;
        }
  return result;
}

/**
 * The input gradient of a convolution without dilation, as a convolution without stride. Inputs fall into cells of stride x stride; the taps that
 * reach cell q come from outputs q, q - 1, …, q - t + 1, so one product with t t out rows gives all inputs of a cell (sub-pixel convolution).
 */
export interface Cells {
  /** Outputs in the reach of a cell, along both axes. */
  readonly reach: readonly [number, number];
  readonly cells: readonly [number, number];
  /** [cells, reach h, reach w] flat: places in dy; -1 outside. */
  readonly outputs: Int32Array;
  /** [reach h, reach w, stride h, stride w] flat: places in the kernel; -1 where there is no tap. */
  readonly taps: Int32Array;
  /** [h, w] flat: places in [cells, stride h, stride w]. */
  readonly inputs: Int32Array;
}

export function cells(windows: Windows): Cells {
  const { input, kernel, stride } = windows;
  const axes = ([0, 1] as const).map((i) => {
    const { out, low } = alongAxis(windows, i);
    const first = Math.floor(low / stride[i]);
    const last = Math.floor((input[i] - 1 + low) / stride[i]);
    return { out, low, first, cells: last - first + 1, reach: Math.ceil(kernel[i] / stride[i]) };
  });
  const [rows, columns] = [axes[0]!, axes[1]!];
  const outputs = grid(rows.cells, columns.cells, rows.reach, columns.reach, (y, x, dy, dx) => {
    const [row, column] = [rows.first + y - dy, columns.first + x - dx];
    return row >= 0 && row < rows.out && column >= 0 && column < columns.out ? row * columns.out + column : -1;
  });
  const taps = grid(rows.reach, columns.reach, stride[0], stride[1], (dy, dx, ry, rx) => {
    const [ky, kx] = [dy * stride[0] + ry, dx * stride[1] + rx];
    return ky < kernel[0] && kx < kernel[1] ? ky * kernel[1] + kx : -1;
  });
  const inputs = grid(1, 1, input[0], input[1], (_, __, y, x) => {
    const [row, column] = [y + rows.low, x + columns.low];
    const cell =
      (Math.floor(row / stride[0]) - rows.first) * columns.cells + Math.floor(column / stride[1]) - columns.first;
    return (cell * stride[0] + (row % stride[0])) * stride[1] + (column % stride[1]);
  });
  return { reach: [rows.reach, columns.reach], cells: [rows.cells, columns.cells], outputs, taps, inputs };
}

function grid(
  a: number,
  b: number,
  c: number,
  d: number,
  at: (a: number, b: number, c: number, d: number) => number,
): Int32Array {
  const result = new Int32Array(a * b * c * d);
  let next = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) for (let l = 0; l < d; l++) result[next++] = at(i, j, k, l);
  return result;
}
