import { type Html, html } from "./html.ts";

/** One part of a report. */
export interface Section {
  readonly title: string;
  /** The step that it is about, by its name in the program. */
  readonly of?: string;
  readonly body: Html;
}

const heading = ({ title, of }: Section): Html => html`${title}${of === undefined ? "" : html` <code>${of}</code>`}`;

/** The sections in their order, each a landmark with a heading, behind a list of links to them. */
export const sectionsOf = (sections: readonly Section[]): { readonly contents: Html; readonly body: Html } => ({
  contents: html`<nav aria-label="Contents"><ol>${sections.map((section, i) => html`<li><a href="#part-${i}">${heading(section)}</a></li>`)}</ol></nav>`,
  body: html`${sections.map(
    (section, i) =>
      html`<section id="part-${i}" aria-labelledby="title-${i}"><h2 id="title-${i}">${heading(section)}</h2>${section.body}</section>
`,
  )}`,
});

/** What may be wider than the page scrolls by itself, by keyboard too. */
export const wide = (label: string, content: Html): Html =>
  html`<div class="wide" role="group" aria-label="${label}" tabindex="0">${content}</div>`;
