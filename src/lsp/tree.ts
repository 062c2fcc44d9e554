import type { Span } from "../diagnostic/diagnostic.ts";
import type {
  Argument,
  Declaration,
  DimExpression,
  Expression,
  File,
  Name,
  Parameter,
  RecordField,
  Statement,
  Step,
  TypeExpression,
} from "../syntax/ast.ts";
import { isType, parts } from "../syntax/parts.ts";

/** The nodes of one file by what they are, each with the declaration it stands in: what questions about places are asked of. */
export interface Tree {
  readonly expressions: readonly { readonly node: Expression; readonly owner: Declaration }[];
  readonly arguments: readonly { readonly node: Argument; readonly callee: Expression; readonly owner: Declaration }[];
  /** Fields of records; of a step, its own. */
  readonly fields: readonly { readonly node: RecordField; readonly step?: Step; readonly owner: Declaration }[];
  readonly types: readonly { readonly node: TypeExpression; readonly owner: Declaration }[];
  readonly dims: readonly { readonly node: DimExpression; readonly owner: Declaration }[];
  readonly declared: readonly {
    readonly node: Exclude<Declaration, { kind: "assert" }> | Parameter | Statement;
    readonly owner: Declaration;
  }[];
  readonly bases: readonly { readonly node: Name; readonly owner: Declaration }[];
}

const trees = new WeakMap<File, Tree>();

/** The nodes of a file. Found once: a file whose text did not change keeps its tree. */
export function treeOf(file: File): Tree {
  const known = trees.get(file);
  if (known !== undefined) return known;
  const tree = new Collector().collect(file);
  trees.set(file, tree);
  return tree;
}

export const contains = ({ start, end }: Span, offset: number): boolean => start <= offset && offset <= end;

class Collector {
  readonly expressions: { node: Expression; owner: Declaration }[] = [];
  readonly arguments: { node: Argument; callee: Expression; owner: Declaration }[] = [];
  readonly fields: { node: RecordField; step?: Step; owner: Declaration }[] = [];
  readonly types: { node: TypeExpression; owner: Declaration }[] = [];
  readonly dims: { node: DimExpression; owner: Declaration }[] = [];
  readonly declared: { node: Tree["declared"][number]["node"]; owner: Declaration }[] = [];
  readonly bases: { node: Name; owner: Declaration }[] = [];

  collect(file: File): Tree {
    for (const declaration of file.declarations) this.#declaration(declaration);
    return this;
  }

  #declaration(owner: Declaration): void {
    if (owner.kind !== "assert") this.declared.push({ node: owner, owner });
    switch (owner.kind) {
      case "param":
      case "let":
        this.#type(owner.type, owner);
        this.#walk(owner.value, owner);
        break;
      case "block":
      case "network":
        for (const parameter of owner.parameters) {
          this.declared.push({ node: parameter, owner });
          this.#type(parameter.type, owner);
          if (parameter.default !== undefined) this.#walk(parameter.default, owner);
        }
        this.#type(owner.result, owner);
        for (const statement of owner.statements) this.#statement(statement, owner);
        this.#walk(owner.body, owner);
        break;
      case "step":
        if (owner.base !== undefined) this.bases.push({ node: owner.base, owner });
        for (const field of owner.record.fields) this.#field(field, owner, owner);
        break;
      case "assert":
        this.#walk(owner.condition, owner);
        if (owner.message !== undefined) this.#walk(owner.message, owner);
    }
  }

  #statement(statement: Statement, owner: Declaration): void {
    this.declared.push({ node: statement, owner });
    this.#type(statement.type, owner);
    if (statement.kind === "let") this.#walk(statement.value, owner);
    else this.#walk(statement.init, owner);
    if (statement.kind === "state") this.#walk(statement.rule, owner);
  }

  #field(node: RecordField, owner: Declaration, step?: Step): void {
    this.fields.push(step === undefined ? { node, owner } : { node, owner, step });
    if (isType(node.value)) this.#type(node.value, owner);
    else this.#walk(node.value, owner);
  }

  /** With a stack of its own: a chain of pipes or sums leans far to the left. */
  #walk(root: Expression, owner: Declaration): void {
    const open = [root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      this.expressions.push({ node, owner });
      // A record's fields are walked one by one: some are types.
      if (node.kind === "record") for (const field of node.fields) this.#field(field, owner);
      else open.push(...parts(node));
      if (node.kind === "call")
        for (const argument of node.arguments) this.arguments.push({ node: argument, callee: node.callee, owner });
      if (node.kind === "as" || node.kind === "type") this.#type(node.type, owner);
    }
  }

  #type(node: TypeExpression | undefined, owner: Declaration): void {
    if (node === undefined) return;
    this.types.push({ node, owner });
    if (node.kind === "type_tensor") for (const dim of node.dims) this.#dim(dim, owner);
    if (node.kind === "type_class") this.#dim(node.classes, owner);
    if (node.kind === "type_record") for (const { type } of node.fields) this.#type(type, owner);
  }

  #dim(node: DimExpression, owner: Declaration): void {
    this.dims.push({ node, owner });
    if (node.kind === "dim_binary") {
      this.#dim(node.left, owner);
      this.#dim(node.right, owner);
    } else if (node.kind === "dim_call") for (const argument of node.arguments) this.#dim(argument, owner);
  }
}
