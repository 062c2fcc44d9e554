import type { Expression } from "../../syntax/ast.ts";
import type { Type } from "../checked.ts";
import type { Context } from "../context.ts";
import { factsOf } from "../steps.ts";
import { opaque, step } from "../want.ts";
import { field, figures, type Kind } from "./kind.ts";

const float: Type = { kind: "float" };
const int: Type = { kind: "int" };

export const validate: Kind = {
  fields: [
    field("influence", step("influence"), "The scores that are put to the test."),
    field("by", opaque("validation"), "leave_one_out, subset_retraining, mislabel_detection or removal_curve."),
  ],
  figures: (c, of) => {
    const by = factsOf(c, of).given?.get("by");
    const way = by === undefined ? undefined : wayOf(c, by);
    return way === undefined ? undefined : figures(way === "mislabel_detection" ? detecting : retraining);
  },
  check: () => {},
};

const retraining = {
  pearson: float,
  spearman: float,
  slope: float,
  drift: float,
  retrained: int,
  unconverged: int,
  points: { kind: "opaque", name: "scores" },
} as const satisfies Readonly<Record<string, Type>>;

const detecting = { auc: float, found: float, changed: int, count: int } as const;

/** The name of the way to validate, through a `let`. */
function wayOf(c: Context, by: Expression): string | undefined {
  const callee = by.kind === "call" ? by.callee : by;
  if (callee.kind !== "name") return undefined;
  const binding = c.bindings.get(callee);
  if (binding?.kind === "declaration" && binding.declaration.kind === "let") return wayOf(c, binding.declaration.value);
  return binding?.kind === "builtin" ? binding.name : undefined;
}
