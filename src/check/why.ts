import type { Note, Span } from "../diagnostic/diagnostic.ts";
import { type Axis, axisEquals, showAxis } from "../shape/dim.ts";
import { oneLine } from "../syntax/one-line.ts";
import type { Signature, Type } from "./checked.ts";
import type { Context } from "./context.ts";
import { showType } from "./types.ts";

/** What demanded the type that a place has, and where it stands in the text. */
export interface Why {
  readonly text: string;
  readonly span?: Span;
}

/** The note of a demand; none where it stands on the line of the error, in plain sight. */
export function whyNotes(c: Context, why: Why | undefined, at: Span): readonly Note[] {
  if (why === undefined) return [];
  const { text, span } = why;
  if (span === undefined) return [{ kind: "text", text }];
  const lines = c.files.get(span.file)?.text ?? "";
  const between = lines.slice(Math.min(span.start, at.start), Math.max(span.start, at.start));
  return span.file === at.file && !between.includes("\n") ? [] : [{ kind: "text", text, span }];
}

/** A parameter as its block declares it: `channels: int` of `conv`. */
export function declaredParameter(c: Context, { block, name: callee }: Signature, name: string): Why | undefined {
  const parameter = block?.parameters.find((one) => one.name.text === name);
  if (parameter === undefined) return undefined;
  const { file, start, end } = parameter.span;
  const written = oneLine(c.files.get(file)?.text.slice(start, end) ?? "");
  return { text: `\`${callee}\` declares \`${written}\``, span: parameter.span };
}

/** Every axis that disagrees of two arrays of as many axes, and every field of two records, one line each. */
export const axesThatDiffer = (got: Type, expected: Type): readonly Note[] => {
  if (got.kind === "record" && expected.kind === "record") return fieldsThatDiffer(got.fields, expected.fields);
  return got.kind === "tensor" && expected.kind === "tensor" && got.axes.length === expected.axes.length
    ? got.axes.flatMap((axis, i) => differ(i, axis, expected.axes[i]!))
    : [];
};

const fieldsThatDiffer = (got: ReadonlyMap<string, Type>, expected: ReadonlyMap<string, Type>): readonly Note[] => [
  ...[...expected].flatMap(([name, type]): readonly Note[] => {
    const given = got.get(name);
    if (given === undefined) return [{ kind: "text", text: `\`${name}\` is missing` }];
    const [is, should] = [showType(given), showType(type)];
    return is === should || given.kind === "error" || type.kind === "error"
      ? []
      : [{ kind: "text", text: `\`${name}\` is ${is}, expected ${should}` }];
  }),
  ...[...got.keys()].flatMap((name): readonly Note[] =>
    expected.has(name) ? [] : [{ kind: "text", text: `\`${name}\` is not expected` }],
  ),
];

const differ = (i: number, got: Axis, expected: Axis): readonly Note[] =>
  axisEquals(got, expected)
    ? []
    : [{ kind: "text", text: `axis ${i} is ${showAxis(got)}, expected ${showAxis(expected)}` }];
