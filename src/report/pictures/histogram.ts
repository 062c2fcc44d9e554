import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Argument, cannotShow, type Picture, readArgument } from "../picture.ts";
import { axis, plot } from "../plot.ts";

const BINS = 40;

/** How values are spread: the losses of an evaluation's examples, or a list of figures. */
export const histogram: Picture = Effect.fnUntraced(function* ({ of = null, bins = BINS }, inputs) {
  const values = yield* valuesOf(yield* readArgument(of, inputs));
  const finite = values.numbers.filter(Number.isFinite);
  if (finite.length === 0) {
    return yield* cannotShow("`histogram` shows numbers, and there is none", "`histogram(on_test)` shows its losses");
  }
  const count = typeof bins === "number" ? Math.max(1, Math.floor(bins)) : BINS;
  const { edges, counts } = spread(finite, count);
  return html`<section><h2>Histogram</h2><figure>${plot(`histogram of ${values.name}`, {
    xAxis: axis(values.name, {
      type: "category",
      data: counts.map((_, i) => showNumber((edges[i]! + edges[i + 1]!) / 2)),
      splitLine: { show: false },
    }),
    yAxis: axis("count", { nameGap: 44 }),
    series: [{ type: "bar", data: counts, barCategoryGap: 1 }],
  })}<figcaption>${showNumber(finite.length)} values of ${values.name}, from ${showNumber(edges[0]!)} to ${showNumber(edges.at(-1)!)}</figcaption></figure></section>`;
});

const valuesOf = (argument: Argument) =>
  Effect.gen(function* () {
    if (argument.kind === "step") {
      const { losses } = yield* argument.shown.arrays("examples");
      if (losses !== undefined) return { name: `loss of ${argument.name}`, numbers: [...losses.data] };
    }
    if (argument.kind === "list") {
      const numbers = argument.items.map((item) => (item.kind === "value" ? Number(item.value) : Number.NaN));
      return { name: "value", numbers };
    }
    if (argument.kind === "value") return { name: argument.name ?? "value", numbers: [Number(argument.value)] };
    return { name: "value", numbers: [] };
  });

/** Counts in equal bins from the smallest to the largest value, which belongs to the last bin. */
export const spread = (values: readonly number[], bins: number) => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const width = high > low ? (high - low) / bins : 1;
  const used = high > low ? bins : 1;
  const counts = new Array<number>(used).fill(0);
  for (const value of values) counts[Math.min(used - 1, Math.floor((value - low) / width))]!++;
  return { edges: Array.from({ length: used + 1 }, (_, i) => low + i * width), counts };
};
