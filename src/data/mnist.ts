import { join } from "node:path";
import * as Effect from "effect/Effect";
import type { Field } from "../plan/dataset.ts";
import { hashBytes } from "../store/hash.ts";
import { cacheFolder, type DataConfig, givenPlaces } from "./config.ts";
import type { Dataset } from "./dataset.ts";
import { download } from "./download.ts";
import { attempt, DataError, refuse } from "./error.ts";
import { readBytes, sizeOfFile } from "./files.ts";
import { parseIdx, unpackIdx } from "./idx.ts";
import { pictureFields } from "./pictures.ts";
import { makeSource } from "./view.ts";

interface File {
  readonly name: string;
  /** Of the contents, unpacked: mirrors pack differently. */
  readonly sha256: string;
}

const parts: Readonly<Record<"train" | "test", { readonly images: File; readonly labels: File }>> = {
  train: {
    images: {
      name: "train-images-idx3-ubyte",
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: {
      name: "train-labels-idx1-ubyte",
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
  },
  test: {
    images: {
      name: "t10k-images-idx3-ubyte",
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte",
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
};

const mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"];

/** The packed files of any mirror are smaller. */
const LIMIT = 64 * 1024 * 1024;

/** MNIST's train or test part, from the user's folders, the cache, or a mirror. */
export const loadMnist = Effect.fnUntraced(function* (
  part: "train" | "test",
  fields: readonly Field[],
  config: DataConfig,
) {
  const { image, label } = yield* attempt(() => pictureFields("mnist", fields, [28, 28, 1], 10));
  const { images, labels } = parts[part];
  const dataset = (imageBytes: Uint8Array, imageFile: string, labelBytes: Uint8Array, labelFile: string): Dataset =>
    makeSource([parseIdx(imageBytes, imageFile, image), parseIdx(labelBytes, labelFile, label)], "mnist");

  const tried: string[] = [];
  for (const { name, folder } of givenPlaces(config)) {
    const imageFile = yield* find(folder, images.name);
    const labelFile = yield* find(folder, labels.name);
    if (imageFile === undefined || labelFile === undefined) {
      const missing = [imageFile ?? images.name, labelFile ?? labels.name].filter((file) => !file.startsWith(folder));
      tried.push(`${name} ${folder}: no ${missing.join(" and no ")} (nor .gz)`);
      continue;
    }
    const imageBytes = yield* readIdx(imageFile);
    const labelBytes = yield* readIdx(labelFile);
    const result = yield* attempt(() => dataset(imageBytes, imageFile, labelBytes, labelFile));
    const others = [
      ...(hashBytes(imageBytes) === images.sha256 ? [] : [imageFile]),
      ...(hashBytes(labelBytes) === labels.sha256 ? [] : [labelFile]),
    ];
    if (others.length === 0) return result;
    const message = `${others.join(" and ")}: not the contents of MNIST (the sha256 differs); taken as they are`;
    yield* config.report({ kind: "warning", message });
    return { ...result, origin: `mnist (other contents, from ${folder})` };
  }

  const cache = cacheFolder(config, "mnist");
  const cached = Effect.fnUntraced(function* (file: File) {
    const path = yield* find(cache, file.name);
    if (path === undefined) {
      tried.push(`the cache ${cache}: no ${file.name} (nor .gz)`);
      return undefined;
    }
    return yield* readBytes(path).pipe(
      Effect.flatMap((bytes) => attempt(() => verified(bytes, path, file))),
      Effect.catchTag("DataError", (error) => {
        tried.push(`the cache ${cache}: ${error.message}`);
        return config
          .report({ kind: "warning", message: `${error.message}; getting it again` })
          .pipe(Effect.as(undefined));
      }),
    );
  });
  const fetched = Effect.fnUntraced(function* (file: File) {
    const base = config.environment.MTT_MNIST_URL;
    const urls = (base ? [base] : mirrors).map((mirror) => `${mirror.replace(/\/+$/, "")}/${file.name}.gz`);
    const target = join(cache, `${file.name}.gz`);
    let contents: Uint8Array | undefined;
    yield* download(config, {
      name: file.name,
      urls,
      target,
      limit: LIMIT,
      accept: (bytes) => {
        contents = verified(bytes, target, file);
      },
    });
    return contents!;
  });
  const get = Effect.fnUntraced(function* (file: File) {
    return (yield* cached(file)) ?? (yield* fetched(file));
  });
  const found = yield* Effect.all([get(images), get(labels)]).pipe(
    Effect.catchTag("DataError", (error) => {
      tried.push(...error.message.split("\n"));
      return Effect.fail(unavailable("mnist", "MTT_MNIST_URL", tried));
    }),
  );
  return yield* attempt(() => dataset(found[0], images.name, found[1], labels.name));
});

/** Nothing could be had: what was tried, and the ways out. */
export const unavailable = (dataset: string, variable: string, tried: readonly string[]): DataError =>
  new DataError({
    code: "MTT5501",
    message: [`${dataset} could not be found or downloaded. Tried:`, ...tried.map((line) => `  - ${line}`)].join("\n"),
    help: [
      "three ways out:",
      `  1. have the files, and say where: --data DIR or MTT_DATA=DIR`,
      `  2. name a mirror that can be reached: ${variable}=https://…`,
      `  3. let the program draw digits instead: ${dataset}(fallback: glyphs(n: 60000, seed: 1))`,
    ].join("\n"),
  });

/** The layouts that people have: as downloaded, as torchvision keeps them, and with a dot as some archives do. */
const find = Effect.fnUntraced(function* (folder: string, name: string) {
  const dotted = name.replace("-idx", ".idx");
  for (const inside of ["", "mnist", join("MNIST", "raw")]) {
    for (const file of [name, `${name}.gz`, dotted, `${dotted}.gz`]) {
      const path = join(folder, inside, file);
      if ((yield* sizeOfFile(path)) !== undefined) return path;
    }
  }
  return undefined;
});

const readIdx = Effect.fnUntraced(function* (path: string) {
  const bytes = yield* readBytes(path);
  return yield* attempt(() => unpackIdx(bytes, path));
});

const verified = (bytes: Uint8Array, path: string, file: File): Uint8Array => {
  const contents = unpackIdx(bytes, path);
  const found = hashBytes(contents);
  if (found !== file.sha256) {
    refuse("MTT5510", {
      message: `${path}: the sha256 of the contents is ${found}, and MNIST's ${file.name} has ${file.sha256}`,
      file: path,
      expected: file.sha256,
      found,
      help: "the file is damaged or another one",
    });
  }
  return contents;
};
