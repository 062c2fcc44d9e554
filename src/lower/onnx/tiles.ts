import type { Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import { pad } from "./structure.ts";
import { arrange, type View } from "./view.ts";
import { alongAxis, take, type Windows } from "./windows.ts";

// A convolution as one product. A row of the left matrix is what a tile reads, several outputs side by side: [kh, columns, c]. It is copied by cells of
// neighbouring columns; in the right matrix the kernel lies shifted by the stride for each output of the tile. Zeros are multiplied too, and fewer
// and longer pieces are copied than patches have.

/** How outputs along one axis read the input. */
export interface Line {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly out: number;
  /** What the first output reads before the input; negative where it begins inside. */
  readonly low: number;
}

export type Plane = readonly [rows: Line, columns: Line];

export const planeOf = (windows: Windows): Plane => [lineOf(windows, 0), lineOf(windows, 1)];

const lineOf = (windows: Windows, i: 0 | 1): Line => ({
  input: windows.input[i],
  kernel: windows.kernel[i],
  stride: windows.stride[i],
  dilation: windows.dilation[i],
  ...alongAxis(windows, i),
});

export interface Tile {
  /** Outputs side by side. */
  readonly outputs: number;
  /** Columns copied at once. */
  readonly cell: number;
  /** Cells that a tile reads in each row, and from one of them to the next. */
  readonly cells: number;
  readonly step: number;
  /** Columns put before the input. */
  readonly left: number;
}

/** One output each, whose columns are copied one by one: patches. */
export const PATCHES = ({ kernel, dilation, low }: Line): Tile => ({
  outputs: 1,
  cell: 1,
  cells: kernel,
  step: dilation,
  left: low,
});

/** Multiplications in the time of one piece's copy, and of one element's, where two or three products read what was copied. */
const PIECE = 130;
const ELEMENT = 10;
/** Columns of a product that the engine computes at once, and as how many more each row counts. */
const LANES = 16;
const ROW = 4;

/** The tile that costs least for `channels` inputs and `out` outputs. */
export function tileOf([rows, columns]: Plane, channels: number, out: number): Tile {
  const cost = ({ outputs, cell, cells }: Tile): number => {
    const depth = rows.kernel * cells * cell * channels;
    const width = Math.ceil((outputs * out) / LANES) * LANES + ROW;
    return (depth * width + rows.kernel * cells * PIECE + depth * ELEMENT) / outputs;
  };
  return candidates(columns).reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
}

/** Tiles of outputs along a line: patches, runs of outputs that divide it, whole rows. */
export function candidates(line: Line): readonly Tile[] {
  const { input, kernel, stride, dilation, out, low } = line;
  const tiles = [PATCHES(line)];
  for (let outputs = 2; outputs <= out; outputs++) {
    if (out % outputs !== 0) continue;
    const span = (outputs - 1) * stride + (kernel - 1) * dilation + 1;
    for (let cell = 1; cell <= outputs * stride; cell++)
      if ((outputs * stride) % cell === 0)
        tiles.push({ outputs, cell, cells: Math.ceil(span / cell), step: 1, left: low });
  }
  // Whole rows, without what lies beside them.
  if (out > 1) tiles.push({ outputs: out, cell: input, cells: 1, step: 1, left: 0 });
  return tiles;
}

const columnsOf = ({ cells, cell }: Tile): number => cells * cell;
const tilesOf = ({ out }: Line, { outputs }: Tile): number => out / outputs;

/** x[n, h w, c] -> what each tile reads, [n h' tiles, kh columns c]. */
export function tileRows(emitter: Emitter, x: OnnxValue, plane: Plane, tile: Tile, fill = 0): OnnxValue {
  const [n, , c] = x.shape as readonly [number, number, number];
  const [rows, columns] = plane;
  const { outputs, cell, cells, step, left } = tile;
  const tiles = tilesOf(columns, tile);
  const apart = (outputs * columns.stride) / cell;
  const last = (tiles - 1) * apart + (cells - 1) * step + 1;
  const wide = Math.max(last, Math.ceil((left + columns.input) / cell));
  const high = (rows.out - 1) * rows.stride + (rows.kernel - 1) * rows.dilation + 1;
  const below = Math.max(0, high - rows.low - rows.input);
  const image = emitter.reshape(x, [n, rows.input, columns.input * c]);
  const right = wide * cell - left - columns.input;
  const padded = pad(emitter, image, [0, rows.low, left * c], [0, below, right * c], fill);
  const at = new Int32Array(rows.out * tiles * rows.kernel * cells);
  let next = 0;
  for (let y = 0; y < rows.out; y++)
    for (let tile = 0; tile < tiles; tile++)
      for (let ky = 0; ky < rows.kernel; ky++)
        for (let i = 0; i < cells; i++)
          at[next++] = (y * rows.stride + ky * rows.dilation) * wide + tile * (tiles === 1 ? 0 : apart) + i * step;
  const pieces = emitter.reshape(padded, [n, padded.shape[1]! * wide, cell * c]);
  const taken = take(emitter, pieces, at, 0);
  return emitter.reshape(taken, [n * rows.out * tiles, rows.kernel * cells * cell * c]);
}

/** w[kh, kw, c, o] -> [kh columns c, outputs o] */
export function tileMatrix(emitter: Emitter, w: View, [rows, columns]: Plane, tile: Tile): OnnxValue {
  const [, , c, o] = w.shape as readonly [number, number, number, number];
  if (tile.outputs === 1) return arrange(emitter, w, [[0, 1, 2], [3]]);
  const wide = columnsOf(tile);
  const { taps } = placesOf(columns, tile);
  const placed = take(emitter, arrange(emitter, w, [[0], [1], [2, 3]]), taps, 0);
  const split = emitter.reshape(placed, [rows.kernel, wide, tile.outputs, c, o]);
  return emitter.reshape(emitter.transpose(split, [0, 1, 3, 2, 4]), [rows.kernel * wide * c, tile.outputs * o]);
}

/** The transpose of `tileMatrix`: what falls on one weight adds up. A view of [kh, columns, c, outputs, o] -> [kh, kw, c o] */
export function untile(emitter: Emitter, matrix: View, [, columns]: Plane, tile: Tile): OnnxValue {
  const [kh, , c, , o] = matrix.shape as readonly [number, number, number, number, number];
  if (tile.outputs === 1) return arrange(emitter, matrix, [[0], [1], [2, 4]]);
  const { places } = placesOf(columns, tile);
  const apart = arrange(emitter, matrix, [[0], [1, 3], [2, 4]]);
  const taken = emitter.reshape(take(emitter, apart, places, 0), [kh, columns.kernel, tile.outputs, c * o]);
  const dims = [kh, columns.kernel, c * o];
  return emitter.emit("ReduceSum", [taken, emitter.ints([2])], apart.type, dims, { keepdims: { int: 0 } });
}

/** Which tap of the kernel lies at [column, output], and where in that the taps lie, [kw, outputs]; -1 for none. */
function placesOf(line: Line, tile: Tile): { readonly taps: Int32Array; readonly places: Int32Array } {
  const wide = columnsOf(tile);
  const taps = new Int32Array(wide * tile.outputs).fill(-1);
  const places = new Int32Array(line.kernel * tile.outputs).fill(-1);
  for (let output = 0; output < tile.outputs; output++)
    for (let k = 0; k < line.kernel; k++) {
      const column = columnOf(line, tile, output, k);
      if (column < 0 || column >= wide) continue;
      taps[column * tile.outputs + output] = k;
      places[k * tile.outputs + output] = column * tile.outputs + output;
    }
  return { taps, places };
}

/** Which of a tile's columns an output of it reads with a tap. */
const columnOf = ({ stride, dilation, low }: Line, { left }: Tile, output: number, tap: number): number =>
  output * stride - low + tap * dilation + left;

/**
 * The input gradient of a convolution without dilation is a convolution of dy without stride, whose outputs are cells of stride x stride inputs
 * (sub-pixel convolution).
 */
export const cellPlane = (plane: Plane): Plane => [cellLine(plane[0]), cellLine(plane[1])];

/** The input at `r` in cell q meets output q + e by tap r + low - e stride. */
function cellLine({ input, kernel, stride, out, low }: Line): Line {
  const first = -Math.floor((kernel - 1 - low) / stride);
  const last = Math.floor((low + stride - 1) / stride);
  const cells = Math.ceil(input / stride);
  return { input: out, kernel: last - first + 1, stride: 1, dilation: 1, out: cells, low: -first };
}

/** w[kh, kw, c, o] -> [kh' columns o, sh outputs sw c]: the right matrix for dy's tiles. */
export function cellMatrix(emitter: Emitter, w: View, plane: Plane, near: Plane, tile: Tile): OnnxValue {
  const [kh, kw, c, o] = w.shape as readonly [number, number, number, number];
  const [rows, columns] = plane;
  const wide = columnsOf(tile);
  const tap = ({ low, stride, kernel }: Line, line: Line, at: number, r: number): number => {
    const k = r + low - (at - line.low) * stride;
    return at >= 0 && at < line.kernel && k >= 0 && k < kernel ? k : -1;
  };
  const taps: number[] = [];
  for (let y = 0; y < near[0].kernel; y++)
    for (let column = 0; column < wide; column++)
      for (let ry = 0; ry < rows.stride; ry++)
        for (let output = 0; output < tile.outputs; output++)
          for (let rx = 0; rx < columns.stride; rx++) {
            const ky = tap(rows, near[0], y, ry);
            const kx = tap(columns, near[1], column - columnOf(near[1], tile, output, 0), rx);
            taps.push(ky === -1 || kx === -1 ? -1 : ky * kw + kx);
          }
  const kernel = emitter.reshape(arrange(emitter, w, [[0, 1], [2], [3]]), [1, kh * kw, c * o]);
  const width = rows.stride * tile.outputs * columns.stride;
  const placed = take(emitter, kernel, Int32Array.from(taps), 0);
  const split = emitter.reshape(placed, [near[0].kernel * wide, width, c, o]);
  return emitter.reshape(emitter.transpose(split, [0, 3, 1, 2]), [near[0].kernel * wide * o, width * c]);
}

/** [n cells tiles, sh outputs sw c] -> x[n, h w, c] */
export function fromCells(
  emitter: Emitter,
  values: OnnxValue,
  [rows, columns]: Plane,
  near: Plane,
  tile: Tile,
  [n, c]: readonly [number, number],
): OnnxValue {
  const tiles = tilesOf(near[1], tile);
  const inTile = tile.outputs * columns.stride;
  // Where a tile's columns are columns of the image, they are copied together.
  const together = tiles * inTile === columns.input ? inTile : 1;
  const across = columns.input / together;
  const at = Int32Array.from({ length: rows.input * across }, (_, i) => {
    const [y, x] = [Math.floor(i / across), (i % across) * together];
    const [cell, ry] = [Math.floor(y / rows.stride), y % rows.stride];
    const [tileAt, within] = [Math.floor(x / inTile), x % inTile];
    return (((cell * tiles + tileAt) * rows.stride + ry) * inTile + within) / together;
  });
  const places = (near[0].out * tiles * rows.stride * inTile) / together;
  const taken = take(emitter, emitter.reshape(values, [n, places, together * c]), at, 0);
  return emitter.reshape(taken, [n, rows.input * columns.input, c]);
}
