import { basename, extname, join } from "node:path";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import { guessColumns } from "../data/columns.ts";
import { attempt } from "../data/error.ts";
import { readBytes, reasonOf, unreadable } from "../data/files.ts";
import { type FoundArrays, pairArrays } from "../data/find-arrays.ts";
import { type FoundIdx, findIdx } from "../data/find-idx.ts";
import { type FoundPictures, findPictures } from "../data/find-pictures.ts";
import { membersOf } from "../data/npz.ts";
import { UsageError } from "./exit.ts";
import { type Described, programOf } from "./from-examples.ts";
import { programFor } from "./from-table.ts";

/** What `mtt init --from` reads. */
export const READS =
  "a .csv table, a folder of .png pictures with a folder for each class, a folder of IDX files as MNIST has them, .npy arrays or an .npz archive";

/** A program for the data at `from`, which the program calls `way`. */
export const textFrom = Effect.fnUntraced(function* (from: string, way: string) {
  const fs = yield* FileSystem.FileSystem;
  const { type } = yield* fs
    .stat(from)
    .pipe(
      Effect.mapError(
        (error) =>
          new UsageError({ message: `--from: cannot read ${from}: ${reasonOf(error)}`, help: `give ${READS}` }),
      ),
    );
  if (type === "Directory") return yield* ofFolder(from, way);
  switch (extname(from).toLowerCase()) {
    case ".csv": {
      const bytes = yield* readBytes(from);
      const text = programFor(way, yield* attempt(() => guessColumns(bytes, from)));
      return (
        text ??
        (yield* new UsageError({
          message: `--from: ${from} has no two columns of numbers whose names can be used`,
          help: "the first line names the columns: letters, digits and _, a letter first",
        }))
      );
    }
    case ".npz": {
      const bytes = yield* readBytes(from);
      const members = yield* attempt(() => membersOf(bytes, from));
      return yield* ofArrays(from, members, (name) => `${way}/${name}`);
    }
    default:
      return yield* new UsageError({ message: `--from: ${from} is nothing that is read`, help: `give ${READS}` });
  }
});

const ofFolder = Effect.fnUntraced(function* (folder: string, way: string) {
  const below = (name: string) => (way === "" ? name : `${way}/${name}`);
  const idx = yield* findIdx(folder);
  if (idx !== undefined) return programOf(ofIdx(basename(way), idx, below));
  const fs = yield* FileSystem.FileSystem;
  const names = yield* fs.readDirectory(folder).pipe(Effect.mapError((error) => unreadable(folder, reasonOf(error))));
  const arrays = new Map<string, () => Uint8Array>();
  for (const name of names.filter((one) => one.endsWith(".npy")).sort()) {
    const bytes = yield* readBytes(join(folder, name));
    arrays.set(name.slice(0, -".npy".length), () => bytes);
  }
  if (arrays.size > 0) return yield* ofArrays(folder, arrays, (name) => below(`${name}.npy`));
  const pictures = yield* findPictures(folder);
  if (pictures !== undefined && pictures.classes.length > 1) return programOf(ofPictures(basename(way), pictures, way));
  return yield* new UsageError({
    message: `--from: ${folder} holds ${pictures === undefined ? "no pictures in folders, no IDX files and no arrays" : "pictures of one class alone"}`,
    help: `give ${READS}`,
  });
});

const ofArrays = Effect.fnUntraced(function* (
  from: string,
  arrays: ReadonlyMap<string, () => Uint8Array>,
  pathOf: (name: string) => string,
) {
  const found = yield* attempt(() => pairArrays(arrays));
  if (found !== undefined) return programOf(describedArrays(basename(from, extname(from)), found, pathOf));
  return yield* new UsageError({
    message: `--from: ${from} holds ${[...arrays.keys()].slice(0, 20).join(", ") || "no array"}, of which none are examples and their labels`,
    help: "call them x and y (or images and labels), with _train and _test behind: as many y as x, one number for each",
  });
});

/** Of all examples, to train with. */
const KEPT = 0.8;

const quoted = (text: string): string => JSON.stringify(text);

/** Train and test as they lie apart, or a fifth of the examples kept to test with. */
const parted = (
  one: string,
  other: string | undefined,
  { data, examples }: { readonly data: string; readonly examples: number },
): Pick<Described, "lets" | "train" | "test" | "examples"> =>
  other === undefined
    ? {
        lets: `let ${data} = ${one}\nlet parts = ${data} |> shuffle(seed: 1) |> split(at: ${KEPT})`,
        train: "parts.first",
        test: "parts.rest",
        examples: Math.floor(KEPT * examples),
      }
    : {
        lets: `let for_training = ${one}\nlet for_tests = ${other}`,
        train: "for_training",
        test: "for_tests",
        examples,
      };

const ofPictures = (name: string, { classes, examples, shape, parts }: FoundPictures, way: string): Described => {
  const source = (folder: string) =>
    `images(${quoted(folder === "" ? "." : folder)}, image: f32[${shape.join(", ")}], classes: [${classes.map(quoted).join(", ")}])`;
  const below = (folder: string) => (way === "" ? folder : `${way}/${folder}`);
  const of = { data: "pictures", examples };
  const lets =
    parts === undefined
      ? parted(source(way), undefined, of)
      : parted(source(below(parts.train)), source(below(parts.test)), of);
  return {
    about: `Which of ${classes.length} classes a picture of ${name || "this folder"} shows`,
    ...lets,
    field: "image",
    shape,
    target: "label",
    classes: classes.length,
  };
};

const ofIdx = (
  name: string,
  { train, test, examples, shape, classes }: FoundIdx,
  below: (name: string) => string,
): Described => {
  const source = ({ images, labels }: FoundIdx["train"]) =>
    `idx(images: ${quoted(below(images))}, labels: ${quoted(below(labels))}, image: f32[${shape.join(", ")}], classes: ${classes})`;
  return {
    about: `Which of ${classes} classes a picture of ${name || "this folder"} shows`,
    ...parted(source(train), test && source(test), { data: "pictures", examples }),
    field: "image",
    shape,
    target: "label",
    classes,
  };
};

const describedArrays = (
  name: string,
  { train, test, examples, shape, bytes, classes }: FoundArrays,
  pathOf: (name: string) => string,
): Described => {
  const field = shape.length > 1 ? "image" : "x";
  const target = classes === undefined ? "y" : "label";
  const type = classes === undefined ? "f32[]" : `class[${classes}]`;
  // Bytes are read as they are: a network likes numbers about 1.
  const scaled = bytes ? ` |> map(${field}: ${field} / 255)` : "";
  const source = ({ x, y }: FoundArrays["train"]) =>
    `npy(fields: { ${field}: ${quoted(pathOf(x))} as f32[${shape.join(", ")}], ${target}: ${quoted(pathOf(y))} as ${type} })${scaled}`;
  return {
    about: `${classes === undefined ? "A number" : `Which of ${classes} classes`} for each example of ${name}`,
    ...parted(source(train), test && source(test), { data: "examples", examples }),
    field,
    shape,
    target,
    classes,
  };
};
