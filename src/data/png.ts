import { inflateSync } from "node:zlib";
import { convertIndexedToRgb, type DecodedPng, decode } from "fast-png";
import { refuse } from "./error.ts";
import { LIMITS } from "./limits.ts";

/** A picture whose samples run from 0 to 255, or to 65535 where `depth` is 16. Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: 8 | 16;
  readonly samples: ArrayLike<number>;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples for each pixel by the header's colour type. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** What deflate can unfold a byte to, at most. */
const DEFLATE_RATIO = 1032;
const SMALL = 16 * 1024 * 1024;

/** Reads the header, and whether what follows is a picture of that size, before anything is allocated for it. */
const guard = (bytes: Uint8Array, file: string): Uint8Array => {
  if (!SIGNATURE.every((byte, at) => bytes[at] === byte)) {
    refuse("MTT5503", {
      message: `${file} is no PNG file`,
      file,
      offset: 0,
      expected: "89 50 4e 47 0d 0a 1a 0a",
      found: [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      help: "pictures are read as PNG; convert other formats first",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let at = 8;
  for (let type = ""; type !== "IEND"; ) {
    if (at + 12 > bytes.length) cutOff(file, bytes.length);
    const length = view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) cutOff(file, bytes.length);
    if ((at === 8) !== (type === "IHDR") || (type === "IHDR" && length !== 13)) damaged(file, at, `a chunk ${type}`);
    // Remarks, colour profiles and the like say nothing about samples, and may unfold to anything.
    if (KEPT.has(type)) parts.push(bytes.subarray(at, end));
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end - 4));
    at = end;
  }
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width < 1 || height < 1 || width > LIMITS.side || height > LIMITS.side) {
    refuse("MTT5509", {
      message: `${file} is ${height} x ${width} pixels, and mtt reads pictures of at most ${LIMITS.side} a side`,
      file,
      offset: 16,
      expected: `1 to ${LIMITS.side}`,
      found: `${height} x ${width}`,
      help: "scale the pictures to the size that the program declares",
    });
  }
  const samples = samplesOf[bytes[25]!] ?? damaged(file, 25, `colour type ${bytes[25]}`);
  // Each row has a byte for its filter; the seven passes of an interlaced picture have more rows.
  const raw = 2 * height * (1 + Math.ceil((width * samples * bytes[24]!) / 8)) + 1024;
  const packed = data.reduce((sum, { length }) => sum + length, 0);
  // The decoder makes room for all samples before it looks for them.
  if (packed * DEFLATE_RATIO < Math.floor((width * height * samples * bytes[24]!) / 8))
    damaged(file, 33, `${packed} packed bytes for ${height} x ${width} pixels`);
  if (packed * DEFLATE_RATIO > Math.max(SMALL, raw)) {
    try {
      inflateSync(Buffer.concat(data), { maxOutputLength: raw });
    } catch (error) {
      damaged(file, 33, error instanceof Error ? error.message : String(error));
    }
  }
  return Buffer.concat(parts);
};
const KEPT = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);

export const decodePng = (bytes: Uint8Array, file: string): Picture => {
  const kept = guard(bytes, file);
  let png: DecodedPng;
  try {
    png = decode(kept, { checkCrc: true });
  } catch (error) {
    // The decoder throws errors of many kinds for damaged contents, and for nothing else.
    return damaged(file, 8, error instanceof Error ? error.message : String(error));
  }
  const { width, height, depth, palette } = png;
  if (palette !== undefined) {
    const used = new Uint8Array(width * height);
    const indices = depth === 8 ? png.data : unpackBits(png.data, width, height, depth);
    const entries = palette.length;
    for (let k = 0; k < used.length; k++) {
      if (!(indices[k]! < entries)) damaged(file, 8, `colour ${indices[k]} of a palette of ${entries}`);
    }
    const channels = palette[0]?.length ?? 3;
    const samples = convertIndexedToRgb(png);
    return { width, height, channels, depth: 8, samples };
  }
  const { channels } = png;
  if (depth < 8) {
    const levels = (1 << depth) - 1;
    const samples = unpackBits(png.data, width, height, depth).map((level) => (level * 255) / levels);
    return { width, height, channels, depth: 8, samples };
  }
  if (png.data.length !== width * height * channels) damaged(file, 8, `${png.data.length} samples`);
  return { width, height, channels, depth: depth === 16 ? 16 : 8, samples: png.data };
};

/** Rows of samples of 1, 2 or 4 bits, each row from a byte of its own. */
const unpackBits = (data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array => {
  const stride = Math.ceil((width * depth) / 8);
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (data[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return out;
};

const cutOff = (file: string, at: number): never =>
  refuse("MTT5504", {
    message: `${file}: the PNG ends at byte ${at}, in the middle`,
    file,
    offset: at,
    expected: "a chunk IEND",
    found: "the end of the file",
    help: "the file was cut off: get it again",
  });

const damaged = (file: string, offset: number, what: string): never =>
  refuse("MTT5510", {
    message: `${file}: the PNG is damaged after byte ${offset} (${what})`,
    file,
    offset,
    expected: "a whole PNG file",
    found: what,
    help: "get the file again",
  });
