import * as Effect from "effect/Effect";
import type { Dataset } from "../../data/dataset.ts";
import type { Described } from "../../data/describe.ts";
import type { Shown } from "../../execute/reports.ts";
import type { Page } from "../picture.ts";

/** What an influence's model took each of its test examples for, by index in the source: where the report reads an evaluation of it on the same data. */
export const said = Effect.fnUntraced(function* (influence: Shown, test: Dataset, { inputs, steps }: Page) {
  for (const { step, arrays } of inputs) {
    if (step.body.kind !== "evaluate" || step.inputs[0] !== influence.step.inputs[0]) continue;
    const on = steps.find((other) => other.step.id === step.inputs[1])?.described;
    if (on === undefined || !sameExamples(on, test)) continue;
    const { predicted } = yield* arrays("examples");
    if (predicted === undefined) continue;
    const at = new Map(Array.from(on.index, (example, position) => [example, position]));
    return (index: number): string | undefined => {
      const position = at.get(index);
      return position === undefined ? undefined : `taken for ${predicted.data[position]}`;
    };
  }
  return undefined;
});

/** Views of one source whose fields are the same. */
const sameExamples = (on: Described, { source, columns }: Dataset): boolean =>
  on.source === source && [...columns].every(([name, { hash }]) => on.fields[name] === hash);
