import type { Field } from "../plan/dataset.ts";
import { fillRandomBits } from "../random/random.ts";
import type { Dataset } from "./dataset.ts";
import { refuse } from "./error.ts";
import { LIMITS, withinColumn } from "./limits.ts";
import { pictureFields } from "./pictures.ts";
import { digits, type Stroke } from "./strokes.ts";
import { makeColumn, makeSource } from "./view.ts";

export interface GlyphOptions {
  readonly part: "train" | "test";
  readonly n: number;
  readonly seed: number;
  /** [height, width, 1] grey or [height, width, 3] coloured. */
  readonly shape: readonly number[];
}

/** What every draw is for, in order, so that a glyph is a function of (seed, part, example). Points follow at `points`, specks at `specks`. */
const draw = {
  variant: 0,
  slant: 1,
  turn: 2,
  width: 3,
  height: 4,
  right: 5,
  down: 6,
  thickness: 7,
  pressure: 8,
  softness: 9,
  ink: 10,
  specks: 11,
  shade: 12,
  colours: 13, // six
  points: 20, // two for each of at most 24 points
  marks: 68, // three for each speck
} as const;
const SPECKS = 12;
const DRAWS = draw.marks + 3 * SPECKS;

/** How far things vary, in units of the box a digit is drawn in. Chosen so that a linear classifier has trouble and a small network has not. */
const VARIES = { point: 0.08, slant: 0.34, turn: 0.22, width: [0.55, 1], height: [0.75, 1.1], shift: 0.11 } as const;

/**
 * Handwritten-looking digits drawn by the program: strokes with varied form, slant, size, place, thickness, ink and specks. Every ten examples in a row hold
 * each digit once, in an order of their own. Only + - * / and sqrt are used, so the pixels are the same on every machine.
 */
export const drawGlyphs = (options: GlyphOptions, fields: readonly Field[], origin = "glyphs"): Dataset => {
  const { part, n, seed, shape } = options;
  const [height, width, channels] = checkedShape(shape, n);
  const { image, label } = pictureFields("glyphs", fields, shape, 10);
  const size = height * width;
  const pixels = new Uint8Array(withinColumn(`${n} glyphs`, "glyphs", n * size * channels, 1));
  const labels = new Uint8Array(n);
  const page = new Page(height, width);
  const purpose = `glyphs ${part}`;
  const bits = new Int32Array(10 * DRAWS);
  const keys = new Int32Array(40);
  const orderBits = new Int32Array(10);
  for (let block = 0; block * 10 < n; block++) {
    for (let k = 0; k < 10; k++) keys.set([seed, 0, 0, block * 10 + k], 4 * k);
    fillRandomBits(keys, purpose, DRAWS, bits);
    fillRandomBits(Int32Array.of(seed, 0, 0, block), `${purpose} order`, 10, orderBits);
    const order = Array.from({ length: 10 }, (_, digit) => digit).sort(
      (a, b) => orderBits[a]! - orderBits[b]! || a - b,
    );
    for (let k = 0; k < 10 && block * 10 + k < n; k++) {
      const example = block * 10 + k;
      const digit = order[k]!;
      labels[example] = digit;
      const own = bits.subarray(k * DRAWS, (k + 1) * DRAWS);
      page.clear();
      write(page, digit, own);
      const into = pixels.subarray(example * size * channels, (example + 1) * size * channels);
      if (channels === 1) inkGrey(page, own, into);
      else inkColour(page, own, into);
    }
  }
  return makeSource([makeColumn(image, pixels, 1 / 255), makeColumn(label, labels)], origin);
};

const checkedShape = (shape: readonly number[], n: number): readonly [number, number, number] => {
  const [height, width, channels] = shape;
  const fits = (side: number | undefined): side is number =>
    side !== undefined && Number.isInteger(side) && side >= 8 && side <= 256;
  if (shape.length !== 3 || !fits(height) || !fits(width) || (channels !== 1 && channels !== 3)) {
    return refuse("MTT5508", {
      message: `glyphs cannot be drawn in the shape [${shape.join(", ")}]`,
      expected: "[height, width, 1 or 3], 8 to 256 pixels",
      found: `[${shape.join(", ")}]`,
      help: "glyphs are pictures such as f32[28, 28, 1] or f32[32, 32, 3]",
    });
  }
  if (!Number.isInteger(n) || n < 0 || n > LIMITS.examples) {
    return refuse("MTT5509", {
      message: `glyphs(n: ${n}) cannot be drawn`,
      expected: `0 to ${LIMITS.examples}`,
      found: String(n),
      help: "n is a whole number of examples",
    });
  }
  return [height, width, channels];
};

/** A draw over [0, 1). */
const unit = (own: Int32Array, at: number): number => own[at]! / 0x1000000;
const between = (own: Int32Array, at: number, low: number, high: number): number => low + (high - low) * unit(own, at);
/** Over (-1, 1), the middle likelier. */
const around = (own: Int32Array, at: number): number => {
  const draw = own[at]!;
  return (draw & 0xfff) / 0x1000 + (draw >>> 12) / 0x1000 - 1;
};

/** How far each pixel's centre lies outside the ink, in pixels; negative inside. */
class Page {
  readonly height: number;
  readonly width: number;
  readonly distance: Float64Array;

  constructor(height: number, width: number) {
    this.height = height;
    this.width = width;
    this.distance = new Float64Array(height * width);
  }

  clear(): void {
    this.distance.fill(FAR);
  }

  /** A straight piece of a stroke whose radius goes from r0 to r1. */
  piece(ax: number, ay: number, bx: number, by: number, r0: number, r1: number): void {
    const { width, height, distance } = this;
    const reach = Math.max(r0, r1) + FAR;
    const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const right = Math.min(width - 1, Math.ceil(Math.max(ax, bx) + reach));
    const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const bottom = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
    const dx = bx - ax;
    const dy = by - ay;
    const squared = dx * dx + dy * dy;
    const scale = squared === 0 ? 0 : 1 / squared;
    for (let y = top; y <= bottom; y++) {
      const py = y + 0.5 - ay;
      for (let x = left; x <= right; x++) {
        const px = x + 0.5 - ax;
        const along = (px * dx + py * dy) * scale;
        const t = Math.min(1, Math.max(0, along));
        const ex = px - t * dx;
        const ey = py - t * dy;
        const away = ex * ex + ey * ey;
        if (away >= reach * reach) continue;
        const d = Math.sqrt(away) - (r0 + (r1 - r0) * t);
        const at = y * width + x;
        if (d < distance[at]!) distance[at] = d;
      }
    }
  }
}
/** Beyond this many pixels from the ink nothing is drawn. */
const FAR = 1;

const write = (page: Page, digit: number, own: Int32Array): void => {
  const ways = digits[digit]!;
  const strokes = ways[Math.floor(unit(own, draw.variant) * ways.length)]!;
  const side = Math.min(page.height, page.width);
  // The box's pixels: margins of a seventh, as in MNIST.
  const box = side * 0.74;
  const wide = box * between(own, draw.width, ...VARIES.width);
  const high = box * between(own, draw.height, ...VARIES.height);
  const slant = VARIES.slant * around(own, draw.slant) + 0.1;
  const half = VARIES.turn * around(own, draw.turn) * 0.5;
  // A rotation by 2 atan(half), without a sine.
  const cos = (1 - half * half) / (1 + half * half);
  const sin = (2 * half) / (1 + half * half);
  const centreX = page.width / 2 + side * VARIES.shift * around(own, draw.right);
  const centreY = page.height / 2 + side * VARIES.shift * around(own, draw.down);
  const radius = side * between(own, draw.thickness, 0.026, 0.068);
  const pressure = 0.35 * around(own, draw.pressure);
  let point = 0;
  for (const stroke of strokes) {
    const xs: number[] = [];
    const ys: number[] = [];
    for (const [u, v] of stroke.points) {
      const jitterX = VARIES.point * around(own, draw.points + 2 * point);
      const jitterY = VARIES.point * around(own, draw.points + 2 * point + 1);
      point = (point + 1) % 24;
      const y = (v + jitterY - 0.5) * high;
      const x = (u + jitterX - 0.5) * wide - slant * y;
      xs.push(centreX + cos * x - sin * y);
      ys.push(centreY + sin * x + cos * y);
    }
    trace(page, stroke.kind, xs, ys, radius * (1 - pressure), radius * (1 + pressure));
  }
};

/** Pieces of a curve between two of its points. */
const PIECES = 3;

/** A polyline, or the Catmull-Rom spline through the points, in pieces. */
const trace = (page: Page, kind: Stroke["kind"], xs: number[], ys: number[], r0: number, r1: number): void => {
  const last = xs.length - 1;
  const step = (r1 - r0) / last;
  for (let i = 0; i < last; i++) {
    const from = r0 + step * i;
    if (kind === "line") {
      page.piece(xs[i]!, ys[i]!, xs[i + 1]!, ys[i + 1]!, from, from + step);
      continue;
    }
    let x = xs[i]!;
    let y = ys[i]!;
    for (let k = 1; k <= PIECES; k++) {
      const t = k / PIECES;
      const nextX = spline(xs, i, t);
      const nextY = spline(ys, i, t);
      page.piece(x, y, nextX, nextY, from + (step * (k - 1)) / PIECES, from + step * t);
      x = nextX;
      y = nextY;
    }
  }
};

const spline = (at: readonly number[], i: number, t: number): number => {
  const b = at[i]!;
  const c = at[i + 1]!;
  const a = at[i - 1] ?? b;
  const d = at[i + 2] ?? c;
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
};

/** 0 to 1: how much of a pixel the ink covers, its edge blurred. */
const cover = (distance: number, softness: number): number => {
  return Math.min(1, Math.max(0, 0.5 - distance / softness));
};

const inkGrey = (page: Page, own: Int32Array, into: Uint8Array): void => {
  const softness = between(own, draw.softness, 1, 2);
  const ink = between(own, draw.ink, 0.72, 1) * 255;
  const { distance } = page;
  for (let at = 0; at < distance.length; at++) {
    const d = distance[at]!;
    if (d < FAR) into[at] = Math.round(ink * cover(d, softness));
  }
  // Dust and scratches: single pixels, a few of them beside each other.
  const specks = Math.floor(unit(own, draw.specks) * unit(own, draw.shade) * (SPECKS + 1));
  for (let k = 0; k < specks; k++) {
    const at = Math.floor(unit(own, draw.marks + 3 * k) * into.length);
    const mark = own[draw.marks + 3 * k + 1]! >>> 16;
    into[at] = Math.max(into[at]!, mark);
    const beside = unit(own, draw.marks + 3 * k + 2) < 0.5 ? 1 : page.width;
    if (at + beside < into.length) into[at + beside] = Math.max(into[at + beside]!, mark >>> 1);
  }
};

/** A coloured digit on a ground of another colour that grows darker to one side. */
const inkColour = (page: Page, own: Int32Array, into: Uint8Array): void => {
  const softness = between(own, draw.softness, 1, 2);
  const paper = [0, 1, 2].map((channel) => unit(own, draw.colours + channel));
  const pen = [0, 1, 2].map((channel) => unit(own, draw.colours + 3 + channel));
  // The pen differs from the paper in brightness: pushed apart until it does.
  const brightness = ([r, g, b]: readonly number[]) => 0.3 * r! + 0.59 * g! + 0.11 * b!;
  const apart = brightness(pen) - brightness(paper);
  const missing = Math.max(0, 0.45 - Math.abs(apart));
  const up = brightness(paper) < 0.5 ? 1 : -1;
  const push = apart * up < 0 && Math.abs(apart) < 0.45 ? 0.45 + Math.abs(apart) : missing;
  const shade = 0.35 * around(own, draw.shade);
  const { distance, width } = page;
  for (let at = 0; at < distance.length; at++) {
    const c = cover(distance[at]!, softness);
    const ground = 1 + shade * ((at % width) / width - 0.5);
    for (let channel = 0; channel < 3; channel++) {
      const ink = Math.min(1, Math.max(0, pen[channel]! + (Math.abs(apart) < 0.45 ? up * push : 0)));
      const value = paper[channel]! * ground * (1 - c) + ink * c;
      into[3 * at + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
  }
};
