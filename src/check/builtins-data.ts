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
  "What is taken where the data cannot be had: a source of the same fields; `none` fails.",
);
const data = required("data", dataset, "The examples to begin with; what stands before `|>`.");
const seed = optional("seed", int, "0", "The draws follow from it: the same seed draws the same.");
const set = (doc: string) => required("set", dataset, doc);
const image = "The type of one image, height by width by channels; its pixels are read as numbers from 0 to 1.";
const asked = required("model", model, "The trained model that is asked about the example.");
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
    parameters: [
      required("n", int, "How many digits are drawn to train with; a sixth as many, rounded up, to test."),
      seed,
      optional("image", type, "f32[28, 28, 1]", image),
    ],
    result: { result: "declared", by: "glyphs" },
    doc: "Digits drawn by the program itself: the stand-in where no real data can be had.",
  },
  {
    name: "csv",
    parameters: [
      required(
        "file",
        text,
        "The path of the table, relative to the program's file; it begins with a line of column names.",
      ),
      required(
        "fields",
        { want: "types" },
        "The columns that become fields, by name, each with its type: `{ age: f32[], label: class[3] }`.",
      ),
    ],
    result: { result: "declared", by: "csv" },
    doc: "A table with a header line; the declared fields are its columns.",
  },
  {
    name: "npy",
    parameters: [
      required(
        "fields",
        { want: "files" },
        'For each field a path, relative to the program\'s file, and the type of one example: `{ x: "x.npy" as f32[8] }`.',
      ),
    ],
    result: { result: "declared", by: "npy" },
    doc: 'NumPy arrays, one a field, first axis the examples: of an .npy file, or of an .npz archive as `"data.npz/x"`.',
  },
  {
    name: "idx",
    parameters: [
      required(
        "images",
        text,
        "The path of the file with the images, relative to the program's file; `.gz` is unpacked.",
      ),
      required("labels", text, "The path of the file with the labels, one byte for each image."),
      required("image", type, image),
      required("classes", int, "How many classes there are: labels are 0 up to one less."),
    ],
    result: { result: "declared", by: "idx" },
    doc: "A pair of files in MNIST's format.",
  },
  {
    name: "images",
    parameters: [
      required("folder", text, "The path of the folder, relative to the program's file."),
      required("image", type, image),
      required(
        "classes",
        list(text),
        "The names of the folders in it, in the order of the labels: the first is class 0.",
      ),
    ],
    result: { result: "declared", by: "images" },
    doc: "A folder of pictures with a folder for each class.",
  },

  {
    name: "where",
    parameters: [data, required("condition", { want: "condition" }, "What must be true of an example for it to stay.")],
    result: same,
    doc: "The examples of which the condition is true. In scope: the example's fields, `index`, and any model's `predicted(m)`, `loss(m)`, `probability(m)`.",
  },
  {
    name: "take",
    parameters: [data, required("n", int, "How many examples are taken, at most.")],
    result: same,
    doc: "The first n examples.",
  },
  {
    name: "skip",
    parameters: [data, required("n", int, "How many examples are left out.")],
    result: same,
    doc: "All but the first n examples.",
  },
  {
    name: "sample",
    parameters: [data, required("n", int, "How many examples are drawn, no more than there are."), seed],
    result: same,
    doc: "n examples drawn without replacement.",
  },
  {
    name: "shuffle",
    parameters: [data, seed],
    result: same,
    doc: "The examples in random order.",
  },
  {
    name: "split",
    parameters: [
      data,
      required("at", float, "The first part's share of the examples, from 0 to 1; rounded up to whole examples."),
    ],
    result: { result: "parts", of: "data", names: ["first", "rest"] },
    doc: "Two parts; the first has this share of the examples.",
  },
  {
    name: "without",
    parameters: [data, set("The examples that are left out, of the same source.")],
    result: same,
    doc: "The examples that are not in the set.",
  },
  {
    name: "only",
    parameters: [data, set("The examples that stay, of the same source.")],
    result: same,
    doc: "The examples that are in the set.",
  },
  {
    name: "union",
    parameters: [data, set("The examples that are added, of the same source; none is there twice.")],
    result: same,
    doc: "The examples that are in one of the sets.",
  },
  {
    name: "intersect",
    parameters: [data, set("The examples that both must have, of the same source.")],
    result: same,
    doc: "The examples that are in both sets.",
  },
  {
    name: "with_label_noise",
    parameters: [data, required("fraction", float, "The share of the labels that is replaced, from 0 to 1."), seed],
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
    parameters: [asked],
    example: true,
    result: { result: "predicted" },
    doc: "The class that the model finds likeliest for the example.",
  },
  {
    name: "loss",
    parameters: [asked],
    example: true,
    result: { result: "type", type: tensor("f32", []) },
    doc: "The model's loss on the example.",
  },
  {
    name: "probability",
    parameters: [asked],
    example: true,
    result: { result: "probability" },
    doc: "The probability that the model gives to its predicted class.",
  },
];
