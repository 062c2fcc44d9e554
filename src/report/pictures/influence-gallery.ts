import * as Effect from "effect/Effect";
import type { Dataset } from "../../data/dataset.ts";
import { noSuchTest, SCORES } from "../../execute/kinds/influence.ts";
import type { Shown } from "../../execute/reports.ts";
import { type Html, html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Asked, cannotShow } from "../picture.ts";
import { tile } from "./examples.ts";

/** Test examples in one gallery. */
const TESTS = 16;

interface Scored {
  /** Position in the data that was scored. */
  readonly at: number;
  readonly score: number;
}

/** Helpful: removing it raises the measure. Each from the strongest on. */
interface Ends {
  readonly helpful: readonly Scored[];
  readonly harmful: readonly Scored[];
}

/** Each test example beside the training examples that did the most for it and against it, with their scores in the measure's own unit. */
export const influenceGallery = Effect.fnUntraced(function* (name: string, shown: Shown, asked: Asked, top: number) {
  const train = asked.train.data;
  const { measure = "the measure" } = shown.figures;
  const unit = `A score is by how much ${String(measure)} would change if that training example were removed: positive is helpful, negative harmful.`;
  if (train === undefined) return yield* gone(name);
  const test = asked.test?.data;
  if (test === undefined) {
    const { totals } = yield* shown.arrays("summary");
    if (totals === undefined) return yield* unscored(name);
    return html`<section><h2>Influence on themselves</h2><p>The training examples of the largest scores of <code>${name}</code>, each on its own. ${unit}</p>${row("Most", endsOf(totals.data, top).helpful, train)}</section>`;
  }
  const tests = test.index.length;
  if (asked.row !== undefined && asked.row >= tests) return yield* noSuchTest(asked.row, tests);
  const rows = asked.row === undefined ? Array.from({ length: Math.min(tests, TESTS) }, (_, i) => i) : [asked.row];
  const parts: Html[] = [];
  for (const i of rows) {
    const { helpful, harmful } =
      (yield* keptEnds(shown, train, i, top)) ?? endsOf(yield* scoresFor(shown, name, i), top);
    parts.push(
      html`<article><h3>Test example #${test.index[i]!}</h3><div class="asked"><div class="gallery">${tile(test, i)}</div><div>${row("Most helpful", helpful, train)}${row("Most harmful", harmful, train)}</div></div></article>`,
    );
  }
  const which = rows.length < tests ? `${rows.length} of ${tests} test examples` : "Test examples";
  return html`<section><h2>Training examples behind <code>${name}</code></h2><p>${which}, each with the training examples that did most for it and against it. ${unit}</p>${parts}</section>`;
});

const gone = (name: string) =>
  cannotShow(`the examples behind \`${name}\` are not there`, "run again with a store that holds its data");

const row = (title: string, scored: readonly Scored[], data: Dataset): Html =>
  html`<h4>${title}</h4>${
    scored.length === 0
      ? html`<p><small>none</small></p>`
      : html`<div class="gallery">${scored.map(({ at, score }) => tile(data, at, `${score > 0 ? "+" : ""}${showNumber(score)}`))}</div>`
  }`;

/** Scores of all training examples for one test example. */
const scoresFor = Effect.fnUntraced(function* (shown: Shown, name: string, i: number) {
  const found = yield* shown.rows(SCORES, i, i + 1);
  return found === undefined ? yield* unscored(name) : found.data;
});

const unscored = (name: string) =>
  cannotShow(
    `\`${name}\` has no score of an example, so no gallery can show its strongest`,
    "scores of input pixels are kept as numbers: `of: example` scores whole examples",
  );

/** What `top:` kept, where the step kept no more. */
const keptEnds = Effect.fnUntraced(function* (shown: Shown, train: Dataset, i: number, top: number) {
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

const endsOf = (scores: ArrayLike<number>, top: number): Ends => {
  const order = Array.from(scores, (score, at): Scored => ({ at, score })).sort((a, b) => b.score - a.score);
  return {
    helpful: order.slice(0, top).filter(({ score }) => score > 0),
    harmful: order
      .slice(-top)
      .reverse()
      .filter(({ score }) => score < 0),
  };
};
