import type { Type } from "./checked.ts";
import {
  type Builtin,
  dataset,
  either,
  float,
  int,
  list,
  model,
  optional,
  required,
  tensor,
  text,
  words,
} from "./want.ts";

const split = (fields: ReadonlyMap<string, ReturnType<typeof tensor>>): Type => {
  const part: Type = { kind: "dataset", fields };
  return {
    kind: "record",
    fields: new Map([
      ["train", part],
      ["test", part],
    ]),
  };
};

const images = (height: number, width: number, channels: number) =>
  split(
    new Map([
      ["image", tensor("f32", [height, width, channels])],
      ["label", tensor("i32", [], 10)],
    ]),
  );

const fallback = optional(
  "fallback",
  either({ want: "source" }, words("none")),
  "none",
  "What is taken where the data cannot be had.",
);
const data = required("data", dataset);
const same = { result: "same", as: "data" } as const;
const type = { want: "type" } as const;

/** Sources of data sets and their lazy transformations. */
export const dataBuiltins: readonly Builtin[] = [
  {
    name: "mnist",
    parameters: [fallback],
    result: { result: "type", type: images(28, 28, 1) },
    doc: "Handwritten digits: 60,000 to train with, 10,000 to test.",
  },
  {
    name: "cifar10",
    parameters: [fallback],
    result: { result: "type", type: images(32, 32, 3) },
    doc: "Small colour photographs of ten classes: 50,000 to train with, 10,000 to test.",
  },
  {
    name: "glyphs",
    parameters: [required("n", int), optional("seed", int, "0"), optional("image", type, "f32[28, 28, 1]")],
    result: { result: "declared", by: "glyphs" },
    doc: "Digits drawn by the program itself: the stand-in where no real data can be had.",
  },
  {
    name: "csv",
    parameters: [required("file", text), required("fields", { want: "types" })],
    result: { result: "declared", by: "csv" },
    doc: "A table with a header line; the declared fields are its columns.",
  },
  {
    name: "npy",
    parameters: [required("fields", { want: "files" })],
    result: { result: "declared", by: "npy" },
    doc: 'NumPy arrays, one a field, first axis the examples: of an .npy file, or of an .npz archive as `"data.npz/x"`.',
  },
  {
    name: "idx",
    parameters: [required("images", text), required("labels", text), required("image", type), required("classes", int)],
    result: { result: "declared", by: "idx" },
    doc: "A pair of files in MNIST's format.",
  },
  {
    name: "images",
    parameters: [required("folder", text), required("image", type), required("classes", list(text))],
    result: { result: "declared", by: "images" },
    doc: "A folder of pictures with a folder for each class.",
  },

  {
    name: "where",
    parameters: [data, required("condition", { want: "condition" })],
    result: same,
    doc: "The examples of which the condition is true. In scope: the example's fields, `index`, and any model's `predicted(m)`, `loss(m)`, `probability(m)`.",
  },
  { name: "take", parameters: [data, required("n", int)], result: same, doc: "The first n examples." },
  { name: "skip", parameters: [data, required("n", int)], result: same, doc: "All but the first n examples." },
  {
    name: "sample",
    parameters: [data, required("n", int), optional("seed", int, "0")],
    result: same,
    doc: "n examples drawn without replacement.",
  },
  {
    name: "shuffle",
    parameters: [data, optional("seed", int, "0")],
    result: same,
    doc: "The examples in random order.",
  },
  {
    name: "split",
    parameters: [data, required("at", float)],
    result: { result: "parts", of: "data", names: ["first", "rest"] },
    doc: "Two parts; the first has this share of the examples.",
  },
  {
    name: "without",
    parameters: [data, required("set", dataset)],
    result: same,
    doc: "The examples that are not in the set.",
  },
  {
    name: "only",
    parameters: [data, required("set", dataset)],
    result: same,
    doc: "The examples that are in the set.",
  },
  {
    name: "union",
    parameters: [data, required("set", dataset)],
    result: same,
    doc: "The examples that are in one of the sets.",
  },
  {
    name: "intersect",
    parameters: [data, required("set", dataset)],
    result: same,
    doc: "The examples that are in both sets.",
  },
  {
    name: "with_label_noise",
    parameters: [data, required("fraction", float), optional("seed", int, "0")],
    result: same,
    doc: "This share of the labels replaced by another class, drawn uniformly.",
  },
  {
    name: "map",
    parameters: [data],
    named: "expressions",
    result: { result: "mapped" },
    doc: "Fields made from the example's fields, or put in their place: `map(image: 1 - image)`.",
  },
  {
    name: "count",
    parameters: [data],
    result: { result: "type", type: { kind: "int" } },
    doc: "The number of examples.",
  },

  {
    name: "predicted",
    parameters: [required("model", model)],
    example: true,
    result: { result: "predicted" },
    doc: "The class that the model finds likeliest for the example.",
  },
  {
    name: "loss",
    parameters: [required("model", model)],
    example: true,
    result: { result: "type", type: tensor("f32", []) },
    doc: "The model's loss on the example.",
  },
  {
    name: "probability",
    parameters: [required("model", model)],
    example: true,
    result: { result: "probability" },
    doc: "The probability that the model gives to its predicted class.",
  },
];
