import type { Dataset } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";

/** Pixels on a side that are shown at most. */
export const SIDE = 128;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Row by row, channels last. */
  readonly bytes: Uint8Array;
}

/** The field that is shown as a picture: the first of f32[height, width, 1] or f32[height, width, 3]. */
export const imageOf = (data: Dataset): string | undefined =>
  [...data.columns.values()].find(({ field: { type } }) => type.shape.length === 3 && [1, 3].includes(type.shape[2]!))
    ?.field.name;

/** An example's pixels; of more than are shown, the means of squares of them. */
export const pixelsOf = (data: Dataset, field: string, at: number): Pixels => {
  const { data: pixels, shape } = gather(data, field, Int32Array.of(at), "f32");
  const [, rows = 0, columns = 0, channels = 1] = shape;
  const side = Math.max(1, Math.ceil(Math.max(rows, columns) / SIDE));
  const [height, width] = [Math.ceil(rows / side), Math.ceil(columns / side)];
  const bytes = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [y, x, c] = [Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels];
    let [sum, count] = [0, 0];
    for (let row = y * side; row < Math.min(rows, (y + 1) * side); row++)
      for (let column = x * side; column < Math.min(columns, (x + 1) * side); column++, count++)
        sum += Math.min(1, Math.max(0, pixels[(row * columns + column) * channels + c]!));
    return Math.round((255 * sum) / count);
  });
  return { width, height, channels, bytes };
};
