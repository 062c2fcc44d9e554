import type { Conv } from "../../ir/primitives.ts";
import type { Emitter } from "./emitter.ts";
import * as innermost from "./innermost.ts";
import type { OnnxValue } from "./model.ts";
import { gemm, matmul } from "./products.ts";
import type { Rules } from "./rule.ts";
import {
  cellMatrix,
  cellPlane,
  fromCells,
  PATCHES,
  type Plane,
  planeOf,
  type Tile,
  tileMatrix,
  tileOf,
  tileRows,
  untile,
} from "./tiles.ts";
import { arrange, grouped, plain, type View } from "./view.ts";
import { alongAxis, isTiling, TILES, unpatch, type Windows } from "./windows.ts";

/** The convolution trio and the pair of patches: what windows read is copied, then one product. */
export type Convolutions = "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient" | "unfold" | "fold";

const IMAGE = [[0], [1, 2], [3]] as const;
/** Tiles [n, h', w', kh, kw, c] with the examples innermost. */
const INNER_TILES = [[5], [1], [3], [2], [4], [0]] as const;

export const convolutions = {
  // patches(x)[n h' w', kh kw c] w[kh kw c, o]
  conv2d: (emitter, [x, w], params, type) => {
    const windows = of(params, [x!.shape[1]!, x!.shape[2]!], [w!.shape[0]!, w!.shape[1]!]);
    const { groups } = params;
    if (emitter.channelsFirst && type.dtype === "f32") return byEngine(emitter, x!, w!, windows, groups, type.shape);
    if (groups === 1) return byTiles(emitter, x!, w!, undefined, windows, type.shape);
    const value = matmul(emitter, patchRows(emitter, x!, windows, groups), weights(emitter, w!, groups));
    return fromGroups(emitter, value, type.dtype, type.shape);
  },

  // patches(x)^T[kh kw c, n h' w'] dy[n h' w', o]
  conv2d_filter_gradient: (emitter, [x, dy], params, type) => {
    const windows = of(params, [x!.shape[1]!, x!.shape[2]!], params.kernel_size);
    const { groups } = params;
    if (groups === 1) {
      const [kh, , c, o] = type.shape as readonly [number, number, number, number];
      const plane = planeOf(windows);
      if (liesInnermost(emitter, x!, plane)) return innermost.filterGradient(emitter, x!, dy!, plane, type.shape);
      const tile = tileOf(plane, c, o);
      const rows = tileRows(emitter, arrange(emitter, x!, IMAGE), plane, tile);
      const dims = [rows.shape[0]!, tile.outputs * o];
      const outputs = emitter.reshape(arrange(emitter, dy!, [[0, 1, 2], [3]]), dims);
      const shape = [kh, tile.cells * tile.cell, c, tile.outputs, o];
      const matrix = transposedProduct(emitter, rows, outputs, type.dtype, shape);
      return grouped(emitter, untile(emitter, matrix, plane, tile), type.dtype, type.shape, [[0], [1], [2, 3]]);
    }
    const rows = patchRows(emitter, x!, windows, groups);
    const value = matmul(emitter, emitter.transpose(rows, [0, 2, 1]), outputRows(emitter, dy!, groups));
    // [g, kh kw c, o / g] -> [kh kw c, g, o / g]
    return plain(emitter, emitter.reshape(emitter.transpose(value, [1, 0, 2]), type.shape), type.dtype, type.shape);
  },

  conv2d_input_gradient: (emitter, [dy, w], params, type) => {
    const windows = of(params, params.input_size, [w!.shape[0]!, w!.shape[1]!]);
    const { groups } = params;
    const dilated = params.dilation.some((d) => d !== 1);
    return groups === 1 && !dilated
      ? byCells(emitter, dy!, w!, windows, type.shape)
      : byPatches(emitter, dy!, w!, windows, groups, type.shape);
  },

  unfold: (emitter, [x], params, type) => {
    const windows: Windows = { ...params, input: [x!.shape[1]!, x!.shape[2]!] };
    if (isTiling(windows)) {
      const [tiles, image] = x!.groups.at(-1)?.at(-1) === 0 ? [INNER_TILES, innermost.INNERMOST] : [TILES, IMAGE];
      return grouped(emitter, arrange(emitter, x!, image), type.dtype, type.shape, tiles);
    }
    const image = arrange(emitter, x!, IMAGE);
    const plane = planeOf(windows);
    const value = tileRows(emitter, image, plane, PATCHES(plane[1]), params.fill);
    return grouped(emitter, value, type.dtype, type.shape, [
      [0, 1, 2],
      [3, 4, 5],
    ]);
  },

  fold: (emitter, [x], params, type) => {
    const windows: Windows = { ...params, input: params.input_size };
    if (isTiling(windows)) {
      const [tiles, image] = x!.groups.at(-1)?.at(-1) === 0 ? [INNER_TILES, innermost.INNERMOST] : [TILES, IMAGE];
      return grouped(emitter, arrange(emitter, x!, tiles), type.dtype, type.shape, image);
    }
    const value = unpatch(emitter, arrange(emitter, x!, [[0], [1, 2, 3, 4], [5]]), windows);
    return grouped(emitter, value, type.dtype, type.shape, IMAGE);
  },
} as const satisfies Rules<Convolutions>;

const of = (
  { stride, dilation, padding }: Conv,
  input: readonly [number, number],
  kernel: readonly [number, number],
): Windows => ({ input, kernel, stride, dilation, padding });

const liesInnermost = (emitter: Emitter, { dtype, shape: [n, , , c] }: View, plane: Plane): boolean =>
  emitter.examplesInnermost && dtype === "f32" && innermost.fitsInnermost(plane, n!, c!);

/** With a bias[o], or none. */
function byTiles(
  emitter: Emitter,
  x: View,
  w: View,
  bias: View | undefined,
  windows: Windows,
  shape: readonly number[],
): View {
  const o = shape[3]!;
  const plane = planeOf(windows);
  if (liesInnermost(emitter, x, plane)) return innermost.convolve(emitter, x, w, bias, plane, shape);
  const tile = tileOf(plane, x.shape[3]!, o);
  const rows = tileRows(emitter, arrange(emitter, x, IMAGE), plane, tile);
  const each = bias && emitter.expand(emitter.reshape(arrange(emitter, bias, [[0]]), [1, o]), [tile.outputs, o]);
  const value = gemm(
    emitter,
    rows,
    tileMatrix(emitter, w, plane, tile),
    false,
    false,
    each && emitter.reshape(each, [tile.outputs * o]),
  );
  return grouped(emitter, value, x.dtype, shape, outputGroups(tile));
}

/** Whether a bias is a part of the product: not where the engine convolves. */
export const takesBias = (emitter: Emitter, { groups }: Conv): boolean => groups === 1 && !emitter.channelsFirst;

export const withBias = (
  emitter: Emitter,
  [x, w, bias]: readonly [View, View, View],
  params: Conv,
  shape: readonly number[],
): View => byTiles(emitter, x, w, bias, of(params, [x.shape[1]!, x.shape[2]!], [w.shape[0]!, w.shape[1]!]), shape);

/** The engine's convolution: x[n, c, h, w], w[o, c / groups, kh, kw] -> [n, o, h', w']. */
function byEngine(
  emitter: Emitter,
  x: View,
  w: View,
  windows: Windows,
  groups: number,
  shape: readonly number[],
): View {
  const kernel = arrange(emitter, w, [[3], [2], [0], [1]]);
  const dims = [shape[0]!, shape[3]!, shape[1]!, shape[2]!];
  return grouped(emitter, convolve(emitter, x, kernel, windows, groups, dims), x.dtype, shape, [[0], [3], [1], [2]]);
}

/** kernel[o, c / groups, kh, kw] over an image, as [n, o, h', w']. */
export function convolve(
  emitter: Emitter,
  x: View,
  kernel: OnnxValue,
  windows: Windows,
  groups: number,
  dims: readonly number[],
): OnnxValue {
  const image = arrange(emitter, x, [[0], [3], [1], [2]]);
  const [rows, columns] = [alongAxis(windows, 0), alongAxis(windows, 1)];
  // What the last window reads past the input.
  const high = ([0, 1] as const).map((i) => {
    const { out, low } = alongAxis(windows, i);
    const end = (out - 1) * windows.stride[i] + (windows.kernel[i] - 1) * windows.dilation[i] + 1;
    return Math.max(0, end - low - windows.input[i]);
  });
  return emitter.emit("Conv", [image, kernel], image.type, dims, {
    strides: { ints: windows.stride },
    dilations: { ints: windows.dilation },
    pads: { ints: [rows.low, columns.low, high[0]!, high[1]!] },
    group: { int: groups },
  });
}

/** Columns up to which a^T b is faster as b^T a: 25,600 rows of 144 by 16 columns 1.35 and 1.05 ms, of 800 by 64 columns 18.8 and 20.8. */
const NARROW = 32;

/** a^T b as a view of a's columns, the axes but the last two of `shape`, by those of b, the last two. */
function transposedProduct(
  emitter: Emitter,
  a: OnnxValue,
  b: OnnxValue,
  dtype: View["dtype"],
  shape: readonly number[],
): View {
  const plainly = [
    [0, 1, 2],
    [3, 4],
  ];
  if (b.shape[1]! > NARROW || b.shape[1]! >= a.shape[1]!)
    return grouped(emitter, gemm(emitter, a, b, true), dtype, shape, plainly);
  // Transposed in three dimensions: one of two dimensions the engine takes back into the product.
  const product = gemm(emitter, b, a, true);
  const [columns, rows] = product.shape as readonly [number, number];
  const apart = emitter.reshape(product, [columns, rows / shape[2]!, shape[2]!]);
  return grouped(emitter, emitter.transpose(apart, [1, 2, 0]), dtype, shape, plainly);
}

/** How outputs lie in the product of a tile's rows: a row of the image is cut between its tiles. */
const outputGroups = ({ outputs }: Tile): readonly (readonly number[])[] =>
  outputs === 1
    ? [[0, 1, 2], [3]]
    : [
        [0, 1],
        [2, 3],
      ];

/** One row for each place of each example, by group: [g, n h' w', kh kw c / g]. */
function patchRows(emitter: Emitter, x: View, windows: Windows, groups: number): OnnxValue {
  const c = x.shape[3]!;
  const plane = planeOf(windows);
  const rows = tileRows(emitter, arrange(emitter, x, IMAGE), plane, PATCHES(plane[1]));
  const [places, depth] = rows.shape as readonly [number, number];
  const split = emitter.reshape(rows, [places, depth / c, groups, c / groups]);
  return emitter.reshape(emitter.transpose(split, [2, 0, 1, 3]), [groups, places, depth / groups]);
}

/** [kh kw c / g, o], or with groups [g, kh kw c / g, o / g]. */
function weights(emitter: Emitter, w: View, groups: number): OnnxValue {
  const value = arrange(emitter, w, [[0, 1, 2], [3]]);
  const [rows, o] = value.shape as readonly [number, number];
  if (groups === 1) return value;
  return emitter.transpose(emitter.reshape(value, [rows, groups, o / groups]), [1, 0, 2]);
}

/** dy as [g, n h' w', o / g]. */
function outputRows(emitter: Emitter, dy: View, groups: number): OnnxValue {
  const value = arrange(emitter, dy, [[0, 1, 2], [3]]);
  const [rows, o] = value.shape as readonly [number, number];
  return emitter.transpose(emitter.reshape(value, [rows, groups, o / groups]), [1, 0, 2]);
}

/** [g, rows, o / g] as an image whose channels are the columns. */
function fromGroups(emitter: Emitter, value: OnnxValue, dtype: View["dtype"], shape: readonly number[]): View {
  const back = emitter.transpose(value, [1, 0, 2]);
  return grouped(emitter, emitter.reshape(back, [back.shape[0]!, shape[3]!]), dtype, shape, [[0, 1, 2], [3]]);
}

/** Tiles of dy by the taps that meet their cells, then each input takes its place. */
function byCells(emitter: Emitter, dy: View, w: View, windows: Windows, shape: readonly number[]): View {
  const [n, , , c] = shape as readonly [number, number, number, number];
  const plane = planeOf(windows);
  const near = cellPlane(plane);
  if (liesInnermost(emitter, dy, near)) return innermost.inputGradient(emitter, dy, w, plane, near, shape);
  const tile = tileOf(near, dy.shape[3]!, windows.stride[0] * windows.stride[1] * c);
  const rows = tileRows(emitter, arrange(emitter, dy, IMAGE), near, tile);
  const values = gemm(emitter, rows, cellMatrix(emitter, w, plane, near, tile));
  return grouped(emitter, fromCells(emitter, values, plane, near, tile, [n, c]), dy.dtype, shape, IMAGE);
}

/** dy[n h' w', o] w^T[o, kh kw c] are the patches' gradients, to be added up. */
function byPatches(
  emitter: Emitter,
  dy: View,
  w: View,
  windows: Windows,
  groups: number,
  shape: readonly number[],
): View {
  const [n, , , c] = shape as readonly [number, number, number, number];
  const places = alongAxis(windows, 0).out * alongAxis(windows, 1).out;
  const taps = windows.kernel[0] * windows.kernel[1];
  const kernel = weights(emitter, w, groups);
  let rows: OnnxValue;
  if (groups === 1) rows = gemm(emitter, arrange(emitter, dy, [[0, 1, 2], [3]]), kernel, false, true);
  else {
    const split = matmul(emitter, outputRows(emitter, dy, groups), emitter.transpose(kernel, [0, 2, 1]));
    const apart = emitter.reshape(split, [groups, n * places, taps, c / groups]);
    rows = emitter.transpose(apart, [1, 2, 0, 3]);
  }
  const value = unpatch(emitter, emitter.reshape(rows, [n, places * taps, c]), windows);
  return grouped(emitter, value, dy.dtype, shape, IMAGE);
}
