import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { showNumber } from "../number.ts";
import { cannotShow, type Picture, readArgument } from "../picture.ts";
import { wide } from "../section.ts";

/** How often each class was taken for each: a row is what an example is, a column what it was taken for. */
export const confusion: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step")
    return yield* cannotShow("`confusion` shows an `evaluate` step", "`confusion(on_test)`");
  const { shown, name } = argument;
  const { confusion: counts } = yield* shown.arrays("examples");
  const classes = counts?.shape[0];
  if (counts === undefined || classes === undefined) {
    return yield* cannotShow(`\`${name}\` classifies nothing, so it has no confusions`, "show its figures: `table(…)`");
  }
  const at = (row: number, column: number): number => counts.data[row * classes + column]!;
  const all = Array.from({ length: classes }, (_, i) => i);
  const total = (row: number): number => all.reduce((sum, column) => sum + at(row, column), 0);
  const grid = html`<table class="confusion"><thead><tr><td></td>${all.map((c) => html`<th scope="col" class="n">${c}</th>`)}<th scope="col" class="n">right</th></tr></thead>
<tbody>${all.map((row) => {
    const sum = total(row);
    return html`<tr><th scope="row" class="n">${row}</th>${all.map((column) => {
      const count = at(row, column);
      const share = sum === 0 ? 0 : Math.round((100 * count) / sum);
      return html`<td class="n ${row === column ? "hit" : "miss"}" style="--share:${share}%" title="${row} taken for ${column}: ${count}">${count === 0 ? "" : showNumber(count)}</td>`;
    })}<td class="n">${sum === 0 ? "" : `${((100 * at(row, row)) / sum).toFixed(1)} %`}</td></tr>`;
  })}</tbody></table>`;
  return {
    title: "Confusion of",
    of: name,
    body: html`<p>Rows are the labels, columns what the model said.</p>${wide(`Confusion of ${name}`, grid)}`,
  };
});
