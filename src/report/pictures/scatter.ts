import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { showValue } from "../number.ts";
import { cannotShow, type Picture, plainFigures, readArgument } from "../picture.ts";
import { axis, plot } from "../plot.ts";

/** More would make the page heavy. */
const MOST = 5000;

/** Predicted change against retrained change: the arrays `predicted` and `actual` of a step's group `points`. On the dashed line they are equal. */
export const scatter: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step") return yield* cannotShow("`scatter` shows a `validate` step", "`scatter(loo)`");
  const { predicted, actual } = yield* argument.shown.arrays("points");
  if (predicted === undefined || actual === undefined) {
    return yield* cannotShow(`\`${argument.name}\` has no points`, "`by: leave_one_out(…)` gives some");
  }
  const every = Math.ceil(predicted.data.length / MOST);
  const data = Array.from({ length: Math.ceil(predicted.data.length / every) }, (_, i) => [
    predicted.data[i * every]!,
    actual.data[i * every]!,
  ]);
  const ends = [Math.min(...data.map(([x]) => x!)), Math.max(...data.map(([x]) => x!))];
  const equal = ends.map((x) => [x, x]);
  const shown = every === 1 ? "" : `; one point of every ${every} is shown`;
  return {
    title: "Predicted and retrained,",
    of: argument.name,
    body: html`<figure>${plot(`predicted against retrained change, ${argument.name}`, {
      xAxis: axis("predicted change"),
      yAxis: axis("retrained change", { nameGap: 48 }),
      series: [
        { type: "scatter", data, symbolSize: 5 },
        { type: "line", data: equal, symbol: "none", lineStyle: { type: "dashed", width: 1 } },
      ],
    })}<figcaption>${plainFigures(argument.shown.figures)
      .map(([name, value]) => `${name} ${showValue(value)}`)
      .join(", ")}${shown}</figcaption></figure>`,
  };
});
