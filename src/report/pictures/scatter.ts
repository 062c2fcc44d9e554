import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { showValue } from "../number.ts";
import { cannotShow, type Picture, plainFigures, readArgument } from "../picture.ts";
import { axis, plot } from "../plot.ts";

/** Predicted change against retrained change: the arrays `predicted` and `actual` of a step's group `points`. */
export const scatter: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step") return yield* cannotShow("`scatter` shows a `validate` step", "`scatter(loo)`");
  const { predicted, actual } = yield* argument.shown.arrays("points");
  if (predicted === undefined || actual === undefined) {
    return yield* cannotShow(`\`${argument.name}\` has no points`, "`by: leave_one_out(…)` gives some");
  }
  const data = Array.from(predicted.data, (x, i) => [x, actual.data[i]!]);
  return html`<section><h2>Predicted and retrained</h2><figure>${plot(
    `predicted against retrained change, ${argument.name}`,
    {
      xAxis: axis("predicted change"),
      yAxis: axis("retrained change", { nameGap: 48 }),
      series: [{ type: "scatter", data, symbolSize: 5 }],
    },
  )}<figcaption>${plainFigures(argument.shown.figures)
    .map(([name, value]) => `${name} ${showValue(value)}`)
    .join(", ")}</figcaption></figure></section>`;
});
