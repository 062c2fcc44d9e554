import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Axis, Dim, SymbolicPadding } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type {
  Block,
  Call,
  Declaration,
  DimExpression,
  Expression,
  File,
  Let,
  Name,
  Parameter,
  Pipe,
  State,
  Step,
  Weight,
} from "../syntax/ast.ts";

/** What an expression is. `value` is there where it is known while checking: sizes in types are made of it. */
export type Type =
  | { readonly kind: "int"; readonly value?: Dim }
  | { readonly kind: "float"; readonly value?: number }
  | { readonly kind: "bool"; readonly value?: boolean }
  | { readonly kind: "string"; readonly value?: string }
  | { readonly kind: "size"; readonly y?: Dim; readonly x?: Dim }
  | { readonly kind: "padding"; readonly value?: SymbolicPadding }
  | TensorTypeSymbolic
  /** Values of a built-in kind that only a step reads: init, rate, optimizer, regularizer, clip, stop, checkpoint, start, metric, measure, method, validation, picture. */
  | { readonly kind: "opaque"; readonly name: string }
  | { readonly kind: "dataset"; readonly fields: ReadonlyMap<string, TensorTypeSymbolic> }
  | { readonly kind: "record"; readonly fields: ReadonlyMap<string, Type> }
  /** `items` where the list is written out. */
  | { readonly kind: "list"; readonly item: Type; readonly items?: readonly Type[] }
  /** A block, a network, a layer value (then some parameters are taken), a primitive. */
  | { readonly kind: "block"; readonly signature: Signature }
  /** What a step yields: a model (train), figures (evaluate), scores (influence), … */
  | { readonly kind: "step"; readonly step: Step }
  /** The result of something already reported: fits everything, so that nothing is reported twice. */
  | { readonly kind: "error" };

export interface TensorTypeSymbolic {
  readonly kind: "tensor";
  readonly dtype: DType;
  readonly axes: readonly Axis[];
  /** A label of so many classes: i32[] underneath. */
  readonly classes?: Dim;
}

export interface Signature {
  readonly name: string;
  readonly parameters: readonly SignatureParameter[];
  readonly result: Type;
  /** The primitive it is. */
  readonly primitive?: string;
  /** The declared block it is of. */
  readonly block?: Block;
  /** What a layer value was given, by parameter. */
  readonly given?: ReadonlyMap<string, Type>;
  /** A `sequence`, or a `repeat` (one layer, so many times): the layers applied one after another. */
  readonly layers?: readonly Signature[];
  readonly times?: Dim;
  /** A parameter of type `block`: nothing is known of it until a call gives one. */
  readonly open?: true;
}

export interface SignatureParameter {
  readonly name: string;
  readonly type: Type;
  readonly optional: boolean;
  /** The type of the default, over the other parameters. */
  readonly default?: Type;
}

/** What a name stands for where it is used. */
export type Binding =
  | { readonly kind: "declaration"; readonly file: File; readonly declaration: Declaration }
  | { readonly kind: "parameter"; readonly block: Block; readonly parameter: Parameter }
  | { readonly kind: "local"; readonly statement: Let | Weight | State }
  /** A dimension variable of the enclosing block, used as an int. */
  | { readonly kind: "dimension"; readonly block: Block; readonly name: string }
  /** An operation of the surface table (ir/surface.ts). */
  | { readonly kind: "primitive"; readonly name: string }
  /** A source, transformation, optimizer, metric, … of the tables in check/builtins. */
  | { readonly kind: "builtin"; readonly name: string }
  /** A bare word that the expected type resolved: `same`, `auto`, `none`, `input`. */
  | { readonly kind: "word"; readonly type: string; readonly word: string }
  /** In `where` and `map`: a field of the example, or its `index`. */
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "training" };

/** How the arguments of a call (or of a pipe stage without parentheses) meet the parameters. */
export interface ResolvedCall {
  /** By parameter name; a parameter without an entry takes its default. Variadic lists are one entry. */
  readonly arguments: ReadonlyMap<string, Expression>;
  /** True where the tensor inputs are absent: the value is a layer, not its result. */
  readonly layer: boolean;
}

/** A program without errors carries everything elaborate needs; nothing is inferred twice. */
export interface Checked {
  readonly entry: File;
  /** All files read, stdlib's included, by name. */
  readonly files: ReadonlyMap<string, File>;
  readonly types: ReadonlyMap<Expression, Type>;
  /** By use: every Name in an expression that was resolved. Field names and argument names have none. */
  readonly bindings: ReadonlyMap<Name, Binding>;
  /** What may stand behind the dot of a field access, by its target. */
  readonly members: ReadonlyMap<Expression, ReadonlyMap<string, Type>>;
  /** By call, or by pipe: its stage then gets the input as first tensor argument. A call of a parameter of type `block` has none: its parameters are not known. */
  readonly calls: ReadonlyMap<Call | Pipe, ResolvedCall>;
  /** Fields of every step with those of its base merged in. */
  readonly steps: ReadonlyMap<Step, ReadonlyMap<string, Expression>>;
  /** Values set from outside, by param name of the entry file; they replace the declared expression. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** Names in types that stand for an int of the file, `let n = 10 … f32[n]`, with that declaration. */
  readonly sizes: ReadonlyMap<DimExpression, Declaration>;
  /** All declarations, each after those it mentions; what the entry needs of other files comes before the entry's last. */
  readonly order: readonly Declaration[];
  readonly diagnostics: readonly Diagnostic[];
}

export type Setting = number | boolean | string;
