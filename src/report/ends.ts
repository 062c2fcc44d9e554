import * as Effect from "effect/Effect";
import type { Dataset } from "../data/dataset.ts";
import { SCORES } from "../execute/kinds/influence.ts";
import type { Shown } from "../execute/reports.ts";
import { cannotShow } from "./picture.ts";

export interface Scored {
  /** Position in the data that was scored. */
  readonly at: number;
  readonly score: number;
}

/** Helpful: removing it raises the measure. Each from the strongest on. */
export interface Ends {
  readonly helpful: readonly Scored[];
  readonly harmful: readonly Scored[];
}

/** The `top` strongest of each kind for one test example. */
export const endsFor = Effect.fnUntraced(function* (
  shown: WithScores,
  name: string,
  train: Dataset,
  i: number,
  top: number,
) {
  return (yield* keptEnds(shown, train, i, top)) ?? endsOf(yield* scoresFor(shown, name, i), top);
});

type WithScores = Pick<Shown, "rows" | "arrays">;

/** Scores of all training examples for one test example. */
export const scoresFor = Effect.fnUntraced(function* (shown: WithScores, name: string, i: number) {
  const found = yield* shown.rows(SCORES, i, i + 1);
  return found === undefined ? yield* unscored(name) : found.data;
});

export const unscored = (name: string) =>
  cannotShow(
    `\`${name}\` has no score of an example, so no gallery can show its strongest`,
    "scores of input pixels are kept as numbers: `of: example` scores whole examples",
  );

/** What `top:` kept, where the step kept no more. */
const keptEnds = Effect.fnUntraced(function* (shown: WithScores, train: Dataset, i: number, top: number) {
  const { helpful_index, helpful_score, harmful_index, harmful_score } = yield* shown.arrays("top");
  if (helpful_index === undefined || helpful_score === undefined) return undefined;
  if (harmful_index === undefined || harmful_score === undefined) return undefined;
  const at = new Map(Array.from(train.index, (example, position) => [example, position]));
  const width = helpful_index.shape.at(-1)!;
  const part = (index: ArrayLike<number>, score: ArrayLike<number>): readonly Scored[] =>
    Array.from({ length: Math.min(top, width) }, (_, j) => ({
      at: at.get(index[i * width + j]!)!,
      score: score[i * width + j]!,
    }));
  const ends: Ends = {
    helpful: part(helpful_index.data, helpful_score.data).filter(({ score }) => score > 0),
    harmful: part(harmful_index.data, harmful_score.data).filter(({ score }) => score < 0),
  };
  return ends;
});

export const endsOf = (scores: ArrayLike<number>, top: number): Ends => {
  const order = Array.from(scores, (score, at): Scored => ({ at, score })).sort((a, b) => b.score - a.score);
  return {
    helpful: order.slice(0, top).filter(({ score }) => score > 0),
    harmful: order
      .slice(-top)
      .reverse()
      .filter(({ score }) => score < 0),
  };
};
