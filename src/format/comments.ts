import type { Span } from "../diagnostic/diagnostic.ts";
import type { Comment, File } from "../syntax/ast.ts";

export interface Node {
  readonly span: Span;
}

/** The comments around one node. */
export interface Attached {
  readonly leading: Comment[];
  readonly trailing: Comment[];
  /** Inside a node that holds nothing else, or behind the brace that opens a record. */
  readonly inside: Comment[];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isSpan = (value: unknown): value is Span =>
  isObject(value) && "start" in value && "end" in value && typeof value.start === "number";
const isNode = (value: unknown): value is Node => isObject(value) && "span" in value && isSpan(value.span);

/** Which comment belongs to which node of the tree: every comment to exactly one. */
export class Comments {
  readonly #text: string;
  readonly #attached = new Map<Node, Attached>();
  readonly #children = new Map<object, readonly Node[]>();

  constructor(file: File) {
    this.#text = file.text;
    const root = {
      span: { file: file.name, start: 0, end: file.text.length },
      items: [...file.imports, ...file.declarations],
    };
    for (const comment of file.comments) this.#attach(root, comment);
    this.root = root;
  }

  /** Holds the comments of a file without declarations. */
  readonly root: Node;

  of(node: Node): Attached | undefined {
    return this.#attached.get(node);
  }

  #attach(root: Node, comment: Comment): void {
    let enclosing = root;
    for (;;) {
      const children = this.#childrenOf(enclosing);
      const index = firstFrom(children, comment.span.start);
      const before = children[index - 1];
      const after = children[index];
      if (before && before.span.end >= comment.span.end) {
        enclosing = before;
        continue;
      }
      if (isEmptyCall(enclosing) || this.#isBehindBrace(comment, enclosing)) {
        this.#entry(enclosing).inside.push(comment);
        return;
      }
      const place = this.#place(comment, before, after);
      if (place === "after" && before) this.#entry(before).trailing.push(comment);
      else if (after) this.#entry(after).leading.push(comment);
      else if (before) this.#entry(before).trailing.push(comment);
      else this.#entry(enclosing).inside.push(comment);
      return;
    }
  }

  /** A comment behind code belongs to that code, any other to what follows. Documentation always belongs to what follows. */
  #place(comment: Comment, before: Node | undefined, after: Node | undefined): "before" | "after" {
    if (before === undefined || (comment.kind === "doc" && after)) return "before";
    if (this.startsLine(comment)) return "before";
    const restOfLine = this.#text.slice(comment.span.end, comment.span.end + 200).match(/^[^\n]*/)?.[0] ?? "";
    if (comment.kind === "line") return "after";
    const behind = /^[\s,]*$/.test(this.#text.slice(before.span.end, comment.span.start));
    return behind && /^[ \t,]*\r?$/.test(restOfLine) ? "after" : "before";
  }

  /** Nothing but spaces stands before it on its line. */
  startsLine({ span }: Node): boolean {
    let i = span.start - 1;
    while (i >= 0 && (this.#text[i] === " " || this.#text[i] === "\t" || this.#text[i] === "\uFEFF")) i--;
    return i < 0 || this.#text[i] === "\n";
  }

  /** A `//` right behind the brace that opens a record, on its line. */
  #isBehindBrace({ kind, span }: Comment, node: Node): boolean {
    if (kind !== "line" || !("kind" in node) || node.kind !== "record") return false;
    return /^\{[ \t]*$/.test(this.#text.slice(node.span.start, span.start));
  }

  /** Whether a line is free between this and what stands before it. */
  blankBefore(start: number): boolean {
    let lines = 0;
    for (let i = start - 1; i >= 0; i--) {
      const character = this.#text[i]!;
      if (character === "\n") lines++;
      else if (character !== " " && character !== "\t" && character !== "\r") break;
      if (lines > 1) return true;
    }
    return false;
  }

  #entry(node: Node): Attached {
    const known = this.#attached.get(node);
    if (known) return known;
    const made: Attached = { leading: [], trailing: [], inside: [] };
    this.#attached.set(node, made);
    return made;
  }

  #childrenOf(node: object): readonly Node[] {
    const known = this.#children.get(node);
    if (known) return known;
    const found: Node[] = [];
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) for (const item of value) visit(item);
      else if (isNode(value)) found.push(value);
      else if (isObject(value) && !isSpan(value)) for (const item of Object.values(value)) visit(item);
    };
    for (const value of Object.values(node)) visit(value);
    found.sort((a, b) => a.span.start - b.span.start || b.span.end - a.span.end);
    this.#children.set(node, found);
    return found;
  }
}

/** Its brackets hold nothing but comments. */
const isEmptyCall = (node: Node): boolean =>
  "arguments" in node && Array.isArray(node.arguments) && node.arguments.length === 0;

/** Index of the first node that starts at or after the offset. */
const firstFrom = (nodes: readonly Node[], offset: number): number => {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nodes[middle]!.span.start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
};
