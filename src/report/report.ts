import * as Effect from "effect/Effect";
import type { ReportSource } from "../execute/reports.ts";
import type { Json } from "../plan/json.ts";
import type { Html } from "./html.ts";
import { page } from "./page.ts";
import { cannotShow } from "./picture.ts";
import { isPicture, pictures } from "./pictures/index.ts";

/** The report as one HTML file that loads nothing. Its bytes depend on the source alone. */
export const renderReport = Effect.fnUntraced(function* (source: ReportSource) {
  const shown: Html[] = [];
  for (const item of source.show) {
    const { picture = null, ...given } = recordOf(item);
    if (!isPicture(picture)) {
      return yield* cannotShow(
        `there is no picture \`${String(picture)}\``,
        `there are ${Object.keys(pictures).join(", ")}`,
      );
    }
    shown.push(yield* pictures[picture](given, source.inputs));
  }
  return page(source, shown);
});

const recordOf = (item: Json): { readonly [name: string]: Json } =>
  typeof item === "object" && item !== null && !isList(item) ? item : {};

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
