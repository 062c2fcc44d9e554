import * as Effect from "effect/Effect";
import { networkFields, networkTable } from "../../plan/table.ts";
import { html } from "../html.ts";
import { networkPicture } from "../network.ts";
import { showNumber } from "../number.ts";
import { type Argument, cannotShow, type Picture, type Row, readArgument } from "../picture.ts";
import { wide } from "../section.ts";

/** A network stage by stage: its picture, then shapes, weights, cost. */
export const summary: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const network = networkOf(yield* readArgument(of, inputs));
  if (network === undefined)
    return yield* cannotShow("`summary` shows a network or a model", "name one: `summary(Digits)`");
  const { rows, fields } = network;
  return {
    title: "Network",
    body: html`${networkPicture(fields, rows)}${wide(
      "Stages of the network",
      html`<table>
<thead><tr><th scope="col">stage</th><th scope="col">output</th><th scope="col">weights</th><th scope="col" class="n">parameters</th><th scope="col" class="n">FLOPs per example</th></tr></thead>
<tbody>${rows.map(
        (
          { stage, output, weights, parameters, flops },
          i,
        ) => html`<tr${i === rows.length - 1 ? html` class="total"` : ""}>
<th scope="row"><code>${stage}</code></th><td><code>${output}</code></td><td>${i === rows.length - 1 ? "" : weights.join(", ")}</td>
<td class="n">${parameters === 0 ? "" : showNumber(parameters)}</td><td class="n">${flops === 0 ? "" : showNumber(flops)}</td></tr>`,
      )}</tbody></table>`,
    )}`,
  };
});

const networkOf = (
  argument: Argument,
): { readonly rows: readonly Row[]; readonly fields: readonly string[] } | undefined => {
  if (argument.kind === "network") return argument;
  if (argument.kind !== "step") return undefined;
  const { body } = argument.shown.step;
  if (body.kind !== "train") return undefined;
  const { network } = body.training;
  return { rows: networkTable(network), fields: networkFields(network) };
};
