import type * as Effect from "effect/Effect";
import type { DataOperation } from "../plan/dataset.ts";
import { type Examples, mapField, where } from "./condition.ts";
import type { Dataset, Predictions } from "./dataset.ts";
import { attempt, type DataError } from "./error.ts";
import { applyIndexOperation } from "./query.ts";
import { ranked } from "./ranked.ts";

/** The data set that a query step yields. Input 0 is what is transformed; the rest are what the operation names, in the step's order. */
export const applyOperation = <E, R>(
  operation: DataOperation,
  inputs: readonly (Dataset | Predictions)[],
  examples: Examples<E, R>,
): Effect.Effect<Dataset, DataError | E, R> => {
  const [data, ...rest] = inputs;
  if (data === undefined || !isDataset(data)) throw new TypeError("input 0 of a query is a data set");
  switch (operation.op) {
    case "where":
      return where(operation, data, inputs, examples);
    case "map":
      return mapField(operation, data, inputs, examples);
    case "most_harmful":
    case "most_helpful": {
      const scores = rest.find((input) => !isDataset(input));
      if (scores === undefined || isDataset(scores)) throw new TypeError(`${operation.op} ranks by scores`);
      return attempt(() => ranked(operation, data, scores));
    }
    default:
      return attempt(() => applyIndexOperation(operation, data, rest.filter(isDataset)));
  }
};

const isDataset = (input: Dataset | Predictions): input is Dataset => "columns" in input;
