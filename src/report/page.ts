import * as Effect from "effect/Effect";
import type { ReportSource } from "../execute/reports.ts";
import { dataSection } from "./data-section.ts";
import { html, trusted } from "./html.ts";
import { environmentSection, programSection, stepsSection } from "./origin.ts";
import { resultsSection } from "./results.ts";
import { type Section, sectionsOf } from "./section.ts";
import { style } from "./style.ts";
import { warningsSection } from "./warnings.ts";

/** Nothing is loaded and nothing runs, whatever a name or a text in the page says. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** The whole file around the pictures: what came out, of which data, by which program and where. */
export const page = Effect.fnUntraced(function* (
  source: ReportSource,
  pictures: readonly Section[],
  examples: Section | undefined,
) {
  const title = source.title ?? source.name;
  const made = new Date(source.made).toISOString();
  const { contents, body } = sectionsOf(
    [
      warningsSection(source),
      yield* resultsSection(source),
      dataSection(source),
      ...pictures,
      stepsSection(source),
      programSection(source),
      environmentSection(source),
      examples,
    ].flatMap((section) => section ?? []),
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="generator" content="mtt"><title>${title} · ${source.program}</title><style>${trusted(style)}</style></head>
<body><a class="skip" href="#main">Skip to the results</a>
<header><h1>${title}</h1><p class="program">${source.program}, <time datetime="${made}">${made.slice(0, 16).replace("T", " ")} UTC</time></p>${contents}</header>
<main id="main">
${body}</main></body></html>
`.html;
});
