import { codes } from "../diagnostic/codes.ts";
import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import type { Block, Comment, Declaration, File, Step } from "../syntax/ast.ts";
import type { Checked } from "./checked.ts";
import { isLibrary } from "./modules.ts";
import { problems } from "./problems.ts";

/** A code of a comment `// mtt: allow MTT2015, MTT3101: why`, and the part of the text that it is for. */
interface Allow {
  readonly code: string;
  readonly span: Span;
  readonly part: Part | undefined;
}

/**
 * Leaves out warnings that a comment allows: `// mtt: allow MTT2015` behind the code of a line, or above it. What it is for is a part of the tree, so that
 * formatting, which may join a part's lines or break them, changes nothing. Where `complete` (all that may be warned of is among the diagnostics), what
 * a comment allows in vain is warned of.
 */
export function withoutAllowed(
  diagnostics: readonly Diagnostic[],
  { files }: Checked,
  complete: boolean,
): readonly Diagnostic[] {
  const allows = [...files.values()].filter(({ name }) => !isLibrary(name)).flatMap(allowsOf);
  if (allows.length === 0) return diagnostics;
  const used = new Set<Allow>();
  const kept = diagnostics.filter(({ code, severity, span }) => {
    const allow = allows.find((one) => one.code === code && one.span.file === span.file && holds(one.part, span.start));
    if (allow === undefined || severity === "error") return true;
    used.add(allow);
    return false;
  });
  if (!complete) return kept;
  return [...kept, ...allows.filter((allow) => !used.has(allow)).map((allow) => idle(allow))];
}

const pattern = /^\/\/\s*mtt:\s*allow\b/;

function allowsOf(file: File): readonly Allow[] {
  const asked = file.comments.filter(({ kind, text }) => kind === "line" && pattern.test(text));
  if (asked.length === 0) return [];
  const parts = partsOf(file);
  const code = withoutComments(file);
  return asked.flatMap((comment) => {
    const { text, span } = comment;
    const head = pattern.exec(text)![0];
    const part = partFor(comment, parts, file, code);
    const at = (start: number, of: string): Allow => ({
      code: of,
      span: { file: file.name, start: span.start + start, end: span.start + start + Math.max(of.length, 1) },
      part,
    });
    const written = [...text.slice(head.length).matchAll(/\bMTT\w+/g)];
    return written.length === 0 ? [at(0, "")] : written.map(({ 0: of, index }) => at(head.length + index, of));
  });
}

/** What stands on lines of its own in a formatted program: its offsets. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** It holds parts itself: a comment behind its end is for all of it, one inside for the part there. */
  readonly whole?: true;
}

const holds = (part: Part | undefined, offset: number): boolean =>
  part !== undefined && part.start <= offset && offset < part.end;

const partsOf = ({ imports, declarations }: File): readonly Part[] => [
  ...imports.map(({ span }) => span),
  ...declarations.flatMap(partsOfDeclaration),
];

const partsOfDeclaration = (declaration: Declaration): readonly Part[] => {
  switch (declaration.kind) {
    case "step":
      return [...headed(declaration, declaration.record.span.start), ...declaration.record.fields.map(spanOf)];
    case "block":
    case "network": {
      const { parameters, form, statements, body, result, span } = declaration;
      if (form === "expression") return [span, ...parameters.map(spanOf)];
      return [...headed(declaration, result.span.end), ...[...parameters, ...statements, body].map(spanOf)];
    }
    default:
      return [declaration.span];
  }
};

const spanOf = ({ span }: { readonly span: Span }): Span => span;

const headed = ({ span: { start, end } }: Step | Block, head: number): readonly Part[] => [
  { start, end: head },
  { start, end, whole: true },
];

/** Behind code: the largest part that ends there. On a line of its own: the smallest that begins below. Else, for both, the smallest that it stands in. */
function partFor(
  { span: { start, end } }: Comment,
  parts: readonly Part[],
  { text }: File,
  code: string,
): Part | undefined {
  const alone = text.slice(text.lastIndexOf("\n", start) + 1, start).trim() === "";
  // Between the code beside it and the comment stands nothing: from here to there.
  let [from, to] = [start, end];
  if (alone) while (to < code.length && /\s/.test(code[to]!)) to++;
  else while (from > 0 && /[\s,{]/.test(code[from - 1]!)) from--;
  let beside: Part | undefined;
  let around: Part | undefined;
  for (const part of parts) {
    const fits = alone ? !part.whole && part.start >= end && part.start <= to : part.end <= start && part.end >= from;
    if (fits && (beside === undefined || size(part) < size(beside) === alone)) beside = part;
    const holding = !part.whole && part.start < start && end <= part.end;
    if (holding && (around === undefined || size(part) < size(around))) around = part;
  }
  return beside ?? around;
}

const size = ({ start, end }: Part): number => end - start;

/** The text with spaces in the place of comments. */
const withoutComments = ({ text, comments }: File): string => {
  let [code, at] = ["", 0];
  for (const { span } of comments) {
    code += text.slice(at, span.start) + text.slice(span.start, span.end).replaceAll(/[^\n]/g, " ");
    at = span.end;
  }
  return code + text.slice(at);
};

function idle({ code, span }: Allow): Diagnostic {
  const known = Object.keys(codes).includes(code);
  const message = known ? `nothing here says ${code}` : `there is no warning ${code}`;
  return problems.idleAllow(span, code === "" ? "an `allow` names the code of a warning" : message, {
    label: "allowed in vain",
    help: known ? "remove it; errors cannot be allowed" : "write the code of a warning, such as MTT2015",
  });
}
