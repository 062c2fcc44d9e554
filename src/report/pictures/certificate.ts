import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { showValue } from "../number.ts";
import { cannotShow, type Picture, plainFigures, readArgument } from "../picture.ts";

/** How far a solve can be trusted: the figures that it came with. */
export const certificate: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step")
    return yield* cannotShow("`certificate` shows an `influence` step", "`certificate(blame)`");
  return html`<section><h2>Certificate</h2><p>What <code>${argument.name}</code> measured of its own result.</p><table>
<tbody>${plainFigures(argument.shown.figures).map(
    ([name, value]) => html`<tr><th>${name.replaceAll("_", " ")}</th><td class="n">${showValue(value)}</td></tr>`,
  )}</tbody></table></section>`;
});
