import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { File } from "../syntax/ast.ts";
import { parse } from "../syntax/parse.ts";
import { print } from "./doc.ts";
import { FilePrinter } from "./file.ts";

/**
 * A program in the one style, or what is wrong with its syntax. Comments and single blank lines stay; the tree does
 * not change, and formatting twice changes nothing. How lines are chosen:
 * - what fits into 100 columns stands on one line; a list or call that does not has one item a line and a last comma;
 * - a record stays open, one field a line, where its first field stood on a line of its own;
 * - a chain of pipes keeps the lines it was written in; written on one line, it stays there if it fits, else every
 *   stage gets its own;
 * - comments behind the code of neighbouring lines begin in one column;
 * - a body in braces has one statement a line; a long expression breaks behind its operators.
 */
export const format = (text: string, name: string): string | readonly Diagnostic[] => {
  const { file, diagnostics } = parse(name, text);
  if (diagnostics.some(({ severity }) => severity === "error")) return diagnostics;
  let result = pass(file);
  // A comment in an unusual place belongs to something else once it has moved: it settles in a further pass.
  for (let passes = 1; passes < 5; passes++) {
    const next = pass(parse(name, result).file);
    if (next === result) break;
    result = next;
  }
  return result;
};

const pass = (file: File): string => {
  const printed = print(new FilePrinter(file).file()).trim();
  return printed === "" ? "" : `${printed}\n`;
};
