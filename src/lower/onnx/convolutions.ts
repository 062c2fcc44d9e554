import type { Conv } from "../../ir/primitives.ts";
import { bandIsCheaper, bandMatrix, bandRows, unband } from "./bands.ts";
import type { Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { gemm, matmul } from "./products.ts";
import type { Rules } from "./rule.ts";
import { arrange, canonical, grouped, plain, type View } from "./view.ts";
import { alongAxis, cells, patches, take, unpatch, type Windows } from "./windows.ts";

/** The convolution trio and the pair of patches: a gather of whole channel rows, then one product. */
export type Convolutions = "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient" | "unfold" | "fold";

const IMAGE = [[0], [1, 2], [3]] as const;

export const convolutions = {
  // patches(x)[n h' w', kh kw c] w[kh kw c, o]
  conv2d: (emitter, [x, w], params, type) => {
    const windows = of(params, [x!.shape[1]!, x!.shape[2]!], [w!.shape[0]!, w!.shape[1]!]);
    if (emitter.channelsFirst && type.dtype === "f32")
      return byEngine(emitter, x!, w!, windows, params.groups, type.shape);
    if (params.groups === 1 && bandIsCheaper(windows, x!.shape[3]!, w!.shape[3]!)) {
      const matrix = bandMatrix(emitter, canonical(emitter, w!), windows);
      const value = gemm(emitter, bandRows(emitter, arrange(emitter, x!, IMAGE), windows), matrix);
      return grouped(emitter, value, type.dtype, type.shape, [
        [0, 1],
        [2, 3],
      ]);
    }
    const rows = patchRows(emitter, x!, windows, params.groups);
    const value = product(emitter, rows, weights(emitter, w!, params.groups), params.groups);
    return fromGroups(emitter, value, type.dtype, type.shape, params.groups);
  },

  // patches(x)^T[kh kw c, n h' w'] dy[n h' w', o]
  conv2d_filter_gradient: (emitter, [x, dy], params, type) => {
    const windows = of(params, [x!.shape[1]!, x!.shape[2]!], params.kernel_size);
    const { groups } = params;
    if (groups === 1 && bandIsCheaper(windows, x!.shape[3]!, dy!.shape[3]!)) {
      const columns = arrange(emitter, dy!, [
        [0, 1],
        [2, 3],
      ]);
      const matrix = gemm(emitter, bandRows(emitter, arrange(emitter, x!, IMAGE), windows), columns, true);
      const value = unband(emitter, matrix, windows, type.shape);
      return grouped(emitter, value, type.dtype, type.shape, [[0], [1], [2, 3]]);
    }
    const rows = patchRows(emitter, x!, windows, groups);
    if (groups === 1) {
      const value = gemm(emitter, rows, arrange(emitter, dy!, [[0, 1, 2], [3]]), true);
      return grouped(emitter, value, type.dtype, type.shape, [[0, 1, 2], [3]]);
    }
    const value = matmul(emitter, emitter.transpose(rows, [0, 2, 1]), outputRows(emitter, dy!, groups));
    // [g, kh kw c, o / g] -> [kh kw c, g, o / g]
    return plain(emitter, emitter.reshape(emitter.transpose(value, [1, 0, 2]), type.shape), type.dtype, type.shape);
  },

  conv2d_input_gradient: (emitter, [dy, w], params, type) => {
    const windows = of(params, params.input_size, [w!.shape[0]!, w!.shape[1]!]);
    const { groups } = params;
    const dilated = params.dilation.some((d) => d !== 1);
    return groups === 1 && !dilated
      ? bySubPixels(emitter, dy!, w!, windows, type.shape)
      : byPatches(emitter, dy!, w!, windows, groups, type.shape);
  },

  unfold: (emitter, [x], params, type) => {
    const windows: Windows = { ...params, input: [x!.shape[1]!, x!.shape[2]!] };
    const value = patches(emitter, arrange(emitter, x!, IMAGE), windows, params.fill);
    return grouped(emitter, value, type.dtype, type.shape, [[0], [1, 2, 3, 4], [5]]);
  },

  fold: (emitter, [x], params, type) => {
    const windows: Windows = { ...params, input: params.input_size };
    const value = unpatch(emitter, arrange(emitter, x!, [[0], [1, 2, 3, 4], [5]]), windows);
    return grouped(emitter, value, type.dtype, type.shape, IMAGE);
  },
} as const satisfies Rules<Convolutions>;

const of = (
  { stride, dilation, padding }: Conv,
  input: readonly [number, number],
  kernel: readonly [number, number],
): Windows => ({ input, kernel, stride, dilation, padding });

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

/** One row for each place of each example: [n h' w', kh kw c], or with groups [g, n h' w', kh kw c / g]. */
function patchRows(emitter: Emitter, x: View, windows: Windows, groups: number): OnnxValue {
  const [n, , , c] = x.shape as readonly [number, number, number, number];
  const taken = patches(emitter, arrange(emitter, x, IMAGE), windows, 0);
  const places = n * alongAxis(windows, 0).out * alongAxis(windows, 1).out;
  const taps = windows.kernel[0] * windows.kernel[1];
  if (groups === 1) return emitter.reshape(taken, [places, taps * c]);
  const split = emitter.reshape(taken, [places, taps, groups, c / groups]);
  return emitter.reshape(emitter.transpose(split, [2, 0, 1, 3]), [groups, places, (taps * c) / groups]);
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

const product = (emitter: Emitter, a: OnnxValue, b: OnnxValue, groups: number): OnnxValue =>
  groups === 1 ? gemm(emitter, a, b) : matmul(emitter, a, b);

/** [rows, o], or [g, rows, o / g], as an image whose channels are the columns. */
function fromGroups(
  emitter: Emitter,
  value: OnnxValue,
  dtype: View["dtype"],
  shape: readonly number[],
  groups: number,
): View {
  if (groups === 1) return grouped(emitter, value, dtype, shape, [[0, 1, 2], [3]]);
  const back = emitter.transpose(value, [1, 0, 2]);
  return grouped(emitter, emitter.reshape(back, [back.shape[0]!, shape[3]!]), dtype, shape, [[0, 1, 2], [3]]);
}

/** dy[n cells, reach o] taps[reach o, stride stride c], then each input takes its place in its cell. */
function bySubPixels(emitter: Emitter, dy: View, w: View, windows: Windows, shape: readonly number[]): View {
  const [n, , , o] = dy.shape as readonly [number, number, number, number];
  const c = w.shape[2]!;
  const { reach, cells: size, outputs, taps, inputs } = cells(windows);
  const near = take(emitter, arrange(emitter, dy, IMAGE), outputs, 0);
  const rows = emitter.reshape(near, [n * size[0] * size[1], reach[0] * reach[1] * o]);
  const kernel = emitter.reshape(arrange(emitter, w, [[0, 1], [2], [3]]), [
    1,
    windows.kernel[0] * windows.kernel[1],
    c * o,
  ]);
  const [within, phases] = [reach[0] * reach[1], windows.stride[0] * windows.stride[1]];
  const placed = emitter.reshape(take(emitter, kernel, taps, 0), [within, phases, c, o]);
  const matrix = emitter.reshape(emitter.transpose(placed, [0, 3, 1, 2]), [within * o, phases * c]);
  const values = emitter.reshape(gemm(emitter, rows, matrix), [n, size[0] * size[1] * phases, c]);
  return grouped(emitter, take(emitter, values, inputs, 0), dy.dtype, shape, IMAGE);
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
