import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import { attempt, DataError } from "./error.ts";
import { readBytes, reasonOf, unreadable } from "./files.ts";
import { LIMITS } from "./limits.ts";
import { decodePng } from "./png.ts";

/** Pictures in folders called as their classes, all of one size. */
export interface FoundPictures {
  readonly classes: readonly string[];
  /** How many there are to train with, or in all. */
  readonly examples: number;
  /** Of all of them. */
  readonly shape: readonly [number, number, number];
  /** The folder of the test pictures, where they lie apart, below the one that was asked about. */
  readonly parts?: { readonly train: string; readonly test: string };
}

const TRAIN = ["train", "training"];
const TEST = ["test", "testing", "val", "valid", "validation"];

/** What `images(…)` may be told of a folder; nothing where it holds no folders of pictures. */
export const findPictures = Effect.fnUntraced(function* (folder: string) {
  const inside = yield* foldersOf(folder);
  const named = (names: readonly string[]) =>
    names.flatMap((name) => inside.filter((one) => one.toLowerCase() === name))[0];
  const [train, test] = [named(TRAIN), named(TEST)];
  if (train !== undefined && test !== undefined) {
    const [first, second] = [yield* classesIn(join(folder, train)), yield* classesIn(join(folder, test))];
    if (first.names.join("/") !== second.names.join("/"))
      return yield* unlike(folder, `${train} has ${listed(first.names)}, ${test} has ${listed(second.names)}`);
    const shape = yield* shapeOf([...first.files, ...second.files]);
    return (
      shape &&
      ({ classes: first.names, examples: first.files.length, shape, parts: { train, test } } satisfies FoundPictures)
    );
  }
  const { names, files } = yield* classesIn(folder);
  const shape = yield* shapeOf(files);
  return shape && ({ classes: names, examples: files.length, shape } satisfies FoundPictures);
});

const unlike = (file: string, found: string): DataError =>
  new DataError({
    code: "MTT5502",
    message: `${file}: the classes differ: ${found}`,
    file,
    help: "give both the same folders of classes",
  });

const listed = (names: readonly string[]): string =>
  names.length === 0 ? "none" : `${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;

const entriesOf = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem;
  return yield* fs.readDirectory(folder).pipe(Effect.mapError((error) => unreadable(folder, reasonOf(error))));
});

const foldersOf = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem;
  const names = (yield* entriesOf(folder)).filter((name) => !name.startsWith("."));
  const kinds = yield* Effect.forEach(names, (name) =>
    fs.stat(join(folder, name)).pipe(
      Effect.map(({ type }) => type === "Directory"),
      Effect.orElseSucceed(() => false),
    ),
  );
  // 10 comes after 9.
  return names.filter((_, i) => kinds[i]).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
});

/** Folders that hold pictures, and these. */
const classesIn = Effect.fnUntraced(function* (folder: string) {
  const names: string[] = [];
  const files: string[] = [];
  for (const name of yield* foldersOf(folder)) {
    const pictures = (yield* entriesOf(join(folder, name))).filter((file) => file.toLowerCase().endsWith(".png"));
    if (pictures.length === 0) continue;
    names.push(name);
    files.push(...pictures.map((file) => join(folder, name, file)));
  }
  return { names, files };
});

/** The one size of all, and the channels that serve all: colour where one has colour, transparency where one may have it. */
const shapeOf = Effect.fnUntraced(function* (files: readonly string[]) {
  let known: { readonly file: string; readonly height: number; readonly width: number } | undefined;
  let [colour, alpha] = [false, false];
  for (const file of files) {
    const bytes = yield* readBytes(file, LIMITS.file);
    const { height, width, channels } = yield* attempt(() => decodePng(bytes, file));
    known ??= { file, height, width };
    if (height !== known.height || width !== known.width)
      return yield* new DataError({
        code: "MTT5508",
        message: `${known.file} is ${known.height} x ${known.width} pixels, ${file} is ${height} x ${width}`,
        file,
        help: "scale the pictures to one size before reading them",
      });
    colour ||= channels > 2;
    alpha ||= channels % 2 === 0;
  }
  return known && ([known.height, known.width, alpha ? 4 : colour ? 3 : 1] as const);
});
