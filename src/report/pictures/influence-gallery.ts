import * as Effect from "effect/Effect";
import { noSuchTest } from "../../execute/kinds/influence.ts";
import type { Shown } from "../../execute/reports.ts";
import { endsFor, endsOf, type Scored, unscored } from "../ends.ts";
import { type Html, html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Asked, cannotShow, type Page } from "../picture.ts";
import type { Section } from "../section.ts";
import { tile } from "../tile.ts";
import { said } from "./said.ts";

/** Test examples in one gallery. */
const TESTS = 16;

/** Each test example beside the training examples that did the most for it and against it, with their scores in the measure's own unit. */
export const influenceGallery = Effect.fnUntraced(function* (
  name: string,
  shown: Shown,
  asked: Asked,
  most: number,
  page: Page,
) {
  const train = asked.train;
  const unit = String(shown.figures.measure ?? "the measure");
  const meaning = `A score is by how much ${unit} would change if that training example were removed: positive is helpful, negative harmful.`;
  if (train.data === undefined) return yield* gone(name);
  const test = asked.test;
  if (test === undefined) {
    const { totals } = yield* shown.arrays("summary");
    if (totals === undefined) return yield* unscored(name);
    const id = page.examples.place();
    const largest = endsOf(totals.data, page.examples.most(most, train.data)).helpful;
    const section: Section = {
      title: "Influence on themselves,",
      of: name,
      body: html`<p id="${id}">The training examples of the largest scores, each on its own. ${meaning}</p>${row("Most", largest, { id, text: `${name}, self` }, train, page)}`,
    };
    return section;
  }
  if (test.data === undefined) return yield* gone(name);
  const tests = test.data.index.length;
  if (asked.row !== undefined && asked.row >= tests) return yield* noSuchTest(asked.row, tests);
  const rows = asked.row === undefined ? Array.from({ length: Math.min(tests, TESTS) }, (_, i) => i) : [asked.row];
  const wanted = 2 * rows.length * Math.min(most, train.data.index.length);
  const top = Math.ceil(page.examples.most(wanted, train.data) / (2 * rows.length));
  const answers = yield* said(shown, test.data, page);
  const parts: Html[] = [];
  for (const i of rows) {
    const { helpful, harmful } = yield* endsFor(shown, name, train.data, i, top);
    const index = test.data.index[i]!;
    const place = { id: page.examples.place(), text: `${name}, test #${index}` };
    const link = page.examples.link(test, i, { ...place, text: `${place.text} itself` });
    parts.push(
      html`<article id="${place.id}" aria-labelledby="${place.id}-title"><h3 id="${place.id}-title">Test example #${index}</h3><div class="asked"><ul class="gallery">${tile(test.data, i, link, answers?.(index))}</ul><div>${row(`Most helpful: without it, ${unit} changes by`, helpful, place, train, page)}${row(`Most harmful: without it, ${unit} changes by`, harmful, place, train, page)}</div></div></article>`,
    );
  }
  const which = rows.length < tests ? `${rows.length} of ${tests} test examples` : "Test examples";
  const section: Section = {
    title: "Training examples behind",
    of: name,
    body: html`<p>${which}, each with the training examples that did most for it and against it. ${meaning}${
      top < Math.min(most, train.data.index.length) ? ` The ${top} strongest of each kind are shown.` : ""
    }</p>${parts}`,
  };
  return section;
});

const gone = (name: string) =>
  cannotShow(`the examples behind \`${name}\` are not there`, "run again with a store that holds its data");

const row = (
  title: string,
  scored: readonly Scored[],
  place: { readonly id: string; readonly text: string },
  train: Shown,
  { examples }: Page,
): Html => {
  const tiles = scored.map(({ at, score }) => {
    const text = `${score > 0 ? "+" : ""}${showNumber(score)}`;
    return tile(train.data!, at, examples.link(train, at, { ...place, text: `${place.text} (${text})` }), text);
  });
  return html`<h4>${title}</h4>${tiles.length === 0 ? html`<p><small>none</small></p>` : html`<ul class="gallery">${tiles}</ul>`}`;
};
