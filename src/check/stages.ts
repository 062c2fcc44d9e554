import type { Note } from "../diagnostic/diagnostic.ts";
import type { Block, Expression, Pipe } from "../syntax/ast.ts";
import { oneLine } from "../syntax/one-line.ts";
import type { Checked, Type } from "./checked.ts";
import { showType } from "./types.ts";

/** A row of `mtt shapes`: what a stage is called and what comes out of it. */
export interface Stage {
  readonly stage: string;
  readonly shape: string;
}

type Types = { readonly types: ReadonlyMap<Expression, Type>; readonly files: Checked["files"] };

/** The pipeline that ends in `e`: its input first, one row a stage. Empty where `e` is no pipeline. */
function rowsOf(c: Types, e: Expression): readonly (Stage & { readonly line: number })[] {
  const pipes: Pipe[] = [];
  let input: Expression = e;
  for (; ; input = input.kind === "pipe" ? input.input : input.kind === "group" ? input.inner : input) {
    if (input.kind === "pipe") pipes.unshift(input);
    else if (input.kind !== "group") break;
  }
  const text = c.files.get(e.span.file)?.text ?? "";
  const line = lines(text);
  const row = (of: Expression, name: string, at: number) => {
    const type = c.types.get(of);
    return type === undefined || type.kind === "error" ? [] : [{ stage: name, shape: showType(type), line: line(at) }];
  };
  if (pipes.length === 0) return [];
  return [
    ...row(input, shorten(text.slice(input.span.start, input.span.end)), input.span.start),
    ...pipes.flatMap((pipe) => row(pipe, stageName(pipe.stage), pipe.stage.span.start)),
  ];
}

/** Stages before `upTo` (or all of the pipeline): those of one line together, with the shape after the line. */
export function stageNotes(c: Types, e: Expression): readonly Note[] {
  const notes: { stage: string; shape: string; line: number }[] = [];
  for (const [i, { stage, shape, line }] of rowsOf(c, e).entries()) {
    const last = notes.at(-1);
    if (i > 1 && last !== undefined && last.line === line && notes.length > 1) {
      last.stage += `, ${stage}`;
      last.shape = shape;
    } else notes.push({ stage, shape, line });
  }
  return notes.map(({ stage, shape }) => ({ kind: "stage", stage, shape }));
}

/** Every stage of a network's pipeline with the shape after it; of a body that is no pipeline, its result alone. */
export function stages(checked: Checked, network: Block): readonly Stage[] {
  const rows = rowsOf(checked, network.body);
  if (rows.length > 0) return rows.map(({ stage, shape }) => ({ stage, shape }));
  const type = checked.types.get(network.body);
  return type === undefined ? [] : [{ stage: network.name.text, shape: showType(type) }];
}

const stageName = (stage: Expression): string => {
  switch (stage.kind) {
    case "name":
      return stage.text;
    case "field":
      return stage.name.text;
    case "call":
      return stageName(stage.callee);
    default:
      return "stage";
  }
};

/** On one line, at most 40 characters. */
export const shorten = (text: string): string => {
  const line = oneLine(text);
  return line.length > 40 ? `${line.slice(0, 37)}...` : line;
};

/** The line of an offset, by binary search over the text's line starts. */
function lines(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  };
}
