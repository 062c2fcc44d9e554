import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import type { Near } from "../diagnostic/near-miss.ts";
import type { Dim } from "../shape/dim.ts";
import type {
  Block,
  Call,
  Declaration,
  DimExpression,
  Expression,
  File,
  Name,
  Pipe,
  Statement,
  Step,
} from "../syntax/ast.ts";
import type { Binding, ResolvedCall, Setting, Signature, TensorTypeSymbolic, Type } from "./checked.ts";

/** A declaration with a name. */
export type Named = Exclude<Declaration, { readonly kind: "assert" }>;

export interface Declared {
  readonly file: File;
  readonly declaration: Named;
}

/** What the text of one check has come to so far. Filled as the program is walked; `check` hands it out as `Checked`. */
export interface Context {
  readonly entry: File;
  readonly files: ReadonlyMap<string, File>;
  /** Names of each file: its own and what it imports. */
  readonly names: Map<File, ReadonlyMap<string, Declared>>;
  /** Public blocks of the standard library. */
  readonly prelude: Map<string, Declared>;
  readonly settings: Map<string, Setting>;
  /** What was set from outside, as written. */
  readonly settingTexts: ReadonlyMap<string, string>;
  readonly types: Map<Expression, Type>;
  readonly bindings: Map<Name, Binding>;
  readonly members: Map<Expression, ReadonlyMap<string, Type>>;
  readonly calls: Map<Call | Pipe, ResolvedCall>;
  readonly steps: Map<Step, ReadonlyMap<string, Expression>>;
  /** Sizes in types that name an int of the file. */
  readonly sizes: Map<DimExpression, Declaration>;
  readonly problems: Diagnostic[];
  /** `file:name` of imports that found nothing: their uses are not reported again. */
  readonly missing: Set<string>;
  /** Types of declarations; `open` while one is being found. */
  readonly declared: Map<Named, Type | "open">;
  readonly signatures: Map<Block, Signature>;
  /** Blocks whose bodies were checked. */
  readonly bodies: Set<Block>;
  /** Unknown names that were told of, by declaration: one is told once in each. */
  readonly unknown: Map<Declaration | undefined, Set<string>>;
  /** Parameters and dimension variables of each block, as its body sees them. */
  readonly environments: Map<Block, BodyEnv>;
  /** What each declaration mentions, and where first. */
  readonly uses: Map<Declaration, Map<Named, Span>>;
  /** Data sets that a model's step was declared over, by step. */
  readonly facts: Map<Step, StepFacts | "open">;
  /** The nearest of the known names, if one is near. */
  readonly near: (name: string, known: readonly string[]) => Near | undefined;
  /** Names that only conditions over examples know: `predicted`. */
  readonly exampleNames: ReadonlySet<string>;
  /** Sizes of the weights of each layer value, by the declaration that uses it. */
  readonly shared: Map<Statement | Declaration, Map<unknown, ReadonlyMap<string, Dim>>>;
  /** Where declarations are checked for good, while this context only tries something. */
  readonly root: Context;
  /** How many bodies are being tried inside of each other. */
  readonly depth: number;
  /** The blocks whose bodies are being tried. */
  readonly trying: ReadonlySet<Block>;
}

/** What other steps may want to know of a step. */
export interface StepFacts {
  /** A field of it is not known: what it leaves out may be what that one meant. */
  readonly doubtful?: true;
  /** The data does not feed the network: told once, and not of the steps that build on this one. */
  readonly unfed?: true;
  readonly given?: ReadonlyMap<string, Expression>;
  readonly types?: ReadonlyMap<string, Type>;
  readonly network?: Signature;
  readonly data?: ReadonlyMap<string, TensorTypeSymbolic>;
}

/** A name of a block's body, or a parameter. */
export interface Local {
  readonly binding: Binding;
  readonly type: Type;
}

/** Where an expression stands. */
export interface Env {
  readonly file: File;
  readonly owner: Declaration | undefined;
  readonly locals: ReadonlyMap<string, Local>;
  /** In a condition over examples: the fields of one. */
  readonly fields?: ReadonlyMap<string, TensorTypeSymbolic>;
  /** In a sweep: `each` may stand, but not among the values of another. */
  readonly sweep?: boolean;
}

/** In a block's body: names are added statement by statement. */
export interface BodyEnv extends Env {
  readonly locals: Map<string, Local>;
}

export const fileEnv = (file: File, owner: Declaration | undefined): Env => ({ file, owner, locals: new Map() });

export const report = (c: Context, diagnostic: Diagnostic): void => {
  c.problems.push(diagnostic);
};

/** A context in which something is tried: nothing it finds is kept, but declarations it asks for are checked for good. */
export const attempt = (c: Context): Context => ({
  ...c,
  types: new Map(),
  bindings: new Map(),
  members: new Map(),
  calls: new Map(),
  steps: new Map(),
  sizes: new Map(),
  problems: [],
  uses: new Map(),
  unknown: new Map(),
  depth: c.depth + 1,
});

export const isError = (type: Type): boolean => type.kind === "error";
