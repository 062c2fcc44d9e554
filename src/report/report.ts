import * as Effect from "effect/Effect";
import type { ReportSource } from "../execute/reports.ts";
import type { Json } from "../plan/json.ts";
import { parse } from "../syntax/parse.ts";
import { Examples } from "./examples.ts";
import { page } from "./page.ts";
import { cannotShow } from "./picture.ts";
import { isPicture, pictures } from "./pictures/index.ts";
import type { Section } from "./section.ts";

/** The report as one HTML file that loads nothing. Its bytes depend on the source alone. */
export const renderReport = Effect.fnUntraced(function* (source: ReportSource) {
  const { inputs, steps } = source;
  const examples = new Examples(steps, valuesNamed(source));
  const shown: Section[] = [];
  for (const item of source.show) {
    const { picture = null, ...given } = recordOf(item);
    if (!isPicture(picture)) {
      return yield* cannotShow(
        `there is no picture \`${String(picture)}\``,
        `there are ${Object.keys(pictures).join(", ")}`,
      );
    }
    shown.push(yield* pictures[picture](given, inputs, { inputs, steps, examples }));
  }
  return yield* page(source, shown, examples.section());
});

/** Names of which the program's queries can be made. */
const valuesNamed = ({ about }: ReportSource): ReadonlySet<string> =>
  new Set(
    [...(about?.texts ?? [])].flatMap(([name, text]) =>
      parse(name, text).file.declarations.flatMap((one) => (one.kind === "let" ? [one.name.text] : [])),
    ),
  );

const recordOf = (item: Json): { readonly [name: string]: Json } =>
  typeof item === "object" && item !== null && !isList(item) ? item : {};

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
