import { readFileSync } from "node:fs";
import { join } from "node:path";
import { kinds } from "../../src/check/kinds/index.ts";
import { describeWant } from "../../src/check/types.ts";
import { code, table } from "./markdown.ts";

/** The pages that hold tables of steps' fields. */
export const stepsPage = "language/steps.md";

/** What is shown between `<!-- fields of train -->` and `<!-- end -->`. */
const fieldsOf = (kind: (typeof kinds)[keyof typeof kinds]): string =>
  table(
    ["field", "takes", "default", "meaning"],
    kind.fields.map(({ name, want, default: value, doc }) => [
      code(name),
      describeWant(want),
      value === undefined ? "needed" : value,
      doc,
    ]),
  );

/** The page of steps as it stands, with the tables of fields as the checker has them. */
export const languageReference = (docs: string): string =>
  readFileSync(join(docs, stepsPage), "utf8").replaceAll(
    /^<!-- fields of (\w+) -->\n(?:.*\n)*?<!-- end -->$/gm,
    (_, name: string) => {
      const kind = Object.entries(kinds).find(([known]) => known === name)?.[1];
      if (kind === undefined) throw new Error(`${stepsPage}: there is no kind of step \`${name}\``);
      return `<!-- fields of ${name} -->\n${fieldsOf(kind)}\n<!-- end -->`;
    },
  );
