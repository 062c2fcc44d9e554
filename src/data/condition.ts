import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Graph } from "../ir/graph.ts";
import type { DataOperation, Feed, Field } from "../plan/dataset.ts";
import { constructors, type Tensor } from "../shape/tensor.ts";
import type { Column, Dataset, Predictions } from "./dataset.ts";
import { attempt, type DataError, refuse } from "./error.ts";
import { gather } from "./gather.ts";
import { checkLabels } from "./labels.ts";
import { withinColumn } from "./limits.ts";
import { withColumn } from "./query.ts";
import { fieldSize, makeView, sourceSize } from "./view.ts";

/** What runs a graph of one example over many: an engine with `vmap` before it. */
export interface Examples<E, R> {
  /** The answer takes feeds [rows, …] and gives outputs [rows, …], `rows` the same every time; the scope's end frees the engine. */
  readonly open: (
    graph: Graph,
    rows: number,
  ) => Effect.Effect<(feeds: readonly Tensor[]) => Effect.Effect<readonly Tensor[], E>, E, R | Scope.Scope>;
}

type Where = Extract<DataOperation, { readonly op: "where" }>;
type MapField = Extract<DataOperation, { readonly op: "map" }>;

/** Numbers that one batch's values may take together. */
const BATCH_NUMBERS = 2 ** 22;

/** As many examples at once as the graph's own values allow. */
export const rowsPerBatch = (graph: Graph, n: number): number => {
  const types = [...graph.inputs.map(({ type }) => type), ...graph.nodes.map(({ type }) => type)];
  const numbers = types.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return Math.max(1, Math.min(n, 2 ** 16, Math.floor(BATCH_NUMBERS / Math.max(1, numbers))));
};

/** The examples for which the condition holds. */
export const where = Effect.fnUntraced(function* <E, R>(
  operation: Where,
  data: Dataset,
  inputs: readonly (Dataset | Predictions)[],
  examples: Examples<E, R>,
): Effect.fn.Return<Dataset, DataError | E, R> {
  const holds = new Uint8Array(data.index.length);
  yield* overExamples(operation.graph, operation.feeds, data, inputs, examples, (start, values) => {
    holds.set(values instanceof Uint8Array ? values : Uint8Array.from(values, Number), start);
  });
  return makeView(data, { index: data.index.filter((_, position) => holds[position] === 1) });
});

/** The view with a field computed from each example. */
export const mapField = Effect.fnUntraced(function* <E, R>(
  operation: MapField,
  data: Dataset,
  inputs: readonly (Dataset | Predictions)[],
  examples: Examples<E, R>,
): Effect.fn.Return<Dataset, DataError | E, R> {
  const { field } = operation;
  const width = fieldSize(field);
  // Indices refer to the source, so the column has a row for each of its examples; those outside the view stay 0.
  const column = yield* attempt(() => emptyColumn(field, sourceSize(data.columns), data.origin));
  yield* overExamples(operation.graph, operation.feeds, data, inputs, examples, (start, values, rows) => {
    for (let row = 0; row < rows; row++) {
      column.set(values.subarray(row * width, (row + 1) * width), data.index[start + row]! * width);
    }
  });
  return yield* attempt(() => {
    if (field.classes !== undefined) checkLabels(column, field, `map(${field.name})`);
    return withColumn(data, field, column, 1);
  });
});

const emptyColumn = (field: Field, examples: number, origin: string): Column["data"] => {
  const { dtype } = field.type;
  const length = examples * fieldSize(field);
  withinColumn(`\`${field.name}\` of ${examples} examples`, origin, length, { f32: 4, f64: 8, i32: 4, bool: 1 }[dtype]);
  switch (dtype) {
    case "f32":
      return new Float32Array(length);
    case "f64":
      return new Float64Array(length);
    case "i32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
  }
};

const overExamples = <E, R>(
  graph: Graph,
  feeds: readonly Feed[],
  data: Dataset,
  inputs: readonly (Dataset | Predictions)[],
  examples: Examples<E, R>,
  take: (start: number, values: Tensor["data"], rows: number) => void,
): Effect.Effect<void, DataError | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const n = data.index.length;
      if (n === 0) return;
      const rows = rowsPerBatch(graph, n);
      const readers = yield* attempt(() => feeds.map((feed, k) => reader(feed, graph.inputs[k]!.type, data, inputs)));
      const run = yield* examples.open(graph, rows);
      for (let start = 0; start < n; start += rows) {
        // The last batch is filled up with its last example, so that one compiled graph serves all.
        const positions = Int32Array.from({ length: rows }, (_, row) => Math.min(start + row, n - 1));
        const outputs = yield* run(readers.map((read) => read(positions)));
        const values = outputs[0]!;
        const used = Math.min(rows, n - start);
        take(start, values.data.subarray(0, (used * values.data.length) / rows), used);
      }
    }),
  );

type Reader = (positions: Int32Array) => Tensor;

const reader = (
  feed: Feed,
  type: Tensor | { readonly dtype: Tensor["dtype"]; readonly shape: readonly number[] },
  data: Dataset,
  inputs: readonly (Dataset | Predictions)[],
): Reader => {
  switch (feed.kind) {
    case "field":
      return (positions) => gather(data, feed.name, positions, type.dtype === "f64" ? "f64" : "f32");
    case "index":
      return (positions) => ({
        dtype: "i32",
        shape: [positions.length],
        data: positions.map((position) => data.index[position]!),
      });
    case "prediction": {
      const predictions = inputs[feed.input];
      if (predictions === undefined || !("values" in predictions)) {
        throw new TypeError(`input ${feed.input} of the query is no prediction`);
      }
      return predictionReader(predictions, data, type.dtype);
    }
  }
};

/**
 * Rows of predictions by index in the source: a prediction over more examples serves every view of them. They come in the query's dtype: what a model in
 * f64 said becomes f32 where the query is.
 */
const predictionReader = ({ values, index, source }: Predictions, data: Dataset, dtype: Tensor["dtype"]): Reader => {
  const rowOf = new Int32Array(sourceSize(data.columns)).fill(-1);
  if (source === data.source) for (let row = 0; row < index.length; row++) rowOf[index[row]!] = row;
  const missing = data.index.find((at) => rowOf[at] === -1);
  if (missing !== undefined) {
    return refuse("MTT5518", {
      message: `the query needs a prediction for example ${missing} of ${data.origin}, and there is none`,
      help: "the model must predict the data set that the query is about",
    });
  }
  const width = values.data.length / Math.max(1, index.length);
  return (positions) => {
    const picked = new constructors[dtype](positions.length * width);
    positions.forEach((position, at) => {
      const row = rowOf[data.index[position]!]!;
      picked.set(values.data.subarray(row * width, (row + 1) * width), at * width);
    });
    return { dtype, shape: [positions.length, ...values.shape.slice(1)], data: picked };
  };
};
