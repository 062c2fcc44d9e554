import * as Effect from "effect/Effect";
import type { Json } from "../../plan/json.ts";
import { html } from "../html.ts";
import { megabytes, showSeconds, showValue } from "../number.ts";
import { cannotShow, type Picture, plainFigures, readArgument } from "../picture.ts";

/** How far a solve can be trusted: the figures that it came with. */
export const certificate: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step")
    return yield* cannotShow("`certificate` shows an `influence` step", "`certificate(blame)`");
  return html`<section><h2>Certificate</h2><p>What <code>${argument.name}</code> measured of its own result.</p><table>
<tbody>${plainFigures({ ...argument.shown.figures, ...argument.shown.cost }).map(
    ([name, value]) =>
      html`<tr><th>${name
        .replace(/^(?:(.*)_)?seconds$/, "$1 time")
        .trim()
        .replaceAll("_", " ")}</th><td class="n">${withUnit(name, value)}</td></tr>`,
  )}</tbody></table></section>`;
});

/** Time and memory as people read them. */
const withUnit = (name: string, value: Json): string => {
  if (typeof value !== "number") return showValue(value);
  if (name.endsWith("seconds")) return showSeconds(value);
  return name === "peak_memory" ? megabytes(value) : showValue(value);
};
