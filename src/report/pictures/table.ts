import * as Effect from "effect/Effect";
import { familyTable } from "../../execute/kinds/family.ts";
import type { Json } from "../../plan/json.ts";
import { type Html, html } from "../html.ts";
import { showValue } from "../number.ts";
import { type Argument, type Picture, plainFigures, readArgument } from "../picture.ts";
import { wide } from "../section.ts";

/** Figures as a table: of a step, a list of steps, a record, one value; of a sweep, and an evaluation of one, with a line for each member. */
export const table: Picture = Effect.fnUntraced(function* ({ of = null, title = null }, inputs) {
  const argument = yield* readArgument(of, inputs);
  const family = argument.kind === "step" ? familyTable(argument.shown.figures) : undefined;
  const heading = typeof title === "string" && title !== "none" ? title : (family && nameOf(argument)) || "Figures";
  return {
    title: heading,
    body: wide(heading, html`<table>${family === undefined ? lineByFigure(argument) : lineByMember(family)}</table>`),
  };
});

const nameOf = (argument: Argument): string | undefined => (argument.kind === "step" ? argument.name : undefined);

const lineByFigure = (argument: Argument): Html =>
  html`<tbody>${linesOf(argument, "").map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td class="n">${showValue(value)}</td></tr>`,
  )}</tbody>`;

/** Of a sweep, or an evaluation of one. */
const lineByMember = ({ head, rows }: NonNullable<ReturnType<typeof familyTable>>): Html =>
  html`<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((value) => html`<td class="n">${value === undefined ? "" : showValue(value)}</td>`)}</tr>`,
  )}</tbody>`;

const linesOf = (argument: Argument, name: string): readonly (readonly [string, Json])[] => {
  const below = (part: string): string => (name === "" ? part : `${name}.${part}`);
  switch (argument.kind) {
    case "value":
      return [[name === "" ? (argument.name ?? "value") : name, argument.value]];
    case "step":
      return plainFigures(argument.shown.figures).map(([figure, value]) => [`${argument.name}.${figure}`, value]);
    case "network":
      return argument.rows.map(({ stage, output }) => [below(stage), output]);
    case "list":
      return argument.items.flatMap((item, i) =>
        linesOf(item, item.kind === "value" && item.name !== undefined ? item.name : below(String(i + 1))),
      );
    case "record":
      return Object.entries(argument.fields).flatMap(([field, item]) => linesOf(item, below(field)));
  }
};
