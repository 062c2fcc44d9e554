import { gzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { UsageError } from "../../src/cli/exit.ts";
import { yamlOf } from "../../src/cli/yaml.ts";
import { parseCifar10, unpackArchive } from "../../src/data/cifar10.ts";
import { parseCsv } from "../../src/data/csv.ts";
import { DataError } from "../../src/data/error.ts";
import { parseIdx, unpackIdx } from "../../src/data/idx.ts";
import { pictureColumn } from "../../src/data/images.ts";
import { parseNpy } from "../../src/data/npy.ts";
import { parseNpz } from "../../src/data/npz.ts";
import { decodePng } from "../../src/data/png.ts";
import { npyBytes, npyHeader } from "../../src/execute/array-file.ts";
import type { Field } from "../../src/plan/dataset.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { formatIn } from "../../src/store/format.ts";
import { seal } from "../../src/store/record.ts";
import { decodeRun, type RunRecord } from "../../src/store/runs.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";
import { readRecord } from "../../src/store/walk.ts";
import { png } from "../data/png.ts";
import { zip } from "../data/zip.ts";
import { result } from "../store/suite.ts";

/** Bytes from outside, whole and valid ones, and what a reader makes of any: `read`, or the code of its refusal. It throws nothing else. */
export interface Reader {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => string;
}

const image: Field = { name: "image", type: { dtype: "f32", shape: [2, 2, 1] } };
const colours: Field = { name: "image", type: { dtype: "f32", shape: [32, 32, 3] } };
const label: Field = { name: "label", type: { dtype: "i32", shape: [] }, classes: 10 };
const age: Field = { name: "age", type: { dtype: "f32", shape: [] } };

const text = (...lines: readonly string[]): Uint8Array => new TextEncoder().encode(`${lines.join("\n")}\n`);
const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Of a reader that throws DataErrors. */
const data =
  (read: (bytes: Uint8Array) => unknown) =>
  (bytes: Uint8Array): string => {
    try {
      read(bytes);
      return "read";
    } catch (error) {
      if (error instanceof DataError && error.message !== "" && error.help !== "") return error.code;
      throw error;
    }
  };

/** Of a reader that finds a record whole or not. */
const record =
  (read: (text: string) => Option.Option<unknown>) =>
  (bytes: Uint8Array): string =>
    Option.isSome(read(decoded(bytes))) ? "read" : "damaged";

const u32 = (...numbers: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(4 * numbers.length);
  numbers.forEach((number, at) => {
    new DataView(bytes.buffer).setUint32(4 * at, number);
  });
  return bytes;
};
export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const idxImages = join(
  u32(0x803, 3, 2, 2),
  Uint8Array.from({ length: 12 }, (_, k) => 20 * k),
);
const idxFloats = join(u32(0xd03, 1, 2, 2), new Uint8Array(16));
const npy = (array: Tensor): Uint8Array => join(npyHeader(array.dtype, array.shape), npyBytes(array));
const square = tensor("f32", [2, 2, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
const weights = { "layer0/W": tensor("f32", [2, 3], [1, 2, 3, 4, 5, 6]), "layer0/b": tensor("f64", [3], [1, 2, 3]) };

const TAR_BLOCK = 512;
/** A tar archive of one file. */
export const tar = (path: string, contents: Uint8Array, size = contents.length): Uint8Array => {
  const header = new Uint8Array(TAR_BLOCK);
  header.set(new TextEncoder().encode(path), 0);
  header.set(new TextEncoder().encode(size.toString(8).padStart(11, "0")), 124);
  header[156] = 0x30;
  return join(
    header,
    contents,
    new Uint8Array(((TAR_BLOCK - (contents.length % TAR_BLOCK)) % TAR_BLOCK) + 2 * TAR_BLOCK),
  );
};
const cifar = new Uint8Array(2 * 3073).fill(7);

const runRecord: RunRecord = {
  id: "20261129-093012-3f2a",
  file: "/home/somebody/p.mtt",
  targets: ["on_test"],
  params: { epochs: "3" },
  engine: "reference",
  version: "0.1.0",
  host: "here",
  pid: 12,
  started: 1,
  finished: 2,
  status: "done",
  steps: { model: { kind: "train", status: "ran", key: "k", seconds: 1, result: { loss: 0.5 } } },
  used: [{ step: "model", key: "k", ran: true }],
};

const isOwn = Schema.is(UsageError);

export const readers: readonly Reader[] = [
  {
    name: "idx",
    samples: [idxImages, idxFloats, new Uint8Array(gzipSync(idxImages))],
    read: data((bytes) => parseIdx(unpackIdx(bytes, "x"), "x", image)),
  },
  {
    name: "idx labels",
    samples: [join(u32(0x801, 4), Uint8Array.of(1, 2, 3, 9)), join(u32(0xc01, 2), u32(1, 2))],
    read: data((bytes) => parseIdx(unpackIdx(bytes, "x"), "x", label)),
  },
  { name: "npy", samples: [npy(square)], read: data((bytes) => parseNpy(bytes, "x", image)) },
  {
    name: "npy labels",
    samples: [npy(tensor("i32", [4], [1, 2, 3, 9]))],
    read: data((bytes) => parseNpy(bytes, "x", label)),
  },
  {
    name: "npz",
    samples: [
      new Uint8Array(
        zip(Object.fromEntries(Object.entries(weights).map(([name, array]) => [`${name}.npy`, npy(array)]))),
      ),
    ],
    read: data((bytes) => parseNpz(bytes, "x", 2 ** 17)),
  },
  {
    name: "csv",
    samples: [
      text("age,label", "41,0", "42.5e0,9"),
      text('"age","label"', '" 41 ","0"'),
      text("label,other,age", "1,x,2"),
    ],
    read: data((bytes) => parseCsv(bytes, "x", [age, label])),
  },
  {
    name: "png",
    samples: [
      png(2, 2, 8, 0, [
        [0, 85],
        [170, 255],
      ]),
      png(2, 2, 16, 0, [
        [0, 0, 85, 85],
        [170, 170, 255, 255],
      ]),
      png(2, 2, 8, 6, [
        [1, 2, 3, 255, 1, 2, 3, 255],
        [1, 2, 3, 255, 1, 2, 3, 255],
      ]),
      png(2, 2, 1, 0, [[0x40], [0x80]]),
    ],
    read: data((bytes) => pictureColumn(decodePng(bytes, "x"), "x", image)),
  },
  {
    name: "tar of cifar10",
    samples: [tar("test_batch.bin", cifar), new Uint8Array(gzipSync(tar("test_batch.bin", cifar)))],
    read: data((bytes) => parseCifar10(unpackArchive(bytes, "x", "test"), [colours, label])),
  },
  {
    name: "safetensors",
    samples: [encodeSafetensors(weights)],
    read: (bytes) => {
      try {
        decodeSafetensors(bytes);
        return "read";
      } catch (error) {
        // Who reads the file makes an MTT5404 of it; a RangeError or a TypeError is a fault of ours.
        if (error instanceof Error && error.constructor === Error && error.message !== "") return "MTT5404";
        throw error;
      }
    },
  },
  {
    name: "mtt.yaml",
    samples: [text("store: .mtt", "params:", "  epochs: 3", "  rate: 1e-3"), text("data: &a ../data", "store: *a")],
    read: (bytes) => {
      const exit = Effect.runSyncExit(yamlOf("mtt.yaml", decoded(bytes), ["store", "data", "params"]));
      if (Exit.isSuccess(exit)) return "read";
      const error = Exit.findErrorOption(exit);
      if (Option.isSome(error) && isOwn(error.value) && error.value.message !== "") return "wrong use";
      throw new Error(String(exit.cause));
    },
  },
  {
    name: "result of a store",
    samples: [text(seal({ ...result("k", { arrays: { parameters: { object: "ab" } }, cost: { peak: 1 } }) }).trim())],
    read: record(readRecord),
  },
  { name: "record of a run", samples: [text(seal({ ...runRecord }).trim())], read: record(decodeRun) },
  {
    name: "format.json",
    samples: [text('{"format":1}')],
    read: record(formatIn),
  },
];
