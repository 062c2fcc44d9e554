import * as Effect from "effect/Effect";
import type { Field } from "../plan/dataset.ts";
import type { Column } from "./dataset.ts";
import { attempt, DataError, refuse } from "./error.ts";
import { readBytes } from "./files.ts";
import { pictureColumn } from "./images.ts";
import { LIMITS } from "./limits.ts";
import { parseNpy } from "./npy.ts";
import { decodePng } from "./png.ts";
import { showField } from "./view.ts";

/** One example or several of a field, from a file that a person names: an array of the field's shape, or of [n, …]; a picture. */
export const givenColumn = Effect.fnUntraced(function* (file: string, field: Field) {
  const read = readers[/\.[^./]*$/.exec(file.toLowerCase())?.[0] ?? ""];
  if (read === undefined)
    return yield* attempt(() =>
      refuse("MTT5503", {
        message: `${file} is of no format that an example is read from`,
        file,
        expected: Object.keys(readers).join(" or "),
        found: file,
        help: "write it with numpy.save as .npy, or as a picture in .png",
      }),
    );
  const bytes = yield* Effect.mapError(
    readBytes(file, LIMITS.file),
    ({ code, message }) =>
      new DataError({ code, message, file, help: `name a file; a path starts in ${process.cwd()}` }),
  );
  return yield* attempt(() => read(bytes, file, field));
});

const readers: Readonly<Record<string, (bytes: Uint8Array, file: string, field: Field) => Column>> = {
  ".npy": (bytes, file, field) => parseNpy(bytes, file, field, { alone: true }),
  ".png": (bytes, file, field) => {
    if (![1, 3, 4].includes(field.type.shape[2] ?? 0) || field.type.shape.length !== 3)
      refuse("MTT5508", {
        message: `${file} is a picture, and \`${field.name}\` is ${showField(field)}`,
        file,
        expected: showField(field),
        found: "height, width and channels",
        help: "give this field as .npy",
      });
    return pictureColumn(decodePng(bytes, file), file, field);
  },
};
