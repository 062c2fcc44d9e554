import type { DataOperation, Field } from "../plan/dataset.ts";
import { Words } from "../random/philox.ts";
import { permutation } from "../random/random.ts";
import type { Column, Dataset } from "./dataset.ts";
import { refuse } from "./error.ts";
import { columnOf } from "./gather.ts";
import { makeColumn, makeView, showField, sourceSize } from "./view.ts";

/** The operations that need no arithmetic over examples. */
export type IndexOperation = Exclude<DataOperation, { readonly op: "where" | "map" | "most_harmful" | "most_helpful" }>;

type Named<P, O = IndexOperation> = O extends { readonly op: infer Q } ? (P extends Q ? O : never) : never;

type Query<P extends IndexOperation["op"]> = (
  operation: Named<P>,
  data: Dataset,
  others: readonly Dataset[],
) => Dataset;

/** One line an operation; the comment is what it keeps, in the order of the first input. */
const queries = {
  // the first n examples, or all
  take: ({ n }, data) => keep(data, data.index.slice(0, whole(n, "take"))),
  // all but the first n
  skip: ({ n }, data) => keep(data, data.index.slice(whole(n, "skip"))),
  // every example, in another order
  shuffle: ({ seed }, data) => keep(data, shuffled(data.index, seed)),
  // the first n of the shuffled ones: n different examples
  sample: ({ n, seed }, data) => keep(data, shuffled(data.index, seed).subarray(0, atMost(whole(n, "sample"), data))),
  split: ({ at, part }, data) => {
    const cut = splitPoint(at, data.index.length);
    return keep(data, part === "first" ? data.index.slice(0, cut) : data.index.slice(cut));
  },
  // those in none of the others
  without: (_, data, others) => {
    const left = membership(data, others);
    return keep(
      data,
      data.index.filter((at) => left[at] === 0),
    );
  },
  // those in some of the others
  only: (_, data, others) => {
    const named = membership(data, others);
    return keep(
      data,
      data.index.filter((at) => named[at]! > 0),
    );
  },
  // those in all of the others
  intersect: (_, data, others) => {
    const counts = membership(data, others);
    return keep(
      data,
      data.index.filter((at) => counts[at] === others.length),
    );
  },
  // each example of any input once, the first input's first
  union: (_, data, others) => {
    sameColumns(data, others);
    const seen = membership(data, []);
    const all: number[] = [];
    for (const { index } of [data, ...others]) {
      for (const at of index) {
        if (seen[at] === 0) all.push(at);
        seen[at] = 1;
      }
    }
    return keep(data, Int32Array.from(all));
  },
  with_label_noise: (operation, data) => withLabelNoise(data, operation.field, operation.fraction, operation.seed),
} satisfies { [P in IndexOperation["op"]]: Query<P> };

/** Throws a DataError for what cannot be asked of these inputs. */
export const applyIndexOperation = (operation: IndexOperation, data: Dataset, others: readonly Dataset[]): Dataset => {
  for (const other of others) {
    if (other.source === data.source) continue;
    refuse("MTT5513", {
      message: `\`${operation.op}\` got examples of ${data.origin} and of ${other.origin}: an index means nothing in another source`,
      expected: `examples of ${data.origin}`,
      found: `examples of ${other.origin}`,
      help: "both sides of a set operation are made from one source, `digits.train` for instance; train and test are two",
    });
  }
  switch (operation.op) {
    case "take":
    case "skip":
      return queries[operation.op](operation, data);
    case "shuffle":
      return queries.shuffle(operation, data);
    case "sample":
      return queries.sample(operation, data);
    case "split":
      return queries.split(operation, data);
    case "with_label_noise":
      return queries.with_label_noise(operation, data);
    default:
      return queries[operation.op](operation, data, others);
  }
};

const keep = (data: Dataset, index: Int32Array): Dataset => makeView(data, { index });

/** ceil(at x n); 0.07 x 100 is 7.000000000000001 in binary and must give 7. */
export const splitPoint = (at: number, n: number): number => {
  if (!(at >= 0 && at <= 1)) {
    refuse("MTT5516", {
      message: `split(at: ${at}) of ${n} examples`,
      expected: "0 to 1",
      found: String(at),
      help: "`at` is the fraction that goes to `first`: split(at: 0.9)",
    });
  }
  return Math.ceil(Number((at * n).toPrecision(12)));
};

const whole = (n: number, op: string): number =>
  Number.isInteger(n) && n >= 0
    ? n
    : refuse("MTT5516", {
        message: `${op}(${n})`,
        expected: "0 or more examples",
        found: String(n),
        help: `${op} needs a whole number of examples`,
      });

const atMost = (n: number, data: Dataset): number =>
  n <= data.index.length
    ? n
    : refuse("MTT5516", {
        message: `sample(${n}) of ${data.index.length} examples`,
        expected: `at most ${data.index.length}`,
        found: String(n),
        help: "a sample takes each example at most once; `take` is content with fewer",
      });

const shuffled = (index: Int32Array, seed: number): Int32Array =>
  permutation(seed, "shuffle", 0, index.length).map((position) => index[position]!);

/** By index in the source: in how many of the others it is. */
const membership = (data: Dataset, others: readonly Dataset[]): Uint8Array | Int32Array => {
  const counts =
    others.length < 255 ? new Uint8Array(sourceSize(data.columns)) : new Int32Array(sourceSize(data.columns));
  for (const { index } of others) for (const at of index) counts[at]!++;
  return counts;
};

/** A union has one value for each field of an example: its inputs must agree. */
const sameColumns = (data: Dataset, others: readonly Dataset[]): void => {
  for (const other of others) {
    for (const name of new Set([...data.columns.keys(), ...other.columns.keys()])) {
      if (data.columns.get(name)?.hash === other.columns.get(name)?.hash) continue;
      refuse("MTT5514", {
        message: `the union's inputs differ in the field \`${name}\`: one of them was changed by \`with_label_noise\` or \`map\``,
        help: "unite first, and change the result",
      });
    }
  }
};

/**
 * Exactly round(fraction x n) labels of the view become another class, each of the others as likely. Which ones depends on the seed and the view;
 * what each becomes on the seed and the example.
 */
const withLabelNoise = (data: Dataset, name: string, fraction: number, seed: number): Dataset => {
  const column = columnOf(data, name);
  const { field } = column;
  const { classes } = field;
  if (classes === undefined || classes < 2) {
    return refuse("MTT5517", {
      message: `with_label_noise needs a label of two classes or more, and \`${name}\` is ${showField(field)}`,
      expected: "class[n], n >= 2",
      found: showField(field),
      help: "name the label's field",
    });
  }
  if (!(fraction >= 0 && fraction <= 1)) {
    refuse("MTT5516", {
      message: `with_label_noise(fraction: ${fraction})`,
      expected: "0 to 1",
      found: String(fraction),
      help: "the fraction of labels to change: 0.1 for one in ten",
    });
  }
  const count = Math.round(Number((fraction * data.index.length).toPrecision(12)));
  const flipped = permutation(seed, "label noise", 0, data.index.length)
    .subarray(0, count)
    .map((position) => data.index[position]!)
    .sort();
  const labels = column.data.slice();
  for (const at of flipped) {
    labels[at] = (labels[at]! + 1 + new Words(seed, "noisy label", [at, 0, 0]).below(classes - 1)) % classes;
  }
  // Noise upon noise: whatever was changed once is on record.
  const all = column.flipped === undefined ? flipped : Int32Array.from(new Set([...column.flipped, ...flipped])).sort();
  return withColumn(data, field, labels, column.scale, all);
};

/** The view with one field replaced or added. */
export const withColumn = (
  data: Dataset,
  field: Field,
  values: Column["data"],
  scale: number,
  flipped?: Int32Array,
): Dataset => {
  const column = { ...makeColumn(field, values, scale), ...(flipped === undefined ? {} : { flipped }) };
  return makeView(data, { columns: new Map([...data.columns, [field.name, column]]) });
};
