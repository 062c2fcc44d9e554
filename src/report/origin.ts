import type { ReportSource, Shown } from "../execute/reports.ts";
import { stepTitle } from "../plan/graph.ts";
import { highlight } from "../syntax/highlight.ts";
import { html } from "./html.ts";
import { showSeconds, showValue } from "./number.ts";
import { plainFigures } from "./picture.ts";
import { type Section, wide } from "./section.ts";

const SHORT_KEY = 12;
/** Hashes and paths say nothing in a table for people; what an influence says in sentences stands in its certificate. */
const hidden = new Set(["hash", "parameters", "file", "source", "sign", "why"]);

/** What was computed for the report, how long it took, and what the store held already. */
export const stepsSection = ({ steps }: ReportSource): Section | undefined => {
  if (steps.length === 0) return undefined;
  const longest = Math.max(1e-9, ...steps.map(({ seconds }) => seconds));
  return {
    title: "Steps",
    body: html`<p>${told(steps)}</p>${wide(
      "Steps",
      html`<table><thead><tr><th scope="col">step</th><th scope="col">result</th><th scope="col">this run</th><th scope="col" class="n">time</th><th scope="col"><span class="hidden">share of the longest</span></th></tr></thead>
<tbody>${steps.map(
        ({ step, figures, seconds, status }) =>
          html`<tr><th scope="row"><code>${stepTitle(step)}</code></th><td>${plainFigures(figures)
            .filter(([name]) => !hidden.has(name))
            .map(([name, value]) => `${name} ${showValue(value)}`)
            .join(
              ", ",
            )}</td><td>${status === "ran" ? "computed" : "stored"}</td><td class="n">${showSeconds(seconds)}</td><td class="share"><span class="bar" style="--share:${((100 * seconds) / longest).toFixed(1)}%"></span></td></tr>`,
      )}</tbody></table>`,
    )}`,
  };
};

/** `3 computed by the run that wrote this page, in 12.0 s; 5 taken from the store, where they had taken 40.1 s.` */
const told = (steps: readonly Shown[]): string => {
  const [ran, cached] = (["ran", "cached"] as const).map((status) => steps.filter((step) => step.status === status));
  const time = (some: readonly Shown[]): string => showSeconds(some.reduce((sum, { seconds }) => sum + seconds, 0));
  const computed =
    ran!.length === 0
      ? "Nothing was computed by the run that wrote this page"
      : `${ran!.length} computed by the run that wrote this page, in ${time(ran!)}`;
  return `${computed}${cached!.length === 0 ? "" : `; ${cached!.length} taken from the store, where they had taken ${time(cached!)}`}.`;
};

/** The program that made it, and what it imports. */
export const programSection = ({ about }: ReportSource): Section | undefined => {
  const texts = [...(about?.texts ?? [])];
  if (texts.length === 0) return undefined;
  return {
    title: "Program",
    body: html`${texts.map(
      ([name, text], i) =>
        html`<h3 id="program-${i}"><code>${name}</code></h3><pre role="group" aria-labelledby="program-${i}" tabindex="0"><code>${highlight(
          text,
        ).map(({ text: piece, look }) =>
          look === undefined ? piece : html`<span class="${look}">${piece}</span>`,
        )}</code></pre>`,
    )}`,
  };
};

/** What computed it, what was set from outside, and the keys that the results have in a store. */
export const environmentSection = ({ about, steps }: ReportSource): Section | undefined => {
  const params = Object.entries(about?.params ?? {});
  const environment = Object.entries(about?.environment ?? {});
  if (environment.length === 0 && steps.length === 0) return undefined;
  const pairs = [...environment, ...params.map(([name, value]) => [`--set ${name}`, value] as const)];
  return {
    title: "Environment and keys",
    body: html`${
      pairs.length === 0
        ? ""
        : html`<table><tbody>${pairs.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`
    }<details><summary>Keys of the ${steps.length} steps: equal keys are equal results</summary>${wide(
      "Keys",
      html`<table><thead><tr><th scope="col">step</th><th scope="col">key</th></tr></thead><tbody>${steps.map(
        ({ step, key }) =>
          html`<tr><th scope="row"><code>${step.id}</code></th><td><code><b>${key.slice(0, SHORT_KEY)}</b>${key.slice(SHORT_KEY)}</code></td></tr>`,
      )}</tbody></table>`,
    )}</details>`,
  };
};
