/**
 * A text whose line breaks are not chosen yet (Wadler, "A prettier printer", 2003): a group is printed on one line where
 * it fits, else all its own lines break.
 */
export type Doc =
  | string
  | { readonly kind: "concat"; readonly parts: readonly Doc[]; readonly forced: boolean }
  | { readonly kind: "indent"; readonly by: number; readonly doc: Doc; readonly forced: boolean }
  | { readonly kind: "group"; readonly doc: Doc; readonly forced: boolean }
  /** A break, or `flat` where its group fits. `forced` breaks every group around it; `blank` leaves a line free,
   * `fresh` is nothing where a line has just begun. */
  | {
      readonly kind: "line";
      readonly flat: string;
      readonly forced: boolean;
      readonly blank: boolean;
      readonly fresh?: true;
    }
  /** A comment behind the code: printed at the end of the line, or with `below` on lines of its own after it. */
  | { readonly kind: "suffix"; readonly text: string; readonly below: "" | "line" | "blank"; readonly forced: true }
  | { readonly kind: "choice"; readonly broken: string; readonly flat: string; readonly forced: false };

const isForced = (doc: Doc): boolean => typeof doc !== "string" && doc.forced;

export const concat = (...parts: readonly Doc[]): Doc => ({ kind: "concat", parts, forced: parts.some(isForced) });
export const indent = (doc: Doc, by = 2): Doc => ({ kind: "indent", by, doc, forced: isForced(doc) });
export const group = (doc: Doc): Doc => ({ kind: "group", doc, forced: isForced(doc) });
/** A space or a break. */
export const line: Doc = { kind: "line", flat: " ", forced: false, blank: false };
/** Nothing or a break. */
export const softLine: Doc = { kind: "line", flat: "", forced: false, blank: false };
export const hardLine: Doc = { kind: "line", flat: "", forced: true, blank: false };
export const blankLine: Doc = { kind: "line", flat: "", forced: true, blank: true };
export const freshLine: Doc = { kind: "line", flat: "", forced: true, blank: false, fresh: true };
export const suffix = (text: string, below: "" | "line" | "blank" = ""): Doc => ({
  kind: "suffix",
  text,
  below,
  forced: true,
});
/** One text where the group around it breaks, another where it does not. */
export const choice = (broken: string, flat: string): Doc => ({ kind: "choice", broken, flat, forced: false });

export const join = (docs: readonly Doc[], separator: Doc): Doc =>
  concat(...docs.flatMap((doc, i) => (i === 0 ? [doc] : [separator, doc])));

/** How long it is on one line, comments behind the code not counted; Infinity where it cannot be one line. */
export const flatWidth = (doc: Doc): number => {
  let width = 0;
  const stack: Doc[] = [doc];
  while (stack.length > 0) {
    const next = stack.pop()!;
    if (typeof next === "string") width += widthOf(next);
    else if (next.kind === "concat") for (const part of next.parts) stack.push(part);
    else if (next.kind === "indent" || next.kind === "group") stack.push(next.doc);
    else if (next.kind === "line" && next.forced) return Number.POSITIVE_INFINITY;
    else if (next.kind === "line" || next.kind === "choice") width += next.flat.length;
  }
  return width;
};

interface Frame {
  readonly doc: Doc;
  readonly indent: number;
  readonly flat: boolean;
}

/** Lines are at most so long where they can be broken; comments and strings never are. */
export const columns = 100;

interface Line {
  text: string;
  readonly comments: string[];
  /** Lines after it, with its indentation. */
  readonly below: string[];
}

/** Prints within the width where it can. Comments behind the code of lines that follow each other begin in one column. */
export const print = (doc: Doc): string => {
  const lines: Line[] = [{ text: "", comments: [], below: [] }];
  let current = lines[0]!;
  const stack: Frame[] = [{ doc, indent: 0, flat: false }];
  while (stack.length > 0) {
    const frame = stack.pop()!;
    const { doc: next, flat } = frame;
    if (typeof next === "string") {
      current.text += next;
      continue;
    }
    switch (next.kind) {
      case "concat":
        for (let i = next.parts.length - 1; i >= 0; i--) stack.push({ ...frame, doc: next.parts[i]! });
        break;
      case "indent":
        stack.push({ doc: next.doc, indent: frame.indent + next.by, flat });
        break;
      case "group": {
        const oneLine = !next.forced && (flat || fits(next.doc, columns - widthOf(current.text), stack));
        stack.push({ ...frame, doc: next.doc, flat: oneLine });
        break;
      }
      case "line":
        if (flat && !next.forced) current.text += next.flat;
        else if (!next.fresh || current.text.trim() !== "" || current.comments.length > 0 || current.below.length > 0) {
          if (next.blank) lines.push({ text: "", comments: [], below: [] });
          current = { text: " ".repeat(frame.indent), comments: [], below: [] };
          lines.push(current);
        }
        break;
      case "suffix":
        // Nothing can follow a line comment on its line.
        if (next.below === "" && current.below.length === 0 && !current.comments.at(-1)?.startsWith("//")) {
          current.comments.push(next.text);
        } else {
          if (next.below === "blank") current.below.push("");
          current.below.push(next.text);
        }
        break;
      case "choice":
        current.text += flat ? next.flat : next.broken;
    }
  }
  return align(lines).join("\n");
};

const align = (lines: readonly Line[]): string[] => {
  const starts: number[] = [];
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (end < lines.length && lines[end]!.comments.length > 0 && (end === i || lines[end - 1]!.below.length === 0))
      end++;
    let column = 0;
    for (const { text } of lines.slice(i, end)) column = Math.max(column, widthOf(text.trimEnd()) + 1);
    if (end === i) i++;
    for (; i < end; i++) starts[i] = column;
  }
  return lines.flatMap(({ text, comments, below }, i) => {
    const code = text.trimEnd();
    const indentation = /^ */.exec(text)![0];
    return [
      comments.length === 0 ? code : code.padEnd(starts[i]!) + comments.join(" "),
      ...below.map((comment) => (comment === "" ? "" : indentation + comment)),
    ];
  });
};

const widthOf = (text: string): number => text.length;

/** Whether the doc, on one line, and what follows it up to the next break fit. */
const fits = (doc: Doc, room: number, rest: readonly Frame[]): boolean => {
  let left = room;
  let below = rest.length;
  const stack: Frame[] = [{ doc, indent: 0, flat: true }];
  while (left >= 0) {
    const frame = stack.pop() ?? rest[--below];
    if (frame === undefined) return true;
    const { doc: next, flat } = frame;
    if (typeof next === "string") left -= widthOf(next);
    else if (next.kind === "concat")
      for (let i = next.parts.length - 1; i >= 0; i--) stack.push({ ...frame, doc: next.parts[i]! });
    else if (next.kind === "indent") stack.push({ ...frame, doc: next.doc });
    else if (next.kind === "group") stack.push({ ...frame, doc: next.doc, flat: flat && !next.forced });
    else if (next.kind === "line") {
      if (!flat || next.forced) return true;
      left -= next.flat.length;
    } else if (next.kind === "choice") left -= (flat ? next.flat : next.broken).length;
  }
  return false;
};
