import { join } from "node:path";
import * as Effect from "effect/Effect";
import type { Field } from "../plan/dataset.ts";
import { hashBytes } from "../store/hash.ts";
import { cacheFolder, type DataConfig, givenPlaces } from "./config.ts";
import type { Dataset } from "./dataset.ts";
import { download } from "./download.ts";
import { attempt, type DataError, refuse } from "./error.ts";
import { readBytes, sizeOfFile } from "./files.ts";
import { isGzip, unpack } from "./inflate.ts";
import { checkLabels } from "./labels.ts";
import { LIMITS, withinColumn } from "./limits.ts";
import { unavailable } from "./mnist.ts";
import { pictureFields } from "./pictures.ts";
import { tarEntries } from "./tar.ts";
import { makeColumn, makeSource } from "./view.ts";

const ARCHIVE = "cifar-10-binary.tar.gz";
const FOLDER = "cifar-10-batches-bin";
const URL = "https://www.cs.toronto.edu/~kriz";
/** Of the archive whose md5 its authors publish, c32a1d4ab5d03f1284b67883e8d87530. */
const ARCHIVE_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";

const batches: Readonly<Record<"train" | "test", readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ["test_batch.bin"],
};

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PICTURE = 3 * PLANE;
const RECORD = 1 + PICTURE;

interface Batch {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Records of a label and three planes of 32 x 32, red, green, blue (cs.toronto.edu/~kriz/cifar.html) -> pictures [32, 32, 3]. */
export const parseCifar10 = (files: readonly Batch[], fields: readonly Field[]): Dataset => {
  const { image, label } = pictureFields("cifar10", fields, [SIDE, SIDE, 3], 10);
  for (const { file, bytes } of files) {
    if (bytes.length > 0 && bytes.length % RECORD === 0) continue;
    refuse("MTT5504", {
      message: `${file}: ${bytes.length} bytes are not a whole number of records of ${RECORD} bytes; the last ends at byte ${bytes.length - (bytes.length % RECORD)}`,
      file,
      offset: bytes.length - (bytes.length % RECORD),
      expected: `a multiple of ${RECORD} bytes`,
      found: `${bytes.length} bytes`,
      help: "the file was cut off, or is the version for Python: mtt reads the binary version",
    });
  }
  const n = files.reduce((sum, { bytes }) => sum + bytes.length / RECORD, 0);
  const pixels = new Uint8Array(withinColumn(`${n} pictures`, "cifar10", n * PICTURE, 1));
  const labels = new Uint8Array(n);
  let example = 0;
  for (const { file, bytes } of files) {
    const own = labels.subarray(example, example + bytes.length / RECORD);
    for (let record = 0; record < own.length; record++) own[record] = bytes[record * RECORD]!;
    checkLabels(own, label, file, (record) => record * RECORD);
    for (let record = 0; record < own.length; record++, example++) {
      const from = record * RECORD + 1;
      const to = example * PICTURE;
      for (let pixel = 0; pixel < PLANE; pixel++) {
        pixels[to + 3 * pixel] = bytes[from + pixel]!;
        pixels[to + 3 * pixel + 1] = bytes[from + PLANE + pixel]!;
        pixels[to + 3 * pixel + 2] = bytes[from + 2 * PLANE + pixel]!;
      }
    }
  }
  return makeSource([makeColumn(image, pixels, 1 / 255), makeColumn(label, labels)], "cifar10");
};

/** The batches of a part inside the archive. */
export const unpackArchive = (bytes: Uint8Array, file: string, part: "train" | "test"): readonly Batch[] => {
  const archive = isGzip(bytes) ? unpack(bytes, file, () => LIMITS.archive) : bytes;
  const found = new Map<string, Uint8Array>();
  for (const entry of tarEntries(archive, file))
    found.set(entry.path.slice(entry.path.lastIndexOf("/") + 1), entry.bytes);
  return batches[part].map((name) => ({
    file: `${file}/${name}`,
    bytes:
      found.get(name) ??
      refuse("MTT5503", {
        message: `${file} holds no ${name}`,
        file,
        expected: batches[part].join(", "),
        found: [...found.keys()].slice(0, 20).join(", "),
        help: `mtt reads the binary version, ${ARCHIVE}`,
      }),
  }));
};

/** CIFAR-10's train or test part, from the user's folders, the cache, or its authors. */
export const loadCifar10 = Effect.fnUntraced(function* (
  part: "train" | "test",
  fields: readonly Field[],
  config: DataConfig,
) {
  const tried: string[] = [];
  const cache = cacheFolder(config, "cifar10");
  for (const { name, folder } of [...givenPlaces(config), { name: "the cache", folder: cache }]) {
    const found = yield* findIn(folder, part);
    if (found !== undefined) return yield* attempt(() => parseCifar10(found, fields));
    tried.push(`${name} ${folder}: no ${batches[part].join(", ")}, and no ${ARCHIVE}`);
  }
  const mirror = (config.environment.MTT_CIFAR10_URL || URL).replace(/\/+$/, "");
  const target = join(cache, ARCHIVE);
  const bytes = yield* download(config, {
    name: ARCHIVE,
    urls: [`${mirror}/${ARCHIVE}`],
    target,
    limit: LIMITS.archive,
    accept: (archive) => checkArchive(archive, target),
  }).pipe(
    Effect.catchTag("DataError", (error): Effect.Effect<never, DataError> => {
      tried.push(...error.message.split("\n"));
      return Effect.fail(unavailable("cifar10", "MTT_CIFAR10_URL", tried));
    }),
  );
  return yield* attempt(() => parseCifar10(unpackArchive(bytes, target, part), fields));
});

const checkArchive = (bytes: Uint8Array, file: string): void => {
  const found = hashBytes(bytes);
  if (found === ARCHIVE_SHA256) return;
  refuse("MTT5510", {
    message: `${file}: the sha256 of the archive is ${found}, and CIFAR-10's is ${ARCHIVE_SHA256}`,
    file,
    expected: ARCHIVE_SHA256,
    found,
    help: "the file is damaged or another one",
  });
};

const findIn = Effect.fnUntraced(function* (folder: string, part: "train" | "test") {
  for (const inside of [folder, join(folder, FOLDER), join(folder, "cifar10"), join(folder, "cifar10", FOLDER)]) {
    const files = batches[part].map((name) => join(inside, name));
    const sizes = yield* Effect.all(files.map(sizeOfFile));
    if (sizes.every((size) => size !== undefined)) {
      return yield* Effect.all(files.map((file) => readBytes(file).pipe(Effect.map((bytes) => ({ file, bytes })))));
    }
    for (const name of [ARCHIVE, ARCHIVE.replace(".gz", "")]) {
      const archive = join(inside, name);
      if ((yield* sizeOfFile(archive)) === undefined) continue;
      const bytes = yield* readBytes(archive);
      return yield* attempt(() => unpackArchive(bytes, archive, part));
    }
  }
  return undefined;
});
