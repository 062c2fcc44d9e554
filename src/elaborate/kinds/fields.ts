import type { Checked } from "../../check/checked.ts";
import type { Expression } from "../../syntax/ast.ts";
import { parts } from "../../syntax/parts.ts";

/** The fields of the example that an expression reads. */
export const fieldNames = (e: Expression, checked: Checked): ReadonlySet<string> => {
  const names = new Set<string>();
  const visit = (at: Expression): void => {
    const binding = at.kind === "name" ? checked.bindings.get(at) : undefined;
    if (binding?.kind === "field") names.add(binding.name);
    for (const part of parts(at)) visit(part);
  };
  visit(e);
  return names;
};
