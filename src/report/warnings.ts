import type { ReportSource, Said } from "../execute/reports.ts";
import { type Html, html } from "./html.ts";
import type { Section } from "./section.ts";

/** What the run and the checker warned of, before any figure: whoever reads on knows what it rests on. */
export const warningsSection = ({ warnings, about }: ReportSource): Section | undefined => {
  if (warnings.length === 0) return undefined;
  const files = [...(about?.texts.keys() ?? [])];
  return {
    title: warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`,
    body: html`<ul class="said">${warnings.map(
      (said) =>
        html`<li><p><b class="warn">${said.code}</b> ${said.step === undefined ? "" : html`<code>${said.step}</code>: `}${coded(said.message)}</p>${said.notes.map(
          (note) => html`<p class="note">${coded(note)}</p>`,
        )}${said.help === undefined ? "" : html`<p class="note">help: ${coded(said.help)}</p>`}${placeOf(said, files)}</li>`,
    )}</ul><p class="note"><code>mtt explain CODE</code> shows a code's page.</p>`,
  };
};

/** `p.mtt:4:7`, which leads to the program's text, and the line that stands there. */
const placeOf = ({ at }: Said, files: readonly string[]): Html | string =>
  at === undefined
    ? ""
    : html`<p class="note"><a href="#program-${files.indexOf(at.file)}">${at.file}:${at.line}:${at.column}</a> <code>${at.text}</code></p>`;

/** What stands in backticks is code. */
const coded = (text: string): Html =>
  html`${text.split("`").map((piece, i) => (i % 2 === 1 ? html`<code>${piece}</code>` : piece))}`;
