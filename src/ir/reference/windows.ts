import { sizeOf } from "../../shape/tensor.ts";
import type { Conv, Padding, Patches } from "../primitives.ts";
import { allocate, floats, type Kernel } from "./array.ts";

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

/** One sum is behind the trio, y += x w over (pixel, tap, place): `visit` gets where their channels begin. */
const eachMeeting = (conv: Conv, { x, w, y }: Trio, visit: (inX: number, inW: number, inY: number) => void): void =>
  eachTap(conv, x[0]!, [x[1]!, x[2]!], [w[0]!, w[1]!], [y[1]!, y[2]!], (pixel, tap, place) => {
    visit(pixel * x[3]!, tap * w[2]! * w[3]!, place * w[3]!);
  });

/** Channels and outs of a kernel [kh, kw, c / groups, o]; channel c feeds the outs of its group. */
function channelsOf({ groups }: Conv, w: readonly number[]) {
  const [part, out] = [w[2]!, w[3]!];
  return { channels: part * groups, part, out, perGroup: out / groups };
}

/** y[n, oy, ox, o] = sum x[n, oy s - low + ky d, …, c] w[ky, kx, c, o] */
export const conv2d: Kernel<"conv2d"> = (conv, [x, w], type) => {
  const [xs, ws, ys] = [floats(x!), floats(w!), new Float64Array(sizeOf(type.shape))];
  const { channels, part, out, perGroup } = channelsOf(conv, w!.shape);
  eachMeeting(conv, { x: x!.shape, w: w!.shape, y: type.shape }, (inX, inW, inY) => {
    for (let c = 0; c < channels; c++) {
      const value = xs[inX + c]!;
      const first = Math.floor(c / part) * perGroup;
      const row = inW + (c % part) * out + first;
      for (let o = 0; o < perGroup; o++) ys[inY + first + o]! += value * ws[row + o]!;
    }
  });
  return ys;
};

/** dx = sum dy w */
export const conv2dInputGradient: Kernel<"conv2d_input_gradient"> = (conv, [dy, w], type) => {
  const [dys, ws, dxs] = [floats(dy!), floats(w!), new Float64Array(sizeOf(type.shape))];
  const { channels, part, out, perGroup } = channelsOf(conv, w!.shape);
  eachMeeting(conv, { x: type.shape, w: w!.shape, y: dy!.shape }, (inX, inW, inY) => {
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / part) * perGroup;
      const row = inW + (c % part) * out + first;
      let sum = 0;
      for (let o = 0; o < perGroup; o++) sum += dys[inY + first + o]! * ws[row + o]!;
      dxs[inX + c]! += sum;
    }
  });
  return dxs;
};

/** dw = sum x dy */
export const conv2dFilterGradient: Kernel<"conv2d_filter_gradient"> = (conv, [x, dy], type) => {
  const [xs, dys, dws] = [floats(x!), floats(dy!), new Float64Array(sizeOf(type.shape))];
  const { channels, part, out, perGroup } = channelsOf(conv, type.shape);
  eachMeeting(conv, { x: x!.shape, w: type.shape, y: dy!.shape }, (inX, inW, inY) => {
    for (let c = 0; c < channels; c++) {
      const value = xs[inX + c]!;
      const first = Math.floor(c / part) * perGroup;
      const row = inW + (c % part) * out + first;
      for (let o = 0; o < perGroup; o++) dws[row + o]! += value * dys[inY + first + o]!;
    }
  });
  return dws;
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
