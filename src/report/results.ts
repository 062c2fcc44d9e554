import * as Effect from "effect/Effect";
import type { ReportSource, Shown } from "../execute/reports.ts";
import type { Metric } from "../plan/plan.ts";
import type { Interval } from "../random/bootstrap.ts";
import { type Html, html } from "./html.ts";
import { bootstrapMean, wilson } from "./intervals.ts";
import { showNumber, showValue } from "./number.ts";
import type { Section } from "./section.ts";

interface Measured {
  readonly interval: Interval;
  readonly how: string;
}

/** The metrics of every evaluation, each with its interval where one can be given. */
export const resultsSection = Effect.fnUntraced(function* ({ inputs, steps }: ReportSource) {
  const direct = new Set(inputs.map(({ step }) => step.id));
  const tiles: Html[] = [];
  const ways = new Set<string>();
  for (const shown of steps) {
    const { body, id } = shown.step;
    if (body.kind !== "evaluate") continue;
    // Of what the report does not read itself the arrays are not at hand.
    const { losses } = direct.has(id) ? yield* shown.arrays("examples") : {};
    for (const metric of body.metrics) {
      const measured = measure(metric, shown, losses?.data);
      if (measured !== undefined) ways.add(measured.how);
      const figure = shown.figures[metric.name];
      tiles.push(
        html`<div class="tile"><dt>${metric.name} <code>${id}</code></dt><dd><span class="figure">${showValue(figure ?? "none")}</span>${
          measured === undefined
            ? ""
            : html`<span class="interval">95 %: ${showNumber(measured.interval.low)} to ${showNumber(measured.interval.high)}</span>`
        }</dd></div>`,
      );
    }
  }
  if (tiles.length === 0) return undefined;
  const section: Section = {
    title: "Results",
    body: html`<dl class="tiles">${tiles}</dl>${
      ways.size === 0
        ? ""
        : html`<p class="note">The intervals hold 95 % over the choice of the examples it was tested on, for this model as it is: ${[...ways].join("; ")}.</p>`
    }`,
  };
  return section;
});

const measure = (metric: Metric, { figures }: Shown, losses: ArrayLike<number> | undefined): Measured | undefined => {
  const value = figures[metric.name];
  const { count } = figures;
  if (typeof value !== "number" || typeof count !== "number" || count < 2) return undefined;
  if (metric.kind === "accuracy" || metric.kind === "top")
    return { interval: wilson(value, count), how: "Wilson's for shares of examples" };
  if (metric.kind !== "loss" || losses === undefined || losses.length !== count) return undefined;
  const { interval, resamples } = bootstrapMean(losses);
  return { interval, how: `the bootstrap's percentiles for means, of ${showNumber(resamples)} resamples` };
};
