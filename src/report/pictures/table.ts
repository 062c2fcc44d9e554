import * as Effect from "effect/Effect";
import type { Json } from "../../plan/json.ts";
import { html } from "../html.ts";
import { showValue } from "../number.ts";
import { type Argument, type Picture, plainFigures, readArgument } from "../picture.ts";

/** Figures as a table: of a step, a list of steps, a record, one value. */
export const table: Picture = Effect.fnUntraced(function* ({ of = null, title = null }, inputs) {
  const lines = linesOf(yield* readArgument(of, inputs), "");
  return html`<section><h2>${typeof title === "string" && title !== "none" ? title : "Figures"}</h2><div class="wide"><table>
<tbody>${lines.map(([name, value]) => html`<tr><th>${name}</th><td class="n">${showValue(value)}</td></tr>`)}</tbody></table></div></section>`;
});

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
