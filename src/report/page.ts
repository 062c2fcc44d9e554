import type { ReportSource, Shown } from "../execute/reports.ts";
import { stepTitle } from "../plan/graph.ts";
import { type Html, html, trusted } from "./html.ts";
import { showSeconds, showValue } from "./number.ts";
import { plainFigures } from "./picture.ts";
import { style } from "./style.ts";

/** The whole file around the pictures: what ran, on which data, and what came out. */
export const page = (source: ReportSource, pictures: readonly Html[]): string => {
  const title = source.title ?? source.name;
  const data = source.steps.filter(({ step }) => step.body.kind === "data");
  const results = source.steps.filter(({ step }) => step.body.kind === "evaluate");
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="mtt"><title>${title} · ${source.program}</title><style>${trusted(style)}</style></head>
<body><header><h1>${title}</h1><p class="program">${source.program}</p></header>
<main>${data.length === 0 ? "" : dataSection(data)}${results.length === 0 ? "" : resultSection(results)}
${pictures}
${source.steps.length === 0 ? "" : runSection(source.steps)}</main></body></html>
`.html;
};

const dataSection = (sets: readonly Shown[]): Html => html`<section><h2>Data</h2><div class="wide"><table>
<thead><tr><th>data set</th><th>origin</th><th class="n">examples</th></tr></thead>
<tbody>${sets.map(({ step, figures }) => {
  const stands = String(figures.origin).includes("fallback of");
  return html`<tr><td><code>${step.id}</code></td><td${stands ? html` class="warn"` : ""}>${showValue(figures.origin ?? "")}</td><td class="n">${showValue(figures.count ?? "")}</td></tr>`;
})}</tbody></table></div></section>`;

const resultSection = (results: readonly Shown[]): Html =>
  html`<section><h2>Results</h2><div class="tiles">${results.flatMap(({ step, figures }) =>
    step.body.kind === "evaluate"
      ? step.body.metrics.map(
          ({ name }) =>
            html`<div class="tile"><span class="figure">${showValue(figures[name] ?? "none")}</span><span>${name}</span><code>${step.id}</code></div>`,
        )
      : [],
  )}</div></section>`;

const SHORT_KEY = 12;
/** Hashes and paths say nothing in a table for people. */
const hidden = new Set(["hash", "parameters", "file"]);

const runSection = (steps: readonly Shown[]): Html => html`<section><h2>Steps</h2><div class="wide"><table>
<thead><tr><th>step</th><th>figures</th><th class="n">time</th><th>key</th></tr></thead>
<tbody>${steps.map(
  ({ step, figures, seconds, key }) =>
    html`<tr><td><code>${stepTitle(step)}</code></td><td>${plainFigures(figures)
      .filter(([name]) => !hidden.has(name))
      .map(([name, value]) => `${name} ${showValue(value)}`)
      .join(
        ", ",
      )}</td><td class="n">${showSeconds(seconds)}</td><td><code title="${key}">${key.slice(0, SHORT_KEY)}</code></td></tr>`,
)}</tbody></table></div></section>`;
