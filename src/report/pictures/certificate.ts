import * as Effect from "effect/Effect";
import type { Json } from "../../plan/json.ts";
import { html } from "../html.ts";
import { megabytes, showSeconds, showValue } from "../number.ts";
import { cannotShow, type Picture, plainFigures, readArgument } from "../picture.ts";
import { wide } from "../section.ts";

/** What each figure says, for readers who do not know the method. */
const meanings: Readonly<Record<string, string>> = {
  method: "how the curvature is inverted, or what stands for it",
  residual: "relative length of what the solve leaves over, ‖(H + λI)s − v‖ / ‖v‖, by fresh products: 0 is exact",
  damping: "λ, added to every eigenvalue of the curvature",
  hvps: "products of the curvature with a vector, over all the training data",
  iterations: "steps of the solver",
  smallest: "estimate of the curvature's smallest eigenvalue, damping not included",
  largest: "estimate of its largest eigenvalue",
  gradient: "length of the objective's gradient at the model: influence supposes 0",
  strength_effect: "derivative of the measure by the strength of the regularizer, summed over the test examples",
  scoring: "how the scores were made",
  why: "where λ comes from",
  sign: "how to read a score",
  measure: "what changes by a score, on the test example",
  test: "test examples",
  train: "training examples that have a score",
};

/** How far a solve can be trusted: the figures that it came with. */
export const certificate: Picture = Effect.fnUntraced(function* ({ of = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  if (argument.kind !== "step")
    return yield* cannotShow("`certificate` shows an `influence` step", "`certificate(blame)`");
  const figures = plainFigures({ ...argument.shown.figures, ...argument.shown.cost }).toSorted(
    ([a], [b]) => place(a) - place(b),
  );
  return {
    title: "Certificate of",
    of: argument.name,
    body: html`<p>What the step measured of its own result.</p>${wide(
      `Certificate of ${argument.name}`,
      html`<table><tbody>${figures.map(([name, value]) => {
        const title = name
          .replace(/^(?:(.*)_)?seconds$/, "$1 time")
          .trim()
          .replaceAll("_", " ");
        return html`<tr><th scope="row">${title}</th><td>${withUnit(name, value)}</td><td class="soft">${meanings[name] ?? ""}</td></tr>`;
      })}</tbody></table>`,
    )}`,
  };
});

/** In the order of the meanings; what has none stays behind them as it was. */
const place = (name: string): number => {
  const at = Object.keys(meanings).indexOf(name);
  return at < 0 ? Object.keys(meanings).length : at;
};

/** Time and memory as people read them. */
const withUnit = (name: string, value: Json): string => {
  if (typeof value !== "number") return showValue(value);
  if (name.endsWith("seconds")) return showSeconds(value);
  return name === "peak_memory" ? megabytes(value) : showValue(value);
};
