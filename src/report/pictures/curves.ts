import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Json } from "../../plan/json.ts";
import { type Html, html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Argument, cannotShow, type Picture, readArgument } from "../picture.ts";
import { axis, plot } from "../plot.ts";
import { wide } from "../section.ts";

const History = Schema.Array(Schema.Record(Schema.String, Schema.Number));
const isHistory = Schema.is(History);
type History = typeof History.Type;

interface Curve {
  readonly name: string;
  readonly history: History;
}

/** Loss and accuracy over the epochs, of the training data and, where there is some, of the validation data. */
export const curves: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const models = curvesOf(yield* readArgument(of, inputs));
  if (models === undefined) return yield* cannotShow("`curves` shows the training of models", "`curves(classifier)`");
  const trained = models.filter(({ history }) => history.length > 0);
  return {
    title: "Training",
    body: html`${
      trained.length === 0
        ? html`<p>No epoch to show: ${models.map(({ name }) => name).join(", ")} did not train in epochs.</p>`
        : html`<div class="plots">${[chart("loss", trained), chart("accuracy", trained)]}</div>${trained.map(epochsOf)}`
    }`,
  };
});

const curvesOf = (argument: Argument): readonly Curve[] | undefined => {
  if (argument.kind === "list") {
    const all = argument.items.map(curvesOf);
    return all.every((each) => each !== undefined) ? all.flat() : undefined;
  }
  if (argument.kind !== "step") return undefined;
  const history: Json = argument.shown.figures.history ?? [];
  return isHistory(history) ? [{ name: argument.name, history }] : undefined;
};

/** One figure of every model over the epochs. */
const chart = (figure: "loss" | "accuracy", models: readonly Curve[]): Html | undefined => {
  const series = models.flatMap(({ name, history }) =>
    (
      [
        [figure, "training"],
        [`validation_${figure}`, "validation"],
      ] as const
    ).flatMap(([key, where]) => {
      const points = history.flatMap((epoch, i) => (epoch[key] === undefined ? [] : [[i + 1, epoch[key]]]));
      return points.length === 0
        ? []
        : [
            {
              type: "line",
              name: models.length === 1 ? where : `${name}, ${where}`,
              data: points,
              symbol: "circle",
              symbolSize: 5,
              lineStyle: { type: where === "training" ? "solid" : "dashed" },
            },
          ];
    }),
  );
  if (series.length === 0) return undefined;
  const epochs = Math.max(...models.map(({ history }) => history.length));
  return html`<figure>${plot(`${figure} over ${epochs} epochs`, {
    xAxis: axis("epoch", { min: 1, minInterval: 1, max: Math.max(2, epochs) }),
    yAxis: axis(figure, { nameGap: 44, ...(figure === "accuracy" ? { max: 1 } : {}) }),
    series,
  })}<figcaption>${figure === "loss" ? "Loss" : "Accuracy"} after each epoch</figcaption></figure>`;
};

/** The last epoch in words, and all of them in numbers. */
const epochsOf = ({ name, history }: Curve): Html => {
  const figures = [...new Set(history.flatMap((epoch) => Object.keys(epoch)))];
  return html`<p><code>${name}</code> after ${history.length === 1 ? "1 epoch" : `${history.length} epochs`}: ${Object.entries(
    history.at(-1) ?? {},
  )
    .map(([figure, value]) => `${figure.replace("_", " ")} ${showNumber(value)}`)
    .join(", ")}.</p><details><summary>Every epoch of <code>${name}</code> in numbers</summary>${wide(
    `Epochs of ${name}`,
    html`<table><thead><tr><th scope="col" class="n">epoch</th>${figures.map((figure) => html`<th scope="col" class="n">${figure.replace("_", " ")}</th>`)}</tr></thead>
<tbody>${history.map(
      (epoch, i) =>
        html`<tr><th scope="row" class="n">${i + 1}</th>${figures.map((figure) => html`<td class="n">${epoch[figure] === undefined ? "" : showNumber(epoch[figure])}</td>`)}</tr>`,
    )}</tbody></table>`,
  )}</details>`;
};
