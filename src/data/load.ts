import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import { arrayPath, type Field, type Source } from "../plan/dataset.ts";
import { loadCifar10 } from "./cifar10.ts";
import type { DataConfig } from "./config.ts";
import { parseCsv } from "./csv.ts";
import type { Column, Dataset } from "./dataset.ts";
import { attempt, DataError } from "./error.ts";
import { readBytes } from "./files.ts";
import { drawGlyphs } from "./glyphs.ts";
import { parseIdx, unpackIdx } from "./idx.ts";
import { loadImages } from "./images.ts";
import { LIMITS } from "./limits.ts";
import { loadMnist } from "./mnist.ts";
import { parseNpy } from "./npy.ts";
import { memberOf } from "./npz.ts";
import { pictureFields } from "./pictures.ts";
import { fileOf } from "./reach.ts";
import { makeSource } from "./view.ts";

/** The examples of a source, each verified against the declared fields. Paths of the program start at `config.base`. */
export const loadSource = (
  source: Source,
  fields: readonly Field[],
  config: DataConfig,
): Effect.Effect<Dataset, DataError, FileSystem | HttpClient> => {
  switch (source.kind) {
    case "mnist":
      return orFallback(source, loadMnist(source.part, fields, config), fields, config);
    case "cifar10":
      return orFallback(source, loadCifar10(source.part, fields, config), fields, config);
    case "glyphs":
      return attempt(() => drawGlyphs(source, fields));
    case "csv":
      return loadCsv(source.path, fields, config);
    case "npy":
      return loadNpy(source.files, fields, config);
    case "idx":
      return loadIdx(source, fields, config);
    case "images":
      return loadImages(source.path, source.classes, fields, config);
  }
};

/** The declared stand-in where the real data cannot be had, and only there: damaged files stay errors. It is said, and stands in the origin. */
const orFallback = <R>(
  { kind, fallback }: Extract<Source, { readonly kind: "mnist" | "cifar10" }>,
  real: Effect.Effect<Dataset, DataError, R>,
  fields: readonly Field[],
  config: DataConfig,
): Effect.Effect<Dataset, DataError, R | FileSystem | HttpClient> =>
  fallback === undefined
    ? real
    : real.pipe(
        Effect.catchTag("DataError", (error) =>
          error.code !== "MTT5501"
            ? Effect.fail(error)
            : config
                .report({
                  kind: "warning",
                  message: `NOT ${kind}: its fallback, ${fallback.kind}, is used instead. ${error.message}`,
                })
                .pipe(
                  Effect.andThen(loadSource(fallback, fields, config)),
                  Effect.map((dataset) => ({ ...dataset, origin: `${dataset.origin} (fallback of ${kind})` })),
                ),
        ),
      );

const loadCsv = Effect.fnUntraced(function* (path: string, fields: readonly Field[], config: DataConfig) {
  const file = yield* fileOf(config, path);
  const bytes = yield* readBytes(file, LIMITS.csv);
  return yield* attempt(() => makeSource(parseCsv(bytes, file, fields), path));
});

const loadNpy = Effect.fnUntraced(function* (
  files: Readonly<Record<string, string>>,
  fields: readonly Field[],
  config: DataConfig,
) {
  const columns: Column[] = [];
  /** Archives, for the fields that come of the same one. */
  const read = new Map<string, Uint8Array>();
  for (const field of fields) {
    const path = files[field.name];
    if (path === undefined) {
      return yield* new DataError({
        code: "MTT5508",
        message: `npy names no file for the field \`${field.name}\``,
        help: `it names files for ${Object.keys(files).join(", ")}`,
      });
    }
    const { file: written, member } = arrayPath(path);
    const file = yield* fileOf(config, written);
    const bytes = read.get(file) ?? (yield* readBytes(file));
    if (member === undefined) columns.push(yield* attempt(() => parseNpy(bytes, file, field)));
    else {
      read.set(file, bytes);
      columns.push(yield* attempt(() => parseNpy(memberOf(bytes, file, member), `${file}: ${member}`, field)));
    }
  }
  return yield* attempt(() => makeSource(columns, Object.values(files).join(", ")));
});

const loadIdx = Effect.fnUntraced(function* (
  source: Extract<Source, { readonly kind: "idx" }>,
  fields: readonly Field[],
  config: DataConfig,
) {
  const images = yield* fileOf(config, source.images);
  const labels = yield* fileOf(config, source.labels);
  const { image, label } = yield* attempt(() => {
    const shape = fields.find((field) => field.classes === undefined)?.type.shape ?? [];
    const classes = fields.find((field) => field.classes !== undefined)?.classes ?? 0;
    return pictureFields("idx", fields, shape, classes);
  });
  const imageBytes = yield* readBytes(images);
  const labelBytes = yield* readBytes(labels);
  return yield* attempt(() =>
    makeSource(
      [parseIdx(unpackIdx(imageBytes, images), images, image), parseIdx(unpackIdx(labelBytes, labels), labels, label)],
      `${source.images}, ${source.labels}`,
    ),
  );
});
