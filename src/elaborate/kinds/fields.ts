import type { Checked } from "../../check/checked.ts";
import type { Expression } from "../../syntax/ast.ts";
import { isExpression } from "../expression.ts";

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

/** The expressions that stand directly in one. */
export const parts = (e: Expression): readonly Expression[] => {
  switch (e.kind) {
    case "int":
    case "float":
    case "size":
    case "string":
    case "bool":
    case "name":
    case "type":
    case "missing":
      return [];
    case "list":
      return e.items;
    case "record":
      return e.fields.map(({ value }) => value).filter(isExpression);
    case "group":
      return [e.inner];
    case "unary":
      return [e.operand];
    case "binary":
      return [e.left, e.right];
    case "pipe":
      return [e.input, e.stage];
    case "call":
      return [e.callee, ...e.arguments.map(({ value }) => value)];
    case "field":
      return [e.target];
    case "index":
      return [e.target, e.index];
    case "as":
      return [e.value];
  }
};
