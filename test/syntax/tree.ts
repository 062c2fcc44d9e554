import type { File } from "../../src/syntax/ast.ts";

/** A tree as plain data without places, texts and comments: what a program means. */
export const withoutPlaces = (file: File): unknown => {
  const { doc, imports, declarations } = file;
  return JSON.parse(
    JSON.stringify({ doc, imports, declarations }, (key, value) =>
      key === "span" || key === "operatorSpan" ? undefined : value,
    ),
  );
};
