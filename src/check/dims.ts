import type { Span } from "../diagnostic/diagnostic.ts";
import { nearest } from "../diagnostic/near-miss.ts";
import {
  type Axis,
  add,
  type Bindings,
  ceilDivide,
  type Dim,
  divideExactly,
  floorDivide,
  isSpread,
  multiply,
  product,
  type SymbolicPadding,
  substitute,
  substituteAxes,
  subtract,
  variable,
  variablesOf,
  window,
} from "../shape/dim.ts";
import type { DimExpression, TypeExpression } from "../syntax/ast.ts";
import type { TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { typeOf } from "./declarations.ts";
import { meant } from "./meant.ts";
import { problems } from "./problems.ts";
import { errorType, openBlock } from "./types.ts";
import { type OpaqueKind, opaqueKinds } from "./want.ts";

/** What the plain types are called elsewhere. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ...["integer", "Int", "i64", "int32", "int64", "number"].map((name): [string, string] => [name, "int"]),
  ...["double", "real", "Float", "float32", "float64"].map((name): [string, string] => [name, "float"]),
  ...["boolean", "Boolean"].map((name): [string, string] => [name, "bool"]),
  ...["str", "String", "text"].map((name): [string, string] => [name, "string"]),
  ...["Tensor", "tensor", "array"].map((name): [string, string] => [name, "f32[n]"]),
]);

const plainTypes: readonly string[] = ["int", "float", "bool", "string", "size", "padding", "block", "dataset"];

/** The type that is written. Free names in it are dimension variables. */
export function typeOfExpression(c: Context, env: Env, type: TypeExpression): Type {
  switch (type.kind) {
    case "type_name":
      return namedType(c, type.name, type);
    case "type_tensor":
      return known({ kind: "tensor", dtype: type.dtype, axes: type.dims.map((dim) => axisOf(c, env, dim)) });
    case "type_class":
      return known({ kind: "tensor", dtype: "i32", axes: [], classes: dimOf(c, env, type.classes) });
    case "type_record":
      return {
        kind: "record",
        fields: new Map(type.fields.map((field) => [field.name.text, typeOfExpression(c, env, field.type)])),
      };
    case "type_missing":
      return errorType;
  }
}

/** Stands for a size that was reported already. */
const unknown = variable("?");

const known = (type: TensorTypeSymbolic): Type =>
  [...type.axes, ...(type.classes === undefined ? [] : [type.classes])].some(
    (axis) => !isSpread(axis) && variablesOf(axis).has("?"),
  )
    ? errorType
    : type;

function namedType(c: Context, name: string, at: TypeExpression): Type {
  switch (name) {
    case "int":
    case "float":
    case "bool":
    case "string":
    case "size":
    case "padding":
      return { kind: name };
    case "block":
      return openBlock;
    case "dataset":
      return { kind: "dataset", fields: new Map() };
    case "f32":
    case "f64":
    case "i32":
      return { kind: "tensor", dtype: name, axes: [] };
    default: {
      if (isOpaqueKind(name)) return { kind: "opaque", name };
      const other = elsewhere.get(name);
      const near =
        other !== undefined
          ? { word: other, sure: name !== "number" && !other.includes("[") }
          : nearest(name, [...plainTypes, ...opaqueKinds, "f32", "f64", "class"]);
      report(
        c,
        problems.unknownType(at.span, `there is no type \`${name}\``, {
          label: "not a type",
          ...meant(near, at.span, `the types are ${plainTypes.join(", ")}, f32[…], class[n]`),
        }),
      );
      return errorType;
    }
  }
}

const isOpaqueKind = (name: string): name is OpaqueKind => opaqueKinds.some((kind) => kind === name);

const axisOf = (c: Context, env: Env, dim: DimExpression): Axis =>
  dim.kind === "dim_spread" ? { spread: dim.name } : dimOf(c, env, dim);

/** The size that is written: over the block's int, size and padding parameters, ints of the file, and dimension variables. */
export function dimOf(c: Context, env: Env, dim: DimExpression): Dim {
  switch (dim.kind) {
    case "dim_int":
      return dim.value;
    case "dim_name":
      return named(c, env, dim.name, dim);
    case "dim_field":
      return variable(`${dim.parameter}.${dim.field}`);
    case "dim_binary": {
      const [left, right] = [dimOf(c, env, dim.left), dimOf(c, env, dim.right)];
      if (dim.operator !== "/") return { "+": add, "-": subtract, "*": multiply }[dim.operator](left, right);
      const exact = divideExactly(left, right);
      if (exact === undefined && typeof left === "number" && typeof right === "number")
        report(
          c,
          problems.badSize(dim.span, `${left} / ${right} is no whole number`, {
            label: "a size is a whole number",
            help: right === 0 ? undefined : `write ceil(${left} / ${right}) to round up`,
          }),
        );
      if (exact === undefined && typeof left === "number" && typeof right === "number") return unknown;
      return exact ?? floorDivide(left, right);
    }
    case "dim_call":
      return called(c, env, dim);
    case "dim_spread":
      report(
        c,
        problems.badSize(dim.span, `...${dim.name} is any number of axes, and no size`, {
          label: "a size expected here",
          help: `product(${dim.name}) is the product of its sizes`,
        }),
      );
      return unknown;
    case "dim_missing":
      return unknown;
  }
}

function named(c: Context, env: Env, name: string, at: DimExpression): Dim {
  const declared = env.locals.has(name) ? undefined : c.names.get(env.file)?.get(name);
  if (declared !== undefined && (declared.declaration.kind === "param" || declared.declaration.kind === "let")) {
    const type = typeOf(c, declared);
    if (type.kind === "error") return unknown;
    if (type.kind === "int" && type.value !== undefined) {
      c.sizes.set(at, declared.declaration);
      return type.value;
    }
  }
  return variable(name);
}

function called(c: Context, env: Env, dim: Extract<DimExpression, { kind: "dim_call" }>): Dim {
  const [first, second, third, fourth] = dim.arguments;
  if (dim.name === "ceil" && first?.kind === "dim_binary" && first.operator === "/" && second === undefined)
    return ceilDivide(dimOf(c, env, first.left), dimOf(c, env, first.right));
  if (dim.name === "product" && (first?.kind === "dim_name" || first?.kind === "dim_spread") && second === undefined)
    return product([{ spread: first.name }]);
  if (dim.name === "window" && first && second && third && fourth?.kind === "dim_name") {
    const padding: SymbolicPadding =
      fourth.name === "same" || fourth.name === "valid" ? fourth.name : { variable: fourth.name };
    const [size, kernel, stride] = [first, second, third].map((d) => dimOf(c, env, d));
    return window(size!, kernel!, stride!, padding) ?? 0;
  }
  const known = ["ceil", "product", "window"];
  report(
    c,
    problems.badSize(
      dim.span,
      known.includes(dim.name) ? `${dim.name} is not written so` : `there is no size function \`${dim.name}\``,
      {
        label: "not a size",
        help: "a size may be ceil(a / b), window(size, kernel, stride, padding) or product(s) of a spread ...s",
      },
    ),
  );
  return unknown;
}

/** A type with what its variables stand for. */
export function substituteType(type: Type, bindings: Bindings): Type {
  switch (type.kind) {
    case "int":
      return type.value === undefined ? type : { kind: "int", value: substitute(type.value, bindings) };
    case "size":
      return type.y === undefined || type.x === undefined
        ? type
        : { kind: "size", y: substitute(type.y, bindings), x: substitute(type.x, bindings) };
    case "padding":
      return typeof type.value === "object"
        ? { kind: "padding", value: bindings.paddings.get(type.value.variable) ?? type.value }
        : type;
    case "tensor":
      return substituteTensor(type, bindings);
    case "record":
      return {
        kind: "record",
        fields: new Map([...type.fields].map(([name, field]) => [name, substituteType(field, bindings)])),
      };
    default:
      return type;
  }
}

export const substituteTensor = (type: TensorTypeSymbolic, bindings: Bindings): TensorTypeSymbolic => ({
  ...type,
  axes: substituteAxes(type.axes, bindings),
  ...(type.classes === undefined ? {} : { classes: substitute(type.classes, bindings) }),
});

/** The names that the sizes of a type are made of, with their places: `n`, `kernel.y`, `...s`. */
export function sizesIn(type: TypeExpression): readonly { readonly name: string; readonly span: Span }[] {
  const names: { readonly name: string; readonly span: Span }[] = [];
  const open: DimExpression[] = dimsIn(type);
  for (let dim = open.pop(); dim !== undefined; dim = open.pop())
    switch (dim.kind) {
      case "dim_name":
        names.push({ name: dim.name, span: dim.span });
        break;
      case "dim_spread":
        names.push({ name: `...${dim.name}`, span: dim.span });
        break;
      case "dim_field":
        names.push({ name: `${dim.parameter}.${dim.field}`, span: dim.span });
        break;
      case "dim_binary":
        open.push(dim.right, dim.left);
        break;
      case "dim_call": {
        const [first] = dim.arguments;
        if (dim.name === "product" && first?.kind === "dim_name")
          names.push({ name: `...${first.name}`, span: first.span });
        else open.push(...dim.arguments.toReversed());
        break;
      }
      case "dim_int":
      case "dim_missing":
        break;
    }
  return names;
}

const dimsIn = (type: TypeExpression): DimExpression[] => {
  switch (type.kind) {
    case "type_tensor":
      return type.dims.toReversed();
    case "type_class":
      return [type.classes];
    case "type_record":
      return type.fields.toReversed().flatMap((field) => dimsIn(field.type));
    case "type_name":
    case "type_missing":
      return [];
  }
};
