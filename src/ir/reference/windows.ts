import type { Conv, Padding, Patches } from "../primitives.ts";
import { allocate, type Kernel } from "./array.ts";

/** How many zeros stand before the first element: half of what `same` adds, rounded down. */
export function paddingLow(size: number, kernel: number, stride: number, padding: Padding): number {
  if (padding === "valid") return 0;
  const out = Math.ceil(size / stride);
  return Math.floor(Math.max((out - 1) * stride + kernel - size, 0) / 2);
}

type Sizes = readonly [number, number];

/** Visits each pair (place of the window, element of the kernel) that meets an element of x: their positions n, y, x as flat numbers. */
function eachTap(
  { stride, dilation, padding }: Pick<Conv, "stride" | "dilation" | "padding">,
  n: number,
  [height, width]: Sizes,
  [kh, kw]: Sizes,
  [outHeight, outWidth]: Sizes,
  visit: (pixel: number, tap: number, place: number) => void,
): void {
  const top = paddingLow(height, (kh - 1) * dilation[0] + 1, stride[0], padding);
  const left = paddingLow(width, (kw - 1) * dilation[1] + 1, stride[1], padding);
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ky = 0; ky < kh; ky++) {
        const y = oy * stride[0] - top + ky * dilation[0];
        if (y < 0 || y >= height) continue;
        for (let ox = 0; ox < outWidth; ox++)
          for (let kx = 0; kx < kw; kx++) {
            const x = ox * stride[1] - left + kx * dilation[1];
            if (x >= 0 && x < width)
              visit((b * height + y) * width + x, ky * kw + kx, (b * outHeight + oy) * outWidth + ox);
          }
      }
}

interface Trio {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
}

/** The trio is one sum over (pixel, channel, tap, out): y += x w. `visit` gets the three positions and runs over `length` outs. */
function eachProduct(
  conv: Conv,
  { x, w, y }: Trio,
  visit: (inX: number, inW: number, inY: number, length: number) => void,
): void {
  const [n, height, width, channels] = x as readonly [number, number, number, number];
  const [kh, kw, part, out] = w as readonly [number, number, number, number];
  const perGroup = out / conv.groups;
  eachTap(conv, n, [height, width], [kh, kw], [y[1]!, y[2]!], (pixel, tap, place) => {
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / part) * perGroup;
      visit(pixel * channels + c, (tap * part + (c % part)) * out + first, place * out + first, perGroup);
    }
  });
}

/** y[n, oy, ox, o] = sum x[n, oy s - low + ky d, …, c] w[ky, kx, c, o] */
export const conv2d: Kernel<"conv2d"> = (conv, [x, w], type) => {
  const y = allocate(type);
  eachProduct(conv, { x: x!.shape, w: w!.shape, y: type.shape }, (inX, inW, inY, length) => {
    const value = x!.data[inX]!;
    for (let o = 0; o < length; o++) y[inY + o]! += value * w!.data[inW + o]!;
  });
  return y;
};

/** dx = sum dy w */
export const conv2dInputGradient: Kernel<"conv2d_input_gradient"> = (conv, [dy, w], type) => {
  const dx = allocate(type);
  eachProduct(conv, { x: type.shape, w: w!.shape, y: dy!.shape }, (inX, inW, inY, length) => {
    let sum = 0;
    for (let o = 0; o < length; o++) sum += dy!.data[inY + o]! * w!.data[inW + o]!;
    dx[inX]! += sum;
  });
  return dx;
};

/** dw = sum x dy */
export const conv2dFilterGradient: Kernel<"conv2d_filter_gradient"> = (conv, [x, dy], type) => {
  const dw = allocate(type);
  eachProduct(conv, { x: x!.shape, w: type.shape, y: dy!.shape }, (inX, inW, inY, length) => {
    const value = x!.data[inX]!;
    for (let o = 0; o < length; o++) dw[inW + o]! += value * dy!.data[inY + o]!;
  });
  return dw;
};

/** Visits the runs of channels that a patch shares with x. */
function eachShared(
  patches: Patches,
  x: readonly number[],
  places: Sizes,
  visit: (inX: number, inPatches: number, channels: number) => void,
): void {
  const [n, height, width, channels] = x as readonly [number, number, number, number];
  const [kh, kw] = patches.kernel;
  eachTap(patches, n, [height, width], [kh, kw], places, (pixel, tap, place) => {
    visit(pixel * channels, (place * kh * kw + tap) * channels, channels);
  });
}

export const unfold: Kernel<"unfold"> = (patches, [x], type) => {
  const out = allocate(type).fill(patches.fill);
  eachShared(patches, x!.shape, [type.shape[1]!, type.shape[2]!], (inX, inPatches, channels) => {
    for (let c = 0; c < channels; c++) out[inPatches + c] = x!.data[inX + c]!;
  });
  return out;
};

export const fold: Kernel<"fold"> = (patches, [p], type) => {
  const out = allocate(type);
  eachShared(patches, type.shape, [p!.shape[1]!, p!.shape[2]!], (inX, inPatches, channels) => {
    for (let c = 0; c < channels; c++) out[inX + c]! += p!.data[inPatches + c]!;
  });
  return out;
};
