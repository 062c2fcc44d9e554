import type { Conv } from "../../ir/primitives.ts";
import { arrange, canonical, grouped, plain } from "../view.ts";
import { alongAxis, cells, isTiling, TILES, type Windows } from "../windows.ts";
import type { Emitter } from "./emitter.ts";
import { convInner, filterGradientInner, inputGradientInner, liesInner } from "./inner.ts";
import type { TfAttributes, TfValue } from "./model.ts";
import { product } from "./products.ts";
import type { Rules, View } from "./rule.ts";
import { patches, take, unpatch } from "./windows.ts";

/** The convolution trio and the pair of patches: the engine's own kernels, and products of patches where it has none. */
export type Convolutions = "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient" | "unfold" | "fold";

const IMAGE = [[0], [1, 2], [3]] as const;

export const convolutions = {
  conv2d: (e, [x, w], params, type) => {
    const { groups } = params;
    const to = type.shape;
    if (isDepthwise(params, x!.shape[3]!)) {
      const kernel = e.reshape(canonical(e, w!), depthwiseShape(w!.shape, groups));
      const value = e.emit("DepthwiseConv2dNative", [canonical(e, x!), kernel], type.dtype, to, attributes(params));
      return plain(e, value, type.dtype, to);
    }
    if (liesInner(x!, params)) return convInner(e, x!, w!, params, to);
    if (groups === 1) {
      const value = e.emit("Conv2D", [canonical(e, x!), canonical(e, w!)], type.dtype, to, attributes(params));
      return plain(e, value, type.dtype, to);
    }
    const rows = patchRows(e, x!, windowsOf(params, x!.shape, w!.shape), groups);
    return fromGroups(e, product(e, rows, weights(e, w!, groups)), type.dtype, to);
  },

  conv2d_filter_gradient: (e, [x, dy], params, type) => {
    const { groups } = params;
    if (liesInner(x!, params)) return filterGradientInner(e, x!, dy!, params, type.shape);
    if (isPlain(params)) {
      const operands = [canonical(e, x!), e.ints(type.shape), canonical(e, dy!)];
      const value = e.emit("Conv2DBackpropFilter", operands, type.dtype, type.shape, attributes(params));
      return plain(e, value, type.dtype, type.shape);
    }
    if (isDepthwise(params, x!.shape[3]!)) {
      const shape = depthwiseShape(type.shape, groups);
      const operands = [canonical(e, x!), e.ints(shape), canonical(e, dy!)];
      const value = e.emit("DepthwiseConv2dNativeBackpropFilter", operands, type.dtype, shape, attributes(params));
      return plain(e, e.reshape(value, type.shape), type.dtype, type.shape);
    }
    // patches(x)^T[kh kw c, n h' w'] dy[n h' w', o]
    const rows = patchRows(e, x!, windowsOf(params, x!.shape, type.shape), groups);
    const value = product(e, rows, outputRows(e, dy!, groups), true);
    // [g, kh kw c, o / g] -> [kh kw c, g, o / g]
    return plain(e, e.reshape(e.transpose(value, [1, 0, 2]), type.shape), type.dtype, type.shape);
  },

  conv2d_input_gradient: (e, [dy, w], params, type) => {
    const { groups } = params;
    const windows = windowsOf(params, type.shape, w!.shape);
    if (liesInner(dy!, params)) return inputGradientInner(e, dy!, w!, params, type.shape);
    if (isPlain(params) && type.dtype === "f32" && type.shape[3]! < LANES && areWholeCells(windows))
      return bySubPixels(e, dy!, w!, windows, type.shape);
    if (isPlain(params)) {
      const operands = [e.ints(type.shape), canonical(e, w!), canonical(e, dy!)];
      const value = e.emit("Conv2DBackpropInput", operands, type.dtype, type.shape, {
        ...attributes(params),
        T: { type: type.dtype },
      });
      return plain(e, value, type.dtype, type.shape);
    }
    if (isDepthwise(params, type.shape[3]!)) {
      const operands = [
        e.ints(type.shape),
        e.reshape(canonical(e, w!), depthwiseShape(w!.shape, groups)),
        canonical(e, dy!),
      ];
      const value = e.emit("DepthwiseConv2dNativeBackpropInput", operands, type.dtype, type.shape, {
        ...attributes(params),
        T: { type: type.dtype },
      });
      return plain(e, value, type.dtype, type.shape);
    }
    // dy[n h' w', o] w^T[o, kh kw c] are the patches' gradients, to be added up.
    const [n, , , c] = type.shape as readonly [number, number, number, number];
    const places = alongAxis(windows, 0).out * alongAxis(windows, 1).out;
    const taps = windows.kernel[0] * windows.kernel[1];
    const apart = product(e, outputRows(e, dy!, groups), weights(e, w!, groups), false, true);
    const rows = e.transpose(e.reshape(apart, [groups, n * places, taps, c / groups]), [1, 2, 0, 3]);
    return grouped(e, unpatch(e, e.reshape(rows, [n, places * taps, c]), windows), type.dtype, type.shape, IMAGE);
  },

  unfold: (e, [x], params, type) => {
    const windows: Windows = { ...params, input: [x!.shape[1]!, x!.shape[2]!] };
    if (isTiling(windows)) {
      const [n, rows, columns, kh, kw, c] = type.shape as readonly [number, number, number, number, number, number];
      const tiles = e.reshape(canonical(e, x!), [n, rows, kh, columns, kw, c]);
      return grouped(e, tiles, type.dtype, type.shape, TILES);
    }
    const value = patches(e, arrange(e, x!, IMAGE), windows, params.fill);
    return grouped(e, value, type.dtype, type.shape, [[0], [1, 2, 3, 4], [5]]);
  },

  fold: (e, [x], params, type) => {
    const windows: Windows = { ...params, input: params.input_size };
    if (isTiling(windows)) return plain(e, e.reshape(arrange(e, x!, TILES), type.shape), type.dtype, type.shape);
    const value = unpatch(e, arrange(e, x!, [[0], [1, 2, 3, 4], [5]]), windows);
    return grouped(e, value, type.dtype, type.shape, IMAGE);
  },
} as const satisfies Rules<Convolutions>;

/** Channels below which the engine's input gradient computes on what it pads: measured slower by 1.1 to 2 than a convolution of cells. */
const LANES = 16;

/** Cells of one size along both axes that cover the input and no more. */
const areWholeCells = (windows: Windows): boolean => {
  const { input, stride } = windows;
  return (
    stride[0] > 1 &&
    stride[0] === stride[1] &&
    beside(windows).every(
      ({ low, first, before, after }, i) =>
        input[i]! % stride[0] === 0 && low === first * stride[0] && before >= 0 && after >= 0,
    )
  );
};

/** Along each axis, the padding before the input, the first cell, and the outputs that cells would read before the first and after the last. */
const beside = (windows: Windows) =>
  ([0, 1] as const).map((i) => {
    const { low, out } = alongAxis(windows, i);
    const first = Math.floor(low / windows.stride[i]);
    const reach = Math.ceil(windows.kernel[i] / windows.stride[i]);
    return { low, first, before: reach - 1 - first, after: first + windows.input[i] / windows.stride[i] - out };
  });

/** The input gradient as a convolution without stride whose channels are the inputs of a cell: see `cells`. */
function bySubPixels(e: Emitter, dy: View, w: View, windows: Windows, shape: readonly number[]): View {
  const [n, height, width, c] = shape as readonly [number, number, number, number];
  const o = dy.shape[3]!;
  const { reach, taps } = cells(windows);
  const [stride] = windows.stride;
  const kernel = e.reshape(canonical(e, w), [1, windows.kernel[0] * windows.kernel[1], c * o]);
  // A convolution reads forward what cells read backward.
  const phases = stride * stride;
  const backward = Array.from({ length: reach[0] * reach[1] }, (_, i) =>
    taps.subarray(i * phases, (i + 1) * phases),
  ).toReversed();
  const placed = take(e, kernel, Int32Array.from(backward.flatMap((tap) => [...tap])), 0);
  const matrix = e.transpose(e.reshape(placed, [reach[0] * reach[1], phases, c, o]), [0, 3, 1, 2]);
  const [rows, columns] = beside(windows);
  const sizes = [n, height / stride, width / stride, phases * c];
  const values = e.emit("Conv2D", [canonical(e, dy), e.reshape(matrix, [...reach, o, phases * c])], dy.dtype, sizes, {
    strides: { ints: [1, 1, 1, 1] },
    padding: { text: "EXPLICIT" },
    explicit_paddings: { ints: [0, 0, rows!.before, rows!.after, columns!.before, columns!.after, 0, 0] },
  });
  const value = e.emit("DepthToSpace", [values], dy.dtype, shape, { block_size: { int: stride } });
  return plain(e, value, dy.dtype, shape);
}

/** What the engine's gradients take on every device. */
const isPlain = ({ dilation, groups }: Conv): boolean => groups === 1 && dilation.every((d) => d === 1);

/** One channel a group, and strides that the engine's kernel takes. */
const isDepthwise = ({ stride, dilation, groups }: Conv, channels: number): boolean =>
  groups > 1 && groups === channels && stride[0] === stride[1] && dilation.every((d) => d === 1);

/** [kh, kw, 1, c m] is [kh, kw, c, m] there. */
const depthwiseShape = ([kh, kw, , out]: readonly number[], channels: number) => [kh!, kw!, channels, out! / channels];

const attributes = ({ stride, dilation, padding }: Conv): TfAttributes => ({
  strides: { ints: [1, ...stride, 1] },
  dilations: { ints: [1, ...dilation, 1] },
  padding: { text: padding.toUpperCase() },
});

/** From the shapes of the image and of the kernel. */
const windowsOf = ({ stride, dilation, padding }: Conv, x: readonly number[], w: readonly number[]): Windows => ({
  input: [x[1]!, x[2]!],
  kernel: [w[0]!, w[1]!],
  stride,
  dilation,
  padding,
});

/** One row for each place of each example, by group: [g, n h' w', kh kw c / g]. */
function patchRows(e: Emitter, x: View, windows: Windows, groups: number): TfValue {
  const [n, , , c] = x.shape as readonly [number, number, number, number];
  const taken = patches(e, arrange(e, x, IMAGE), windows, 0);
  const places = n * alongAxis(windows, 0).out * alongAxis(windows, 1).out;
  const taps = windows.kernel[0] * windows.kernel[1];
  const split = e.reshape(taken, [places, taps, groups, c / groups]);
  return e.reshape(e.transpose(split, [2, 0, 1, 3]), [groups, places, (taps * c) / groups]);
}

/** [g, kh kw c / g, o / g] */
const weights = (e: Emitter, w: View, groups: number): TfValue => byGroup(e, arrange(e, w, [[0, 1, 2], [3]]), groups);

/** dy as [g, n h' w', o / g]. */
const outputRows = (e: Emitter, dy: View, groups: number): TfValue =>
  byGroup(e, arrange(e, dy, [[0, 1, 2], [3]]), groups);

/** [rows, g columns] -> [g, rows, columns] */
function byGroup(e: Emitter, value: TfValue, groups: number): TfValue {
  const [rows, columns] = value.shape as readonly [number, number];
  return e.transpose(e.reshape(value, [rows, groups, columns / groups]), [1, 0, 2]);
}

/** [g, rows, o / g] as an image whose channels are the columns. */
function fromGroups(e: Emitter, value: TfValue, dtype: View["dtype"], shape: readonly number[]): View {
  const back = e.transpose(value, [1, 0, 2]);
  return grouped(e, e.reshape(back, [back.shape[0]!, shape[3]!]), dtype, shape, [[0, 1, 2], [3]]);
}
