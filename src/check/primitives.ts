import type { Span } from "../diagnostic/diagnostic.ts";
import { type Reason, ShapeError, type SymbolicType } from "../ir/mismatch.ts";
import { type Argument, type Primitive, surface } from "../ir/surface.ts";
import { shapeOps } from "../ir/symbolic.ts";
import { type Axis, type Dim, isSpread, type SymbolicPadding, showAxis, showDim, showShape } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Signature, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { infer, settle } from "./expressions.ts";
import { problems } from "./problems.ts";
import { stageNotes } from "./stages.ts";
import { describeType, errorType } from "./types.ts";
import { type Unfit, unfit } from "./unfit.ts";
import type { Want } from "./want.ts";

export const isPrimitive = (name: string): boolean => surface.has(name);
export const primitiveNames: readonly string[] = [...surface.keys()];

/** An array of any shape. */
export const anyTensor: Type = { kind: "tensor", dtype: "f32", axes: [{ spread: "any" }] };

const signatures = new Map<string, Signature>();

/** What an operation takes, for matching arguments; its result is its shape rule's. */
export function primitiveSignature(name: string): Signature {
  const known = signatures.get(name);
  if (known !== undefined) return known;
  const signature: Signature = {
    name,
    primitive: name,
    parameters: surface.get(name)!.parameters.map((parameter) => ({
      name: parameter.name,
      type: parameter.kind === "tensor" ? anyTensor : typeOfKind[parameter.kind],
      optional: parameter.default !== undefined,
    })),
    result: errorType,
  };
  signatures.set(name, signature);
  return signature;
}

type Kind = Exclude<Primitive["parameters"][number]["kind"], "tensor">;

const ints: Type = { kind: "list", item: { kind: "int" } };

const typeOfKind = {
  int: { kind: "int" },
  float: { kind: "float" },
  size: { kind: "size" },
  padding: { kind: "padding" },
  dims: ints,
  axis: { kind: "int" },
  axes: ints,
  ints,
  string: { kind: "string" },
  dtype: { kind: "string" },
  bool: { kind: "bool" },
} as const satisfies { readonly [K in Kind]: Type };

const wantOf = (kind: Kind): Want => {
  switch (kind) {
    case "dims":
    case "axes":
    case "ints":
      return { want: "list", item: { want: "int" } };
    case "axis":
      return { want: "int" };
    case "dtype":
      return { want: "string" };
    default:
      return { want: kind };
  }
};

type Given = Argument<SymbolicType, Axis, SymbolicPadding>;

/** The result of an operation for these arguments. `site` is where a refusal points, `text` how the call is written. */
export function applyPrimitive(
  c: Context,
  env: Env,
  name: string,
  given: ReadonlyMap<string, Expression>,
  known: ReadonlyMap<Expression, Type>,
  site: { readonly span: Span; readonly text: string; readonly pipeline?: Expression },
): Type {
  const primitive = surface.get(name)!;
  const values = new Map<string, Given>();
  let failed = false;
  for (const parameter of primitive.parameters) {
    const expression = given.get(parameter.name);
    if (expression === undefined) continue;
    const place = { what: `\`${parameter.name}\` of \`${name}\`` };
    const want: Want | undefined = parameter.kind === "tensor" ? undefined : wantOf(parameter.kind);
    const found = known.get(expression) ?? infer(c, env, expression, want);
    if (found.kind === "error") {
      failed = true;
      continue;
    }
    if (parameter.kind === "tensor") {
      const operand = operandOf(found);
      if (operand === undefined) {
        failed = true;
        settle(
          c,
          expression,
          found,
          { want: "value", type: { kind: "tensor", dtype: "f32", axes: [{ spread: "s" }] } },
          place,
        );
      } else values.set(parameter.name, operand);
      continue;
    }
    if (found.kind === "list" && found.items?.some(({ kind }) => kind === "error")) {
      failed = true;
      continue;
    }
    const shape = parameter.kind === "dims" && found.kind === "tensor";
    if (!shape && want !== undefined && settle(c, expression, found, want, place).kind === "error") {
      failed = true;
      continue;
    }
    const value = staticValue(parameter.kind, found);
    if (value === undefined) {
      failed = true;
      report(
        c,
        parameter.kind === "dtype"
          ? problems.wrongType(expression.span, `${place.what} needs an element type`, {
              label: '"f32", "f64", "i32" or "bool" expected here',
            })
          : problems.sizeUnknown(expression.span, `${place.what} must be known before the program runs`, {
              label: "not known while checking",
            }),
      );
    } else values.set(parameter.name, value);
  }
  if (failed) return errorType;
  const result = refused(c, site, name, () => tensorType(primitive.apply(shapeOps, values, surroundings)));
  // What is true or false becomes 0 or 1: a label of two classes.
  const [first] = values.values();
  const truth = typeof first === "object" && "tensor" in first && first.tensor.dtype === "bool";
  return truth && values.get("dtype") === "i32" && result.kind === "tensor" ? { ...result, classes: 2 } : result;
}

const surroundings = {
  randomBits: (shape: readonly Axis[]): SymbolicType => ({ dtype: "i32", shape }),
};

export const tensorType = ({ dtype, shape }: SymbolicType): Type => ({ kind: "tensor", dtype, axes: shape });

/** A type as an operand: an array, or a number that takes the dtype of the arrays beside it. */
export function operandOf(type: Type) {
  switch (type.kind) {
    case "tensor":
      return { tensor: { dtype: type.dtype, shape: type.axes } };
    case "int":
      return { number: typeof type.value === "number" ? type.value : 1 };
    case "float":
      return { number: type.value ?? Number.NaN };
    case "bool":
      return { bool: type.value ?? false };
    default:
      return undefined;
  }
}

function staticValue(kind: Kind, type: Type): Given | undefined {
  switch (kind) {
    case "int":
      return type.kind === "int" ? type.value : undefined;
    case "float":
      return type.kind === "float" || type.kind === "int"
        ? typeof type.value === "number"
          ? type.value
          : Number.NaN
        : undefined;
    case "size":
      return type.kind === "size" && type.y !== undefined && type.x !== undefined ? [type.y, type.x] : undefined;
    case "padding":
      return type.kind === "padding" ? type.value : undefined;
    case "dims":
      return type.kind === "tensor" ? type.axes : listed(type, (value) => value);
    case "axis":
      return type.kind === "int" && typeof type.value === "number" ? type.value : undefined;
    case "axes":
    case "ints":
      return listed(type, (value) => (typeof value === "number" ? value : undefined));
    case "string":
      return type.kind === "string" ? (type.value ?? "") : undefined;
    case "dtype":
      return type.kind === "string" && isDType(type.value) ? type.value : undefined;
    case "bool":
      return type.kind === "bool" ? (type.value ?? false) : undefined;
  }
}

const isDType = (text: string | undefined): text is DType =>
  text === "f32" || text === "f64" || text === "i32" || text === "bool";

function listed<T>(type: Type, value: (dim: Dim) => T | undefined): readonly T[] | undefined {
  if (type.kind !== "list" || type.items === undefined) return undefined;
  const values: T[] = [];
  for (const item of type.items) {
    const one = item.kind === "int" && item.value !== undefined ? value(item.value) : undefined;
    if (one === undefined) return undefined;
    values.push(one);
  }
  return values;
}

/** Runs a shape rule; its refusal becomes a diagnostic. */
function refused(
  c: Context,
  site: { readonly span: Span; readonly text: string; readonly pipeline?: Expression },
  name: string,
  run: () => Type,
): Type {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const { message, label, notes, help } = explain(error.mismatch.reason, name);
    report(
      c,
      problems.operation(site.span, `${site.text}: ${message}`, {
        label,
        help,
        notes: [
          ...notes.map((text) => ({ kind: "text" as const, text })),
          ...(site.pipeline === undefined ? [] : stageNotes(c, site.pipeline)),
        ],
      }),
    );
    return errorType;
  }
}

interface Explained {
  readonly message: string;
  readonly label: string;
  readonly notes: readonly string[];
  readonly help?: string;
}

/** A shape rule's reason for people: parameters by name, every axis that disagrees. */
function explain(reason: Reason, name: string): Explained {
  const operand = (at: number) => {
    const parameter = surface.get(name)?.parameters.filter(({ kind }) => kind === "tensor")[at];
    return parameter === undefined ? "the operand" : `\`${parameter.name}\``;
  };
  switch (reason.kind) {
    case "operands":
      return { message: `takes ${reason.expected} arrays, and got ${reason.got}`, label: "here", notes: [] };
    case "dtype":
      return {
        message: `${operand(reason.operand)} is ${reason.got}, and must be ${reason.expected.join(" or ")}`,
        label: `${reason.expected.join(" or ")} expected here`,
        notes: [],
        help: `convert(x, "${reason.expected[0]}") changes the element type`,
      };
    case "rank":
      return {
        message: `${operand(reason.operand)} is ${showShape(reason.got)}, and needs ${reason.wanted}`,
        label: `${reason.wanted} expected here`,
        notes: [],
      };
    case "axes":
      return {
        message: `${operand(reason.operand)} is ${showShape(reason.shape)}, and does not fit${reason.against === undefined ? "" : ` ${operand(reason.against)}`}`,
        label: `${reason.axes.map((a) => `axis ${a.axis} must be ${showAxis(a.expected)}`).join(", ")}`,
        notes: reason.axes.map((a) => `axis ${a.axis} is ${showAxis(a.got)}, expected ${showAxis(a.expected)}`),
      };
    case "broadcast":
      return {
        message: `${showShape(reason.left)} and ${showShape(reason.right)} do not broadcast`,
        label: "these shapes disagree",
        notes: reason.conflicts.map((k) => `axis -${k.fromEnd}: ${showAxis(k.left)} and ${showAxis(k.right)}`),
        help: "shapes are aligned at their last axes, and an axis of size 1 grows to the other's",
      };
    case "no_axis":
      return {
        message: `${showShape(reason.shape)} has no axis ${reason.axis}`,
        label: reason.shape.some(isSpread) ? "counted over axes whose number is not known" : "no such axis",
        notes: [],
      };
    case "window":
      return {
        message: `a window of ${showDim(reason.kernel)} is larger than axis ${reason.axis}, which is ${showDim(reason.size)}`,
        label: "the window does not fit",
        notes: [],
        help: "take a smaller kernel, or `pad: same`",
      };
    case "elements":
      return {
        message: `${showShape(reason.from)} has ${showDim(reason.fromCount)} elements, and ${showShape(reason.to)} has ${showDim(reason.toCount)}`,
        label: "the number of elements must stay",
        notes: [],
        help: "one size may be -1: what remains",
      };
    case "parameter":
      return { message: `\`${reason.name}\`: ${reason.message}`, label: "not possible here", notes: [] };
  }
}

/** A layer value of an operation, applied to its one array. */
export function applyToOne(name: string, given: ReadonlyMap<string, Type>, input: Type): Type | Unfit {
  const primitive = surface.get(name)!;
  const values = new Map<string, Given>();
  let taken = false;
  for (const parameter of primitive.parameters) {
    const type = given.get(parameter.name) ?? (parameter.kind === "tensor" && !taken ? input : undefined);
    if (type === undefined) continue;
    if (parameter.kind === "tensor" && !given.has(parameter.name)) taken = true;
    const value = parameter.kind === "tensor" ? operandOf(type) : staticValue(parameter.kind, type);
    if (value === undefined) return unfit(`\`${name}\` cannot take ${describeType(type)}`);
    values.set(parameter.name, value);
  }
  try {
    return tensorType(primitive.apply(shapeOps, values, surroundings));
  } catch (error) {
    if (error instanceof ShapeError) return unfit(`${name}: ${explain(error.mismatch.reason, name).message}`);
    throw error;
  }
}
