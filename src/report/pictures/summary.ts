import * as Effect from "effect/Effect";
import { networkTable } from "../../plan/table.ts";
import { html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Argument, cannotShow, type Picture, type Row, readArgument } from "../picture.ts";

/** A network stage by stage: shapes, weights, cost. */
export const summary: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const rows = rowsOf(yield* readArgument(of, inputs));
  if (rows === undefined)
    return yield* cannotShow("`summary` shows a network or a model", "name one: `summary(Digits)`");
  return html`<section><h2>Network</h2><div class="wide"><table>
<thead><tr><th>stage</th><th>output</th><th>weights</th><th class="n">parameters</th><th class="n">FLOPs per example</th></tr></thead>
<tbody>${rows.map(
    ({ stage, output, weights, parameters, flops }, i) => html`<tr${i === rows.length - 1 ? html` class="total"` : ""}>
<td><code>${stage}</code></td><td><code>${output}</code></td><td>${i === rows.length - 1 ? "" : weights.join(", ")}</td>
<td class="n">${parameters === 0 ? "" : showNumber(parameters)}</td><td class="n">${flops === 0 ? "" : showNumber(flops)}</td></tr>`,
  )}</tbody></table></div></section>`;
});

const rowsOf = (argument: Argument): readonly Row[] | undefined => {
  if (argument.kind === "network") return argument.rows;
  if (argument.kind !== "step") return undefined;
  const { body } = argument.shown.step;
  return body.kind === "train" ? networkTable(body.training.network) : undefined;
};
