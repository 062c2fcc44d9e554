import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import type { Field } from "../plan/dataset.ts";
import type { DataConfig } from "./config.ts";
import type { Column } from "./dataset.ts";
import { attempt, refuse } from "./error.ts";
import { readBytes, reasonOf, unreadable } from "./files.ts";
import { packLabels } from "./labels.ts";
import { LIMITS, withinColumn } from "./limits.ts";
import { pictureFields } from "./pictures.ts";
import { decodePng, type Picture } from "./png.ts";
import { fileOf } from "./reach.ts";
import { fieldSize, makeColumn, makeSource } from "./view.ts";

/** folder/class/*.png: classes in the declared order, files in the order of their names. */
export const loadImages = Effect.fnUntraced(function* (
  path: string,
  classes: readonly string[],
  fields: readonly Field[],
  config: DataConfig,
) {
  const folder = yield* fileOf(config, path);
  const declared = fields.find((field) => field.classes === undefined)?.type.shape ?? [];
  const { image, label } = yield* attempt(() =>
    pictureFields(`images("${folder}")`, fields, pictureShape(declared), classes.length),
  );
  const files: string[] = [];
  const labels: number[] = [];
  let ignored = 0;
  for (const [number, name] of classes.entries()) {
    const names = yield* list(yield* fileOf(config, join(folder, name)));
    for (const file of names.sort()) {
      if (file.toLowerCase().endsWith(".png")) {
        files.push(join(folder, name, file));
        labels.push(number);
      } else ignored++;
    }
  }
  const unknown = (yield* list(folder)).filter((name) => !classes.includes(name));
  if (ignored > 0 || unknown.length > 0) {
    const what = [
      ...(ignored > 0 ? [`${ignored} files that are no .png`] : []),
      ...(unknown.length > 0
        ? [`${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", …" : ""}, which no class is called`]
        : []),
    ].join(", and ");
    yield* config.report({ kind: "warning", message: `images("${folder}") leaves out ${what}` });
  }
  if (files.length === 0) {
    return yield* attempt(() =>
      refuse("MTT5502", {
        message: `there is no .png in the folders ${classes.map((name) => join(folder, name)).join(", ")}`,
        file: folder,
        expected: "folder/class/*.png",
        found: "none",
        help: "put the pictures of each class into a folder called as the class",
      }),
    );
  }
  const pixels = new Pixels(image, files.length);
  for (const [at, file] of files.entries()) {
    const bytes = yield* readBytes(yield* fileOf(config, file), LIMITS.file);
    yield* attempt(() => pixels.add(at, decodePng(bytes, file), file));
    if (at % 256 === 255) {
      const message = `reading pictures, ${at + 1} of ${files.length}`;
      yield* config.report({ kind: "progress", message, fraction: (at + 1) / files.length });
    }
  }
  const column = pixels.column();
  return yield* attempt(() =>
    makeSource([column, makeColumn(label, packLabels(Int32Array.from(labels), label))], `images("${folder}")`),
  );
});

const pictureShape = (shape: readonly number[]): readonly number[] =>
  shape.length === 3 && [1, 3, 4].includes(shape[2]!) ? shape : [0, 0, 3];

const list = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem;
  return yield* fs.readDirectory(folder).pipe(Effect.mapError((error) => unreadable(folder, reasonOf(error))));
});

/** One picture as the only example of a field f32[height, width, channels]. */
export const pictureColumn = (picture: Picture, file: string, field: Field): Column => {
  const pixels = new Pixels(field, 1);
  pixels.add(0, picture, file);
  return pixels.column();
};

/** Bytes as long as all pictures have 8 bits a sample; fractions from the first of 16 on. */
class Pixels {
  readonly field: Field;
  readonly width: number;
  #data: Uint8Array | Float32Array;

  constructor(field: Field, n: number) {
    this.field = field;
    this.width = fieldSize(field);
    this.#data = new Uint8Array(withinColumn(`${n} pictures`, "images", n * this.width, 4));
  }

  add(at: number, picture: Picture, file: string): void {
    const [height, width, channels] = this.field.type.shape;
    const { samples } = picture;
    if (picture.height !== height || picture.width !== width) {
      const found = `${picture.height} x ${picture.width}`;
      refuse("MTT5508", {
        message: `${file} is ${found} pixels, and \`${this.field.name}\` is declared ${height} x ${width}`,
        file,
        offset: 16,
        expected: `${height} x ${width}`,
        found,
        help: "scale the pictures to one size before reading them",
      });
    }
    if (picture.depth === 16 && this.#data instanceof Uint8Array) {
      this.#data = Float32Array.from(this.#data, (byte) => byte / 255);
    }
    const full = picture.depth === 16 ? 65535 : 255;
    const scale = this.#data instanceof Uint8Array ? 1 : 1 / full;
    const sampleOf = channelsOf(picture, channels!, full, file);
    const start = at * this.width;
    for (let pixel = 0; pixel < width! * height!; pixel++) {
      for (let channel = 0; channel < channels!; channel++) {
        const sample = sampleOf[channel]!;
        const value = sample < 0 ? full : samples[pixel * picture.channels + sample]!;
        this.#data[start + pixel * channels! + channel] = value * scale;
      }
    }
  }

  column(): Column {
    return makeColumn(this.field, this.#data, this.#data instanceof Uint8Array ? 1 / 255 : 1);
  }
}

/** Which sample of the file each declared channel takes; -1 is opaque. A grey file serves all colours; nothing that is seen is left out. */
const channelsOf = (picture: Picture, wanted: number, full: number, file: string): readonly number[] => {
  const { channels, samples } = picture;
  const refuseChannels = (found: string, help: string): never =>
    refuse("MTT5508", {
      message: `${file} is ${found}, and the program declares ${wanted} channel${wanted === 1 ? "" : "s"}`,
      file,
      offset: 25,
      expected: `${wanted} channels`,
      found,
      help,
    });
  const pixels = picture.width * picture.height;
  const hasAlpha = channels % 2 === 0;
  if (hasAlpha && wanted !== 4) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      if (samples[pixel * channels + channels - 1] !== full) refuseChannels("partly transparent", "declare 4 channels");
    }
  }
  const grey = channels < 3;
  if (!grey && wanted === 1) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const at = pixel * channels;
      if (samples[at] !== samples[at + 1] || samples[at] !== samples[at + 2]) {
        refuseChannels("coloured", "declare 3 channels");
      }
    }
  }
  const alpha = hasAlpha ? channels - 1 : -1;
  const colours = grey ? [0, 0, 0] : [0, 1, 2];
  return wanted === 1 ? [0] : wanted === 3 ? colours : [...colours, alpha];
};
