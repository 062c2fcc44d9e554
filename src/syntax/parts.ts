import type { Expression, RecordField, TypeExpression } from "./ast.ts";

/** A type where a value may stand too: in a record. */
export const isType = (value: RecordField["value"]): value is TypeExpression => value.kind.startsWith("type_");

export const isExpression = (value: RecordField["value"]): value is Expression => !isType(value);

/** The expressions that stand directly in one, in the order of the text. Types are none of them. */
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
