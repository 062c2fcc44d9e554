import type { Described } from "../data/describe.ts";
import type { ReportSource, Shown } from "../execute/reports.ts";
import type { Field } from "../plan/dataset.ts";
import { showType } from "../shape/tensor.ts";
import { type Html, html } from "./html.ts";
import { showNumber, showValue } from "./number.ts";
import { type Section, wide } from "./section.ts";

/** Classes and fields that are listed one by one. */
const LISTED = 40;

/** The sources, and the parts of them that a step works with: how many, of what, and how they are spread. */
export const dataSection = ({ steps }: ReportSource): Section | undefined => {
  const used = new Set(
    steps.flatMap(({ step }) => (step.body.kind === "data" || step.body.kind === "query" ? [] : step.inputs)),
  );
  const sets = steps.filter(
    ({ step: { body, id } }) => body.kind === "data" || (body.kind === "query" && used.has(id)),
  );
  if (sets.length === 0) return undefined;
  return {
    title: "Data",
    body: html`${wide(
      "Data sets",
      html`<table><thead><tr><th scope="col">data set</th><th scope="col">origin</th><th scope="col" class="n">examples</th><th scope="col">fields</th></tr></thead>
<tbody>${sets.map(line)}</tbody></table>`,
    )}${sets.map(spread)}`,
  };
};

const fieldsOf = ({ step: { body } }: Shown): readonly Field[] =>
  body.kind === "data" || body.kind === "query" ? body.fields : [];

const line = (shown: Shown): Html => {
  const { origin = "", count = "" } = shown.figures;
  const stands = String(origin).includes("fallback of");
  return html`<tr><th scope="row"><code>${shown.step.id}</code></th><td${stands ? html` class="warn"` : ""}>${showValue(origin)}</td><td class="n">${showValue(count)}</td><td>${fieldsOf(
    shown,
  ).map(
    ({ name, type, classes }, i) =>
      html`${i === 0 ? "" : ", "}${name} <code>${classes === undefined ? showType(type) : `class[${classes}]`}</code>`,
  )}</td></tr>`;
};

/** How the labels and the scalars of a data set are spread. */
const spread = ({ step, described }: Shown): Html | undefined => {
  if (described === undefined) return undefined;
  const { classes, numbers } = described;
  const tables = [
    ...Object.entries(classes).map(([field, counts]) => counted(step.id, field, counts)),
    ranges(step.id, numbers),
  ];
  return html`${tables}`;
};

const counted = (set: string, field: string, counts: readonly number[]): Html => {
  const most = Math.max(1, ...counts);
  const listed = counts.slice(0, LISTED);
  return html`<details><summary><code>${set}</code>: how often each ${field}</summary><table class="bars"><tbody>${listed.map(
    (count, i) =>
      html`<tr><th scope="row" class="n">${i}</th><td class="n">${showNumber(count)}</td><td><span class="bar" style="--share:${((100 * count) / most).toFixed(1)}%"></span></td></tr>`,
  )}</tbody></table>${counts.length > LISTED ? html`<p>and ${counts.length - LISTED} more</p>` : ""}</details>`;
};

const ranges = (set: string, numbers: Described["numbers"]): Html | undefined => {
  const fields = Object.entries(numbers);
  if (fields.length === 0) return undefined;
  return html`<details><summary><code>${set}</code>: numbers from least to most</summary>${wide(
    `Numbers of ${set}`,
    html`<table>
<thead><tr><th scope="col">field</th><th scope="col" class="n">least</th><th scope="col" class="n">mean</th><th scope="col" class="n">most</th></tr></thead>
<tbody>${fields
      .slice(0, LISTED)
      .map(
        ([name, { least, mean, most }]) =>
          html`<tr><th scope="row">${name}</th><td class="n">${showNumber(least)}</td><td class="n">${showNumber(mean)}</td><td class="n">${showNumber(most)}</td></tr>`,
      )}</tbody></table>`,
  )}${fields.length > LISTED ? html`<p>and ${fields.length - LISTED} more</p>` : ""}</details>`;
};
