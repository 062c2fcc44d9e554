import type { Conv, Padding, Patches } from "../primitives.ts";
import { floats, type Kernel } from "./array.ts";
import { addProduct } from "./products.ts";

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

/** The sizes of one of the trio: x [n, h, w, c], w [taps, part, out], y [n, places, out], c and out in `groups` parts. */
function sizesOf(conv: Conv, x: readonly number[], w: readonly number[], y: readonly number[]) {
  const { groups } = conv;
  const [n, height, width, channels] = x as readonly [number, number, number, number];
  const [kh, kw, part, out] = w as readonly [number, number, number, number];
  const [taps, places, perGroup] = [kh * kw, y[1]! * y[2]!, out / groups];
  /** Visits what a patch of one example sees: channel 0 of a pixel, and where it stands in patches [groups, places, taps, part]. */
  const eachPatchPixel = (visit: (pixel: number, tap: number, place: number) => void): void =>
    eachTap(conv, 1, [height, width], [kh, kw], [y[1]!, y[2]!], visit);
  return { groups, n, pixels: height * width, channels, taps, part, out, places, perGroup, eachPatchPixel };
}

type TrioSizes = ReturnType<typeof sizesOf>;

/** w [taps, part, out] as [groups, taps part, out / groups], for a product a group. */
function groupKernel(w: Float64Array, { groups, taps, part, out, perGroup }: TrioSizes): Float64Array {
  const grouped = new Float64Array(w.length);
  for (let g = 0, at = 0; g < groups; g++)
    for (let row = 0; row < taps * part; row++)
      for (let o = 0; o < perGroup; o++) grouped[at++] = w[row * out + g * perGroup + o]!;
  return grouped;
}

/** y [places, out] of one example, from `start`, as [groups, places, out / groups]. */
function groupOuts(
  y: Float64Array,
  start: number,
  into: Float64Array,
  { groups, places, out, perGroup }: TrioSizes,
): void {
  for (let g = 0, at = 0; g < groups; g++)
    for (let p = 0; p < places; p++)
      for (let o = 0; o < perGroup; o++) into[at++] = y[start + p * out + g * perGroup + o]!;
}

/** y[n, oy, ox, o] = sum x[n, oy s - low + ky d, …, c] w[ky, kx, c, o]: the product of patches [places, taps part] and w, group by group. */
export const conv2d: Kernel<"conv2d"> = (conv, [x, w], type, out) => {
  const s = sizesOf(conv, x!.shape, w!.shape, type.shape);
  const [xs, ys] = [floats(x!), floats({ data: out })];
  const kernel = groupKernel(floats(w!), s);
  const row = s.taps * s.part;
  const patches = new Float64Array(s.groups * s.places * row);
  const outs = new Float64Array(s.places * s.out);
  for (let b = 0; b < s.n; b++) {
    const start = b * s.pixels * s.channels;
    s.eachPatchPixel((pixel, tap, place) => {
      for (let g = 0; g < s.groups; g++)
        for (let c = 0; c < s.part; c++)
          patches[(g * s.places + place) * row + tap * s.part + c] = xs[start + pixel * s.channels + g * s.part + c]!;
    });
    addProduct(outs.fill(0), patches, kernel, { batch: s.groups, m: s.places, k: row, n: s.perGroup });
    for (let g = 0, at = 0; g < s.groups; g++)
      for (let p = 0; p < s.places; p++)
        for (let o = 0; o < s.perGroup; o++) ys[(b * s.places + p) * s.out + g * s.perGroup + o] = outs[at++]!;
  }
};

/** dx = sum dy w: the product of dy [places, out] and w's transpose gives patches, added up where they overlap. */
export const conv2dInputGradient: Kernel<"conv2d_input_gradient"> = (conv, [dy, w], type, out) => {
  const s = sizesOf(conv, type.shape, w!.shape, dy!.shape);
  const [dys, dxs] = [floats(dy!), floats({ data: out }).fill(0)];
  const row = s.taps * s.part;
  const kernel = transposed(groupKernel(floats(w!), s), s.groups, row, s.perGroup);
  const patches = new Float64Array(s.groups * s.places * row);
  const outs = new Float64Array(s.places * s.out);
  for (let b = 0; b < s.n; b++) {
    const start = b * s.pixels * s.channels;
    groupOuts(dys, b * s.places * s.out, outs, s);
    addProduct(patches.fill(0), outs, kernel, { batch: s.groups, m: s.places, k: s.perGroup, n: row });
    s.eachPatchPixel((pixel, tap, place) => {
      for (let g = 0; g < s.groups; g++)
        for (let c = 0; c < s.part; c++)
          dxs[start + pixel * s.channels + g * s.part + c]! +=
            patches[(g * s.places + place) * row + tap * s.part + c]!;
    });
  }
};

/** dw = sum x dy: the product of the patches' transpose [taps part, places] and dy, added up over the examples. */
export const conv2dFilterGradient: Kernel<"conv2d_filter_gradient"> = (conv, [x, dy], type, out) => {
  const s = sizesOf(conv, x!.shape, type.shape, dy!.shape);
  const [xs, dys] = [floats(x!), floats(dy!)];
  const row = s.taps * s.part;
  const sum = new Float64Array(s.groups * row * s.perGroup);
  const patches = new Float64Array(s.groups * row * s.places);
  const outs = new Float64Array(s.places * s.out);
  for (let b = 0; b < s.n; b++) {
    const start = b * s.pixels * s.channels;
    s.eachPatchPixel((pixel, tap, place) => {
      for (let g = 0; g < s.groups; g++)
        for (let c = 0; c < s.part; c++)
          patches[(g * row + tap * s.part + c) * s.places + place] = xs[start + pixel * s.channels + g * s.part + c]!;
    });
    groupOuts(dys, b * s.places * s.out, outs, s);
    addProduct(sum, patches, outs, { batch: s.groups, m: row, k: s.places, n: s.perGroup });
  }
  const dw = floats({ data: out });
  for (let g = 0, at = 0; g < s.groups; g++)
    for (let r = 0; r < row; r++) for (let o = 0; o < s.perGroup; o++) dw[r * s.out + g * s.perGroup + o] = sum[at++]!;
};

/** [batch, rows, columns] as [batch, columns, rows]. */
function transposed(x: Float64Array, batch: number, rows: number, columns: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[(b * columns + c) * rows + r] = x[(b * rows + r) * columns + c]!;
  return out;
}

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

export const unfold: Kernel<"unfold"> = (patches, [x], type, out) => {
  out.fill(patches.fill);
  eachShared(patches, x!.shape, [type.shape[1]!, type.shape[2]!], (inX, inPatches, channels) => {
    for (let c = 0; c < channels; c++) out[inPatches + c] = x!.data[inX + c]!;
  });
};

export const fold: Kernel<"fold"> = (patches, [p], type, out) => {
  out.fill(0);
  eachShared(patches, type.shape, [p!.shape[1]!, p!.shape[2]!], (inX, inPatches, channels) => {
    for (let c = 0; c < channels; c++) out[inX + c]! += p!.data[inPatches + c]!;
  });
};
