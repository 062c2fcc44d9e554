import type * as Ast from "../syntax/ast.ts";
import { columns, concat, type Doc, flatWidth, group, hardLine, indent, line } from "./doc.ts";
import { ExpressionPrinter } from "./expressions.ts";

/** Files, declarations and statements → docs. */
export class FilePrinter extends ExpressionPrinter {
  file(): Doc {
    const items = [...this.source.imports, ...this.source.declarations].sort((a, b) => a.span.start - b.span.start);
    if (items.length === 0) return this.inside(this.comments.root);
    return this.lines(items, (item) => (item.kind === "import" ? this.import(item) : this.declaration(item)));
  }

  private import({ names, from }: Ast.Import): Doc {
    const items = names.map(({ name, as }) => (as ? concat(this.name(name), " as ", this.name(as)) : this.name(name)));
    const list = items.length === 0 ? "{}" : this.enclosed("{", items, "}", " ");
    return concat("import ", list, " from ", this.around(from, this.slice(from.span)));
  }

  private declaration(node: Ast.Declaration): Doc {
    switch (node.kind) {
      case "param":
      case "let":
        return this.valued(node);
      case "block":
      case "network":
        return this.block(node);
      case "step": {
        const base = node.base ? concat(" = ", this.name(node.base), " with ") : " ";
        return concat(node.step, " ", this.name(node.name), base, this.expression(node.record));
      }
      case "assert": {
        const message = node.message ? concat(",", indent(concat(line, this.expression(node.message)))) : "";
        return group(concat("assert ", indent(this.expression(node.condition)), message));
      }
    }
  }

  private valued({ kind, name, type, value }: Ast.Param | Ast.Let): Doc {
    const head = concat(`${kind} `, this.name(name), type ? concat(": ", this.type(type)) : "", " =");
    return this.assigned(head, value, 2);
  }

  /** A value on the line of its `=`, or where it must break on lines of its own. */
  private assigned(head: Doc, value: Ast.Expression, depth: number): Doc {
    const doc = this.expression(value);
    const own = concat(head, indent(concat(hardLine, doc)));
    const width = flatWidth(doc);
    if (this.startsWithComment(value) || this.isBrokenPipe(value)) return own;
    if (flatWidth(head) + 1 + width + depth - 2 <= columns) return concat(head, " ", doc);
    if (width + depth <= columns) return own;
    return this.hugs(value) ? concat(head, " ", doc) : own;
  }

  private block(node: Ast.Block): Doc {
    const { kind, name, parameters, result, statements, body, form } = node;
    const list = this.parameters(parameters);
    const type = this.type(result);
    const start = concat(`${kind} `, this.name(name));
    const end = form === "braces" ? " {" : " =";
    const arrow = concat("-> ", type, end);
    const headWidth = flatWidth(concat(start, list));
    const head =
      headWidth <= columns
        ? concat(start, list, headWidth + 1 + flatWidth(arrow) <= columns ? " " : indent(hardLine, 4), arrow)
        : concat(start, list, " ", arrow);
    if (form === "expression") return this.assigned(head, body, 2);
    const items: (Ast.Statement | Ast.Expression)[] = [...statements, body];
    const inside = this.lines(items, (item) => {
      if (item === body) return this.expression(body, false);
      const statement = statements.find((s) => s === item);
      return statement ? this.statement(statement) : "";
    });
    return concat(head, indent(concat(hardLine, inside)), hardLine, "}");
  }

  private parameters(parameters: readonly Ast.Parameter[]): Doc {
    if (parameters.length === 0) return "()";
    const items = parameters.map((parameter) => {
      const value = parameter.default ? concat(" = ", this.expression(parameter.default)) : "";
      return this.around(parameter, concat(this.name(parameter.name), ": ", this.type(parameter.type), value));
    });
    return this.enclosed("(", items, ")");
  }

  private statement(node: Ast.Statement): Doc {
    if (node.kind === "let") return this.valued(node);
    const head = concat(`${node.kind} `, this.name(node.name), ": ", this.type(node.type));
    const init = concat(" ~", group(indent(concat(line, this.expression(node.init)))));
    if (node.kind === "weight") return group(concat(head, init));
    return group(concat(head, init, indent(concat(line, "<- ", indent(this.expression(node.rule))))));
  }
}
