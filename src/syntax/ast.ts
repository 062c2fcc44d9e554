import type { Span } from "../diagnostic/diagnostic.ts";

/** The typed syntax tree. Every node has a span; a place the parser could not read holds a `missing` node, never null. */
export interface File {
  readonly name: string;
  readonly text: string;
  /** Doc comment of the file: the `///` block that stands before everything else. It belongs to no declaration. */
  readonly doc?: string;
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** All comments in order, for the formatter and for `// mtt: allow`. */
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly span: Span;
  readonly kind: "line" | "block" | "doc";
  readonly text: string;
}

/** A name as written, with its place. */
export interface Name {
  readonly kind: "name";
  readonly span: Span;
  readonly text: string;
}

export interface Import {
  readonly kind: "import";
  readonly span: Span;
  readonly names: readonly { readonly name: Name; readonly as?: Name }[];
  readonly from: { readonly span: Span; readonly value: string };
}

interface Declared {
  readonly span: Span;
  readonly doc?: string;
  readonly name: Name;
}

export type Declaration = Param | Let | Block | Step | Assert;

export interface Param extends Declared {
  readonly kind: "param";
  readonly type?: TypeExpression;
  readonly value: Expression;
}

export interface Let extends Declared {
  readonly kind: "let";
  readonly type?: TypeExpression;
  readonly value: Expression;
}

/** A `block` or a `network`. `= e` is a body of no statements. */
export interface Block extends Declared {
  readonly kind: "block" | "network";
  readonly parameters: readonly Parameter[];
  readonly result: TypeExpression;
  readonly statements: readonly Statement[];
  readonly body: Expression;
  readonly form: "expression" | "braces";
}

export interface Parameter {
  readonly kind: "parameter";
  readonly span: Span;
  readonly doc?: string;
  readonly name: Name;
  readonly type: TypeExpression;
  readonly default?: Expression;
}

export type Statement = Let | Weight | State;

export interface Weight extends Declared {
  readonly kind: "weight";
  readonly type: TypeExpression;
  readonly init: Expression;
}

export interface State extends Declared {
  readonly kind: "state";
  readonly type: TypeExpression;
  readonly init: Expression;
  readonly rule: Expression;
}

export type StepKind = "train" | "evaluate" | "influence" | "validate" | "report" | "sweep";

export interface Step extends Declared {
  readonly kind: "step";
  readonly step: StepKind;
  /** `train cleaned = classifier with { … }` */
  readonly base?: Name;
  readonly record: RecordExpression;
}

export interface Assert {
  readonly kind: "assert";
  readonly span: Span;
  readonly doc?: string;
  readonly condition: Expression;
  readonly message?: Expression;
}

export type BinaryOperator = "or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "@" | "/";

export type Expression =
  | { readonly kind: "int"; readonly span: Span; readonly value: number }
  | { readonly kind: "float"; readonly span: Span; readonly value: number }
  /** 3x3: height by width. */
  | { readonly kind: "size"; readonly span: Span; readonly y: number; readonly x: number }
  | { readonly kind: "string"; readonly span: Span; readonly value: string }
  | { readonly kind: "bool"; readonly span: Span; readonly value: boolean }
  | Name
  | { readonly kind: "list"; readonly span: Span; readonly items: readonly Expression[] }
  | RecordExpression
  | { readonly kind: "group"; readonly span: Span; readonly inner: Expression }
  | { readonly kind: "unary"; readonly span: Span; readonly operator: "-" | "not"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly span: Span;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly operatorSpan: Span;
    }
  | Pipe
  | Call
  | { readonly kind: "field"; readonly span: Span; readonly target: Expression; readonly name: Name }
  | { readonly kind: "index"; readonly span: Span; readonly target: Expression; readonly index: Expression }
  /** "x.npy" as f32[28, 28, 1] */
  | { readonly kind: "as"; readonly span: Span; readonly value: Expression; readonly type: TypeExpression }
  /** A type among the arguments of a source: idx(…, image: f32[28, 28, 1]). In a record the type itself is the field's value. */
  | { readonly kind: "type"; readonly span: Span; readonly type: TypeExpression }
  | { readonly kind: "missing"; readonly span: Span };

/** x |> f or x |> f(a): `stage` is a name, a field access (`module.f`) or a call. */
export interface Pipe {
  readonly kind: "pipe";
  readonly span: Span;
  readonly input: Expression;
  readonly stage: Expression;
}

export interface Call {
  readonly kind: "call";
  readonly span: Span;
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
}

export interface Argument {
  readonly span: Span;
  readonly name?: Name;
  readonly value: Expression;
}

export interface RecordExpression {
  readonly kind: "record";
  readonly span: Span;
  readonly fields: readonly RecordField[];
}

export interface RecordField {
  readonly span: Span;
  readonly doc?: string;
  readonly name: Name;
  /** A field's value may be a type: `fields: { age: f32[], label: class[3] }`. */
  readonly value: Expression | TypeExpression;
}

export type TypeExpression =
  /** int, float, bool, string, size, padding, init, rate, block, dataset, … */
  | { readonly kind: "type_name"; readonly span: Span; readonly name: string }
  | {
      readonly kind: "type_tensor";
      readonly span: Span;
      readonly dtype: "f32" | "f64" | "i32" | "bool";
      readonly dims: readonly DimExpression[];
    }
  | { readonly kind: "type_class"; readonly span: Span; readonly classes: DimExpression }
  /** Several results: { mean: f32[n], variance: f32[n] } */
  | {
      readonly kind: "type_record";
      readonly span: Span;
      readonly fields: readonly { readonly name: Name; readonly type: TypeExpression }[];
    }
  | { readonly kind: "type_missing"; readonly span: Span };

export type DimExpression =
  | { readonly kind: "dim_int"; readonly span: Span; readonly value: number }
  | { readonly kind: "dim_name"; readonly span: Span; readonly name: string }
  /** ...s: any number of axes. */
  | { readonly kind: "dim_spread"; readonly span: Span; readonly name: string }
  /** kernel.y */
  | { readonly kind: "dim_field"; readonly span: Span; readonly parameter: string; readonly field: "y" | "x" }
  | {
      readonly kind: "dim_binary";
      readonly span: Span;
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: DimExpression;
      readonly right: DimExpression;
    }
  /** ceil(a / b), window(h, kernel, stride, pad) */
  | {
      readonly kind: "dim_call";
      readonly span: Span;
      readonly name: string;
      readonly arguments: readonly DimExpression[];
    }
  | { readonly kind: "dim_missing"; readonly span: Span };
