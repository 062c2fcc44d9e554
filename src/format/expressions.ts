import type { Span } from "../diagnostic/diagnostic.ts";
import type * as Ast from "../syntax/ast.ts";
import { precedence } from "../syntax/operators.ts";
import { isType } from "../syntax/parts.ts";
import { Comments, type Node } from "./comments.ts";
import {
  blankLine,
  choice,
  concat,
  type Doc,
  freshLine,
  group,
  hardLine,
  indent,
  join,
  line,
  softLine,
  suffix,
} from "./doc.ts";

/** Expressions and types → docs. Every node goes through `around`, which prints its comments. */
export class ExpressionPrinter {
  protected readonly source: Ast.File;
  protected readonly comments: Comments;

  constructor(file: Ast.File) {
    this.source = file;
    this.comments = new Comments(file);
  }

  /** Literals stay as they were written. */
  protected slice({ start, end }: Span): string {
    return this.source.text.slice(start, end);
  }

  /** A node between its comments. */
  protected around(node: Node, doc: Doc): Doc {
    return concat(this.leading(node), doc, this.trailing(node));
  }

  protected leading(node: Node): Doc {
    const { leading } = this.comments.of(node) ?? { leading: [] };
    return concat(
      ...leading.map((comment, i) => {
        const next = leading[i + 1]?.span.start ?? node.span.start;
        const sameLine = comment.kind === "block" && !this.slice({ ...comment.span, end: next }).includes("\n");
        const start = this.comments.startsLine(comment) || comment.kind !== "block" ? freshLine : "";
        // Documentation parted by a sign stays two texts.
        const between = this.slice({ ...comment.span, start: comment.span.end, end: next });
        const parted = i + 1 < leading.length && between.trim() !== "";
        const end = sameLine ? " " : parted || this.comments.blankBefore(next) ? blankLine : hardLine;
        return concat(start, this.comment(comment), end);
      }),
    );
  }

  protected trailing(node: Node): Doc {
    const { trailing } = this.comments.of(node) ?? { trailing: [] };
    return concat(
      ...trailing.map((comment) => {
        if (comment.kind === "block" && !this.comments.startsLine(comment)) return ` ${this.comment(comment)}`;
        const below = !this.comments.startsLine(comment)
          ? ""
          : this.comments.blankBefore(comment.span.start)
            ? "blank"
            : "line";
        return suffix(this.comment(comment), below);
      }),
    );
  }

  /** The comments of a node that holds nothing else. */
  protected inside(node: Node): Doc {
    const { inside } = this.comments.of(node) ?? { inside: [] };
    return concat(
      ...inside.map((comment, i) => {
        const separator = i === 0 ? "" : this.comments.blankBefore(comment.span.start) ? blankLine : hardLine;
        return concat(separator, this.comment(comment));
      }),
    );
  }

  /** A line comment ends its line, whatever follows. */
  private comment({ span, kind }: Ast.Comment): string {
    const text = this.slice(span).trimEnd();
    return kind === "block" ? text.replaceAll("\r\n", "\n") : text;
  }

  protected startsWithComment(node: Node): boolean {
    return (this.comments.of(node)?.leading.length ?? 0) > 0;
  }

  /** Items on lines of their own; single blank lines between them stay. */
  protected lines<N extends Node>(items: readonly N[], print: (item: N) => Doc): Doc {
    return concat(
      ...items.map((item, i) => {
        const start = this.comments.of(item)?.leading[0]?.span.start ?? item.span.start;
        const separator = i === 0 ? "" : this.comments.blankBefore(start) ? blankLine : hardLine;
        return concat(separator, this.around(item, print(item)));
      }),
    );
  }

  /** Items on one line, or each on its own with a comma behind the last. */
  protected enclosed(open: string, items: readonly Doc[], close: string, space = ""): Doc {
    const edge: Doc = space === "" ? softLine : line;
    return group(concat(open, indent(concat(edge, join(items, concat(",", line)))), choice(",", ""), edge, close));
  }

  protected name(node: Ast.Name): Doc {
    return this.around(node, node.text);
  }

  /** `own` is false where the caller prints the comments. */
  protected expression(node: Ast.Expression, own = true): Doc {
    const doc = this.bare(node);
    return own ? this.around(node, doc) : doc;
  }

  private bare(node: Ast.Expression): Doc {
    switch (node.kind) {
      case "int":
      case "float":
      case "size":
      case "string":
      case "bool":
      case "missing":
        return this.slice(node.span);
      case "name":
        return node.text;
      case "type":
        return this.type(node.type);
      case "list":
        return node.items.length === 0
          ? this.empty(node, "[", "]")
          : this.enclosed(
              "[",
              node.items.map((item) => this.expression(item)),
              "]",
            );
      case "record":
        return this.record(node);
      case "group":
        return group(concat("(", indent(concat(softLine, this.expression(node.inner))), softLine, ")"));
      case "unary":
        return concat(node.operator === "not" ? "not " : "-", this.expression(node.operand));
      case "binary":
        return this.binary(node);
      case "pipe":
        return this.pipe(node);
      case "call":
        return this.call(node);
      case "field":
        return concat(this.expression(node.target), isNumber(node.target) ? " ." : ".", this.name(node.name));
      case "index":
        return concat(
          this.expression(node.target),
          group(concat("[", indent(concat(softLine, this.expression(node.index))), softLine, "]")),
        );
      case "as":
        return concat(this.expression(node.value), " as ", this.type(node.type));
    }
  }

  private empty(node: Node, open: string, close: string): Doc {
    const held = this.comments.of(node)?.inside ?? [];
    if (held.length === 0) return `${open}${close}`;
    return concat(open, indent(concat(hardLine, this.inside(node))), hardLine, close);
  }

  private record(node: Ast.RecordExpression): Doc {
    if (node.fields.length === 0) return this.empty(node, "{", "}");
    const print = (field: Ast.RecordField) =>
      concat(this.name(field.name), ": ", this.behind(field.value, this.value(field.value)));
    if (this.isOpen(node)) {
      const behind = this.comments.of(node)?.inside ?? [];
      return concat(
        "{",
        ...behind.map((comment) => suffix(this.comment(comment))),
        indent(concat(hardLine, this.lines(node.fields, print))),
        hardLine,
        "}",
      );
    }
    const items = node.fields.map((field) => this.around(field, print(field)));
    return group(concat("{", indent(concat(line, join(items, concat(choice("", ","), line)))), line, "}"));
  }

  /** Written with its first field on a line of its own. */
  private isOpen(node: Ast.RecordExpression): boolean {
    const first = node.fields[0]!;
    const start = this.comments.of(first)?.leading[0]?.span.start ?? first.span.start;
    return this.slice({ ...node.span, end: start }).includes("\n");
  }

  private value(value: Ast.RecordField["value"]): Doc {
    return isType(value) ? this.type(value) : this.expression(value);
  }

  /** A chain of operators of one strength breaks behind each of them, or nowhere. */
  private binary(node: Ast.Expression & { kind: "binary" }): Doc {
    const level = precedence[node.operator];
    const parts: Doc[] = [];
    let left: Ast.Expression = node;
    let inner: Doc = "";
    while (left.kind === "binary" && precedence[left.operator] === level) {
      parts.unshift(concat(` ${left.operator}`, line, this.expression(left.right), inner));
      left = left.left;
      inner = left.kind === "binary" && precedence[left.operator] === level ? this.trailing(left) : "";
    }
    return group(concat(this.expression(left), indent(concat(...parts))));
  }

  private stagesOf(node: Ast.Pipe): { input: Ast.Expression; pipes: readonly Ast.Pipe[] } {
    const pipes: Ast.Pipe[] = [];
    let input: Ast.Expression = node;
    for (; input.kind === "pipe"; input = input.input) pipes.push(input);
    return { input, pipes: pipes.reverse() };
  }

  /** Written over several lines. */
  protected isBrokenPipe(node: Ast.Expression): boolean {
    if (node.kind !== "pipe") return false;
    const { pipes } = this.stagesOf(node);
    return pipes.some((pipe) => this.startsNewLine(pipe));
  }

  /** A line break stands between the stage before and this `|>`. */
  private startsNewLine({ input, stage }: Ast.Pipe): boolean {
    return this.slice({ ...input.span, start: input.span.end, end: stage.span.start }).includes("\n");
  }

  private pipe(node: Ast.Pipe): Doc {
    const { input, pipes } = this.stagesOf(node);
    // What follows a row is behind it: a comment there does not break it.
    const rows: { parts: Doc[]; after: Doc }[] = [{ parts: [this.expression(input)], after: "" }];
    for (const pipe of pipes) {
      const stage = concat(this.leading(pipe.stage), "|> ", this.expression(pipe.stage, false));
      const after = concat(this.trailing(pipe.stage), pipe === node ? "" : this.trailing(pipe));
      const row = rows.at(-1)!;
      if (this.startsNewLine(pipe)) rows.push({ parts: [stage], after });
      else {
        row.parts.push(concat(row.after, stage));
        row.after = after;
      }
    }
    return join(
      rows.map(({ parts, after }) => concat(group(join(parts, line)), after)),
      hardLine,
    );
  }

  /** Stays on the line of what stands before it, and breaks inside its brackets. */
  protected hugs(node: { readonly kind: string }): boolean {
    return (
      node.kind === "call" ||
      node.kind === "record" ||
      node.kind === "list" ||
      node.kind === "group" ||
      node.kind === "index"
    );
  }

  /** What stands behind a name: its brackets indent it, or its further lines do. */
  private behind(node: { readonly kind: string }, text: Doc): Doc {
    return this.hugs(node) ? text : indent(text);
  }

  private call(node: Ast.Call): Doc {
    const callee = this.expression(node.callee);
    if (node.arguments.length === 0) return concat(callee, this.empty(node, "(", ")"));
    const items = node.arguments.map((argument) =>
      this.around(
        argument,
        concat(
          argument.name ? concat(this.name(argument.name), ": ") : "",
          this.behind(argument.value, this.expression(argument.value)),
        ),
      ),
    );
    const last = node.arguments.at(-1)!;
    const first = items.slice(0, -1);
    const held = last.value.kind === "record" || last.value.kind === "list";
    const plain = !node.arguments.some((argument) => this.comments.of(argument) || this.comments.of(argument.value));
    if (held && plain && first.every((item) => typeof item === "string" || !item.forced) && isForced(items.at(-1)!)) {
      const label = last.name ? concat(this.name(last.name), ": ") : "";
      return concat(callee, "(", ...first.flatMap((item) => [item, ", "]), label, this.expression(last.value), ")");
    }
    return concat(callee, this.enclosed("(", items, ")"));
  }

  protected type(node: Ast.TypeExpression): Doc {
    return this.around(node, this.bareType(node));
  }

  private bareType(node: Ast.TypeExpression): Doc {
    switch (node.kind) {
      case "type_name":
        return node.name;
      case "type_tensor":
        return concat(
          node.dtype,
          node.dims.length === 0
            ? this.empty(node, "[", "]")
            : this.enclosed(
                "[",
                node.dims.map((dim) => this.dim(dim)),
                "]",
              ),
        );
      case "type_class":
        return group(concat("class[", indent(concat(softLine, this.dim(node.classes))), softLine, "]"));
      case "type_record": {
        if (node.fields.length === 0) return this.empty(node, "{", "}");
        const items = node.fields.map((field) => concat(this.name(field.name), ": ", this.type(field.type)));
        return group(concat("{", indent(concat(line, join(items, concat(choice("", ","), line)))), line, "}"));
      }
      case "type_missing":
        return this.slice(node.span);
    }
  }

  private dim(node: Ast.DimExpression): Doc {
    return this.around(node, this.bareDim(node));
  }

  private bareDim(node: Ast.DimExpression): Doc {
    switch (node.kind) {
      case "dim_int":
      case "dim_missing":
        return this.slice(node.span);
      case "dim_name":
        return node.name;
      case "dim_spread":
        return `...${node.name}`;
      case "dim_field":
        return `${node.parameter}.${node.field}`;
      case "dim_call":
        if (node.arguments.length === 0) return concat(node.name, this.empty(node, "(", ")"));
        return concat(
          node.name,
          this.enclosed(
            "(",
            node.arguments.map((dim) => this.dim(dim)),
            ")",
          ),
        );
      case "dim_binary": {
        const level = precedence[node.operator];
        const operand = (dim: Ast.DimExpression, least: number) =>
          dim.kind === "dim_binary" && precedence[dim.operator] < least
            ? concat("(", this.dim(dim), ")")
            : this.dim(dim);
        return concat(operand(node.left, level), ` ${node.operator} `, operand(node.right, level + 1));
      }
    }
  }
}

/** A dot right behind a number would be its own. */
const isNumber = ({ kind }: Ast.Expression): boolean => kind === "int" || kind === "float" || kind === "size";

const isForced = (doc: Doc): boolean => typeof doc !== "string" && doc.forced;
