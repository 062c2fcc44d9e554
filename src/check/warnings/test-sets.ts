import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import type { Expression, Let } from "../../syntax/ast.ts";
import type { Checked } from "../checked.ts";
import { problems } from "../problems.ts";

/** A step that trains on the part of a source that is kept for tests, or stops by it: what is measured on it then says nothing. */
export function testSets(checked: Checked): readonly Diagnostic[] {
  return [...checked.steps].flatMap(([step, fields]) => {
    if (step.step !== "train" && step.step !== "sweep") return [];
    // What a derived step inherits was told of its base.
    const own = new Set(step.record.fields.map(({ name }) => name.text));
    const [data, validate, stop] = ["data", "validate", "early_stop"].map((name) => fields.get(name));
    const trained = data !== undefined && own.has("data") ? testIn(checked, data, new Set()) : undefined;
    const stops = validate !== undefined && stop !== undefined && own.has("validate");
    const watched = stops ? testIn(checked, validate, new Set()) : undefined;
    return [
      ...tell(data, trained, `\`${step.name.text}\` trains on the test set`, TRAINS),
      ...tell(validate, watched, `\`${step.name.text}\` stops by the test set`, STOPS),
    ];
  });
}

const TRAINS = "train on its `.train`; what is measured on examples that were trained on says little about others";
const STOPS = "stop by a part of the training data: `digits.train |> split(at: 0.9)` gives .first and .rest";

/** At the test part where it stands in the step's field, else at the field. */
function tell(field: Expression | undefined, test: Expression | undefined, message: string, help: string) {
  if (field === undefined || test === undefined) return [];
  const { file, start, end } = field.span;
  const inside = test.span.file === file && test.span.start >= start && test.span.end <= end;
  const notes = inside ? [] : [{ kind: "text" as const, text: "here it comes in", span: test.span }];
  return [problems.testSet(inside ? test.span : field.span, message, { label: "kept for testing", notes, help })];
}

/** The place in a query where a source's test part flows in: `digits.test`, of a record that has a `train` too. */
function testIn(checked: Checked, e: Expression, seen: Set<Let>): Expression | undefined {
  switch (e.kind) {
    case "group":
      return testIn(checked, e.inner, seen);
    case "pipe":
    case "call": {
      const given = checked.calls.get(e)?.arguments;
      const name = e.kind === "call" ? e.callee : e.stage.kind === "call" ? e.stage.callee : e.stage;
      const joins = name.kind === "name" && name.text === "union" ? given?.get("set") : undefined;
      const from = given?.get("data") ?? (e.kind === "pipe" ? e.input : undefined);
      return (
        (from === undefined ? undefined : testIn(checked, from, seen)) ??
        (joins === undefined ? undefined : testIn(checked, joins, seen))
      );
    }
    case "field": {
      const type = checked.types.get(e.target);
      if (type?.kind !== "record") return undefined;
      if (type.fields.has("train") && type.fields.has("test")) return e.name.text === "test" ? e : undefined;
      return testIn(checked, e.target, seen);
    }
    case "name": {
      const binding = checked.bindings.get(e);
      const of = binding?.kind === "declaration" ? binding.declaration : undefined;
      return of?.kind === "let" && !seen.has(of) ? testIn(checked, of.value, seen.add(of)) : undefined;
    }
    default:
      return undefined;
  }
}
