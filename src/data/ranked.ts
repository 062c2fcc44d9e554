import type { DataOperation } from "../plan/dataset.ts";
import type { Dataset, Predictions } from "./dataset.ts";
import { refuse } from "./error.ts";
import { makeView } from "./view.ts";

type Ranking = Extract<DataOperation, { readonly op: "most_harmful" | "most_helpful" }>;

/** The n examples with the lowest scores (highest for `most_helpful`), in that order; equal ones in the order of their indices. */
export const ranked = ({ op, n }: Ranking, data: Dataset, { values, index, source }: Predictions): Dataset => {
  if (n > index.length)
    refuse("MTT5516", {
      message: `${op}(${n}) of the scores of ${index.length} examples`,
      expected: `at most ${index.length}`,
      found: String(n),
      help: "no more examples can be named than were scored",
    });
  if (source !== data.source) throw new TypeError("the scores are those of another source");
  const scores = values.data;
  const sign = op === "most_harmful" ? 1 : -1;
  const order = Array.from(index, (_, at) => at).sort(
    (a, b) => sign * (scores[a]! - scores[b]!) || index[a]! - index[b]!,
  );
  return makeView(data, { index: Int32Array.from(order.slice(0, n), (at) => index[at]!) });
};
