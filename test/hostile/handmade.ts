import { deflateSync, gzipSync } from "node:zlib";
import { hashBytes } from "../../src/store/hash.ts";
import { chunk, png } from "../data/png.ts";
import { zip } from "../data/zip.ts";
import { idxImages, join, tar } from "./readers.ts";

/** Files made to be believed: what each claims, and the codes that may answer it. */
export interface Handmade {
  readonly reader: string;
  readonly what: string;
  readonly bytes: () => Uint8Array;
  readonly codes: readonly string[];
}

const MIB = 2 ** 20;
const text = (written: string): Uint8Array => new TextEncoder().encode(written);
const big = (...numbers: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => {
    bytes.writeUInt32BE(number, 4 * at);
  });
  return new Uint8Array(bytes);
};
const gz = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

const npy = (shape: string, body = new Uint8Array(), descr = "<f4"): Uint8Array => {
  const header = text(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`);
  const head = Buffer.alloc(10);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  head.writeUInt16LE(header.length, 8);
  return join(head, header, body);
};
const npyOf = (version: number, length: number): Uint8Array => {
  const bytes = Buffer.alloc(64);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  bytes.writeUInt32LE(length, 8);
  return new Uint8Array(bytes);
};

const pngOf = (width: number, height: number, depth: number, colour: number, data: Uint8Array): Uint8Array => {
  const header = join(big(width, height), Uint8Array.of(depth, colour, 0, 0, 0));
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return join(signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array()));
};
const deflated = (bytes: number): Uint8Array => new Uint8Array(deflateSync(new Uint8Array(bytes)));

const safetensors = (header: string, body = new Uint8Array(), length = BigInt(header.length)): Uint8Array => {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length);
  return join(head, text(header), body);
};
const entry = (shape: string, offsets: string): string =>
  `{"w":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`;

/** A record whose hash is right, as who makes one on purpose would have it. */
const sealed = (body: string): Uint8Array => text(`{"sha256":"${hashBytes(text(body))}","result":${body}}\n`);
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** One stored file, which a table of many entries names again and again. */
const overlapping = (): Uint8Array => {
  const one = Buffer.from(zip({ "w.npy": npy("(1000,)", new Uint8Array(4000)) }));
  const [start, length] = [one.readUInt32LE(one.length - 6), one.readUInt32LE(one.length - 10)];
  const row = one.subarray(start, start + length);
  const end = Buffer.from(one.subarray(one.length - 22));
  const count = 65_000;
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(count * row.length, 12);
  return new Uint8Array(Buffer.concat([one.subarray(0, start), ...Array.from({ length: count }, () => row), end]));
};

const laughs = Array.from({ length: 10 }, (_, k) => `l${k + 1}: &l${k + 1} [${Array(10).fill(`*l${k}`).join(", ")}]`);

export const handmade: readonly Handmade[] = [
  { reader: "idx", what: "nothing", bytes: () => new Uint8Array(), codes: ["MTT5504"] },
  {
    reader: "idx",
    what: "2^96 numbers",
    bytes: () => big(0x803, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1),
    codes: ["MTT5509"],
  },
  {
    reader: "idx",
    what: "2^32 - 1 examples of nothing",
    bytes: () => big(0x803, 2 ** 32 - 1, 0, 0),
    codes: ["MTT5509"],
  },
  { reader: "idx", what: "255 axes", bytes: () => join(big(0x8ff), new Uint8Array(1024)), codes: ["MTT5503"] },
  {
    reader: "idx",
    what: "256 MiB behind a header of 12 bytes, packed",
    bytes: () => gz(join(idxImages, new Uint8Array(256 * MIB))),
    codes: ["MTT5505"],
  },
  {
    reader: "idx",
    what: "4 GiB announced, packed",
    bytes: () => gz(join(big(0x803, 2 ** 30, 2, 2), new Uint8Array(9999))),
    codes: ["MTT5509"],
  },
  { reader: "idx", what: "packed twice", bytes: () => gz(gz(idxImages)), codes: ["MTT5503"] },
  { reader: "npy", what: "2^53 + 1 examples", bytes: () => npy("(9007199254740993, 2, 2, 1)"), codes: ["MTT5509"] },
  {
    reader: "npy",
    what: "examples beyond all numbers",
    bytes: () => npy(`(${"9".repeat(400)}, 2, 2, 1)`),
    codes: ["MTT5509"],
  },
  { reader: "npy", what: "fewer than no examples", bytes: () => npy("(-1, 2, 2, 1)"), codes: ["MTT5503"] },
  {
    reader: "npy",
    what: "2^31 examples of one byte, none there",
    bytes: () => npy("(2147483648, 2, 2, 1)", undefined, "|u1"),
    codes: ["MTT5509"],
  },
  { reader: "npy", what: "a thousand axes", bytes: () => npy(`(${"1,".repeat(1000)})`), codes: ["MTT5503"] },
  {
    reader: "npy",
    what: "Python objects",
    bytes: () => npy("(1, 2, 2, 1)", new Uint8Array(99), "|O"),
    codes: ["MTT5503"],
  },
  { reader: "npy", what: "a header of 4 GiB", bytes: () => npyOf(2, 2 ** 32 - 1), codes: ["MTT5503"] },
  { reader: "npy", what: "version 200", bytes: () => npyOf(200, 10), codes: ["MTT5503"] },
  {
    reader: "npz",
    what: "64 MiB, said to be 80 bytes",
    bytes: () => new Uint8Array(zip({ "w.npy": new Uint8Array(64 * MIB) }, () => 80)),
    codes: ["MTT5510"],
  },
  {
    reader: "npz",
    what: "64 MiB, and says so",
    bytes: () => new Uint8Array(zip({ "w.npy": new Uint8Array(64 * MIB) })),
    codes: ["MTT5509"],
  },
  {
    reader: "npz",
    what: "4 GiB, it says",
    bytes: () => new Uint8Array(zip({ "w.npy": npy("(1,)") }, () => 2 ** 32 - 1)),
    codes: ["MTT5509"],
  },
  { reader: "npz", what: "65,000 times the same file", bytes: overlapping, codes: ["MTT5509"] },
  {
    reader: "npz",
    what: "an array called __proto__",
    bytes: () => new Uint8Array(zip({ "__proto__.npy": npy("(1,)", new Uint8Array(4)) })),
    codes: ["read"],
  },
  {
    reader: "npz",
    what: "a path that climbs",
    bytes: () => new Uint8Array(zip({ "../../w": npy("(1,)") })),
    codes: ["MTT5510"],
  },
  {
    reader: "csv",
    what: "a cell of 8 MiB",
    bytes: () => text(`age,label\n${"1".repeat(8 * MIB)},0\n`),
    codes: ["MTT5512"],
  },
  {
    reader: "csv",
    what: "a quote that never ends",
    bytes: () => text(`age,label\n"${"1\n".repeat(4 * MIB)}`),
    codes: ["MTT5512"],
  },
  {
    reader: "csv",
    what: "200,000 columns",
    bytes: () => text(`${"a,".repeat(200_000)}age,label\n`),
    codes: ["MTT5512", "read"],
  },
  { reader: "csv", what: "zeros", bytes: () => new Uint8Array(4 * MIB), codes: ["MTT5512"] },
  {
    reader: "csv",
    what: "a column called __proto__",
    bytes: () => text("__proto__,age,label\n1,2,3\n"),
    codes: ["read"],
  },
  {
    reader: "png",
    what: "2^31 pixels a side",
    bytes: () => pngOf(2 ** 31, 2 ** 31, 8, 0, deflated(10)),
    codes: ["MTT5509"],
  },
  {
    reader: "png",
    what: "4096 a side in a hundred bytes",
    bytes: () => pngOf(4096, 4096, 16, 6, deflated(10)),
    codes: ["MTT5510"],
  },
  { reader: "png", what: "no pixels", bytes: () => pngOf(0, 0, 8, 0, deflated(10)), codes: ["MTT5509"] },
  {
    reader: "png",
    what: "256 MiB of samples for four pixels",
    bytes: () => pngOf(2, 2, 8, 0, deflated(256 * MIB)),
    codes: ["MTT5510"],
  },
  { reader: "png", what: "depth 255", bytes: () => pngOf(2, 2, 255, 0, deflated(10)), codes: ["MTT5510"] },
  {
    reader: "png",
    what: "64 MiB of remarks, packed",
    bytes: () =>
      png(
        2,
        2,
        8,
        0,
        [
          [0, 1],
          [2, 3],
        ],
        [chunk("zTXt", join(text("a\0\0"), deflated(64 * MIB)))],
      ),
    codes: ["read"],
  },
  {
    reader: "png",
    what: "100,000 chunks of nothing",
    bytes: () =>
      png(
        2,
        2,
        8,
        0,
        [
          [0, 1],
          [2, 3],
        ],
        Array(100_000).fill(chunk("tEXt", new Uint8Array())),
      ),
    codes: ["read"],
  },
  {
    reader: "tar of cifar10",
    what: "an entry of 8 GiB",
    bytes: () => tar("test_batch.bin", new Uint8Array(512), 8 ** 11 - 1),
    codes: ["MTT5504"],
  },
  {
    reader: "tar of cifar10",
    what: "100,000 empty entries",
    bytes: () => join(...Array.from({ length: 100_000 }, () => tar("x", new Uint8Array(), 0).subarray(0, 512))),
    codes: ["MTT5503"],
  },
  {
    reader: "tar of cifar10",
    what: "512 MiB of zeros, packed",
    bytes: () => gz(new Uint8Array(512 * MIB)),
    codes: ["MTT5505"],
  },
  {
    reader: "safetensors",
    what: "a header of 2^64 - 1 bytes",
    bytes: () => safetensors("{}", undefined, 2n ** 64n - 1n),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "2^53 numbers",
    bytes: () => safetensors(entry("[9007199254740991]", "[0,4]"), new Uint8Array(4)),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "sizes whose product is none",
    bytes: () => safetensors(entry(`[${Array(400).fill("9007199254740991").join(",")},0]`, "[0,4]"), new Uint8Array(4)),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "an end before its begin",
    bytes: () => safetensors(entry("[1]", "[4,0]"), new Uint8Array(4)),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "a negative place",
    bytes: () => safetensors(entry("[1]", "[-4,0]"), new Uint8Array(4)),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "a thousand arrays in one place",
    bytes: () =>
      safetensors(
        `{${Array.from({ length: 1000 }, (_, k) => `"w${k}":{"dtype":"F32","shape":[250000],"data_offsets":[0,1000000]}`).join(",")}}`,
        new Uint8Array(1_000_000),
      ),
    codes: ["MTT5404"],
  },
  {
    reader: "safetensors",
    what: "a header 200,000 brackets deep",
    bytes: () => safetensors(`{"w":${nested(200_000)}}`),
    codes: ["MTT5404"],
  },
  {
    reader: "mtt.yaml",
    what: "a billion laughs",
    bytes: () => text(["l0: &l0 lol", ...laughs, "params: *l10"].join("\n")),
    codes: ["wrong use"],
  },
  {
    reader: "mtt.yaml",
    what: "100,000 brackets",
    bytes: () => text(`params: ${nested(100_000)}`),
    codes: ["wrong use"],
  },
  { reader: "mtt.yaml", what: "a value in itself", bytes: () => text("params: &a [*a]"), codes: ["read", "wrong use"] },
  {
    reader: "mtt.yaml",
    what: "a type of another program's",
    bytes: () => text("params: !!js/function 'function () {}'"),
    codes: ["read", "wrong use"],
  },
  {
    reader: "mtt.yaml",
    what: "a key __proto__",
    bytes: () => text("__proto__: { store: x }"),
    codes: ["wrong use", "read"],
  },
  {
    reader: "result of a store",
    what: "a preimage 100,000 brackets deep, its hash right",
    bytes: () => sealed(nested(100_000)),
    codes: ["damaged"],
  },
  {
    reader: "record of a run",
    what: "figures 5,000 brackets deep, its hash right",
    bytes: () => sealed(`{"steps":${nested(5000)}}`),
    codes: ["damaged"],
  },
  {
    reader: "format.json",
    what: "100,000 brackets",
    bytes: () => text(`{"format":${nested(100_000)}}`),
    codes: ["damaged"],
  },
  {
    reader: "format.json",
    what: "a format of 2^53",
    bytes: () => text('{"format":9007199254740992}'),
    codes: ["damaged"],
  },
];
