import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import { attempt } from "./error.ts";
import { readBytes, reasonOf, unreadable } from "./files.ts";
import { readIdxHeader, unpackIdx } from "./idx.ts";

export interface FoundIdx {
  /** Names of the files. */
  readonly train: { readonly images: string; readonly labels: string };
  readonly test?: { readonly images: string; readonly labels: string };
  /** How many there are to train with, or in all. */
  readonly examples: number;
  readonly shape: readonly number[];
  readonly classes: number;
}

/** `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz`: of which set, and what. */
const NAME = /^(.*?)[-_.]?(images|labels)[-_.]idx\d-ubyte(\.gz)?$/i;

/** What `idx(…)` may be told of a folder of files called as MNIST's; nothing where there is no pair of them. */
export const findIdx = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem;
  const names = yield* fs.readDirectory(folder).pipe(Effect.mapError((error) => unreadable(folder, reasonOf(error))));
  const sets = new Map<string, { images?: string; labels?: string }>();
  for (const name of names.sort()) {
    const [, set, what] = NAME.exec(name) ?? [];
    if (set === undefined || what === undefined) continue;
    const found = sets.get(set) ?? {};
    if (what.toLowerCase() === "images") found.images ??= name;
    else found.labels ??= name;
    sets.set(set, found);
  }
  const pairs = [...sets].flatMap(([set, { images, labels }]) =>
    images === undefined || labels === undefined ? [] : [{ set, images, labels }],
  );
  const isTest = ({ set }: { readonly set: string }) => /t10k|test|val/i.test(set);
  const train = pairs.find((pair) => !isTest(pair)) ?? pairs[0];
  if (train === undefined) return undefined;
  const test = pairs.find((pair) => pair !== train && isTest(pair));
  const of = Effect.fnUntraced(function* (name: string) {
    const file = join(folder, name);
    const bytes = yield* readBytes(file);
    return yield* attempt(() => {
      const contents = unpackIdx(bytes, file);
      return { contents, head: readIdxHeader(contents, file) };
    });
  });
  let classes = 0;
  for (const { labels } of test === undefined ? [train] : [train, test]) {
    const { contents, head } = yield* of(labels);
    // Labels are bytes in every file of this kind; what else they may be, the reader refuses.
    for (let at = head.start; at < contents.length; at++) classes = Math.max(classes, contents[at]! + 1);
  }
  const [examples = 0, ...sizes] = (yield* of(train.images)).head.sizes;
  const found: FoundIdx = {
    train,
    ...(test === undefined ? {} : { test }),
    examples,
    shape: sizes.length === 2 ? [...sizes, 1] : sizes,
    classes,
  };
  return found;
});
