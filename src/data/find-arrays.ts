import { headOf, parseArray } from "./npy.ts";

/** Arrays that belong together: what a model reads, and what it is to say. */
export interface FoundArrays {
  readonly train: { readonly x: string; readonly y: string };
  readonly test?: { readonly x: string; readonly y: string };
  /** How many there are to train with, or in all. */
  readonly examples: number;
  /** Of one example. */
  readonly shape: readonly number[];
  /** Bytes: pictures from 0 to 255. */
  readonly bytes: boolean;
  /** Nothing: a number is to be said. */
  readonly classes: number | undefined;
}

const X = ["x", "data", "image", "images", "img", "imgs", "feature", "features", "input", "inputs", "arr0"];
const Y = ["y", "label", "labels", "target", "targets", "class", "classes", "output", "outputs", "arr1"];
/** Integers above this are numbers, not classes. */
const MOST_CLASSES = 1000;

/** Which of the arrays go together by their names (`x_train`, `test_labels`), and what they hold; nothing where names and shapes fit no pair. */
export const pairArrays = (arrays: ReadonlyMap<string, () => Uint8Array>): FoundArrays | undefined => {
  const roles = [...arrays.keys()].map((name) => ({ name, ...roleOf(name) }));
  const pair = (of: readonly string[]) => {
    const named = (what: readonly string[]) =>
      roles.find(({ set, word }) => of.includes(set) && what.includes(word))?.name;
    const [x, y] = [named(X), named(Y)];
    return x === undefined || y === undefined ? undefined : { x, y };
  };
  const train = pair(["train", ""]) ?? pair(["test"]);
  if (train === undefined) return undefined;
  const test = pair(["test"]);
  const [x, y] = [headOf(arrays.get(train.x)!(), train.x), headOf(arrays.get(train.y)!(), train.y)];
  if (x.shape.length === 0 || y.shape.length !== 1 || x.shape[0] !== y.shape[0]) return undefined;
  const labels = [train, ...(test === undefined ? [] : [test])].map((one) => parseArray(arrays.get(one.y)!(), one.y));
  const classes = classesOf(labels.flatMap(({ dtype, data }) => (dtype === "i32" ? [data] : [undefined])));
  return {
    train,
    ...(test === undefined || test.x === train.x ? {} : { test }),
    examples: x.shape[0]!,
    shape: x.shape.slice(1),
    bytes: x.descr === "|u1" && x.shape.length > 2,
    classes,
  };
};

const roleOf = (name: string): { readonly set: "train" | "test" | ""; readonly word: string } => {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)/)
    .filter((word) => word !== "");
  const isTest = words.some((word) => ["test", "val", "valid", "validation"].includes(word));
  const isTrain = words.some((word) => ["train", "training"].includes(word));
  const rest = words.filter((word) => !["test", "val", "valid", "validation", "train", "training"].includes(word));
  return { set: isTest ? "test" : isTrain ? "train" : "", word: rest.join("") };
};

/** One more than the largest label, where all are integers from 0 on. */
const classesOf = (labels: readonly (ArrayLike<number> | undefined)[]): number | undefined => {
  let most = 0;
  for (const data of labels) {
    if (data === undefined) return undefined;
    for (let i = 0; i < data.length; i++) {
      if (data[i]! < 0 || data[i]! >= MOST_CLASSES) return undefined;
      most = Math.max(most, data[i]!);
    }
  }
  return most > 0 ? most + 1 : undefined;
};
