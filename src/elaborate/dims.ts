import {
  type Axis,
  add,
  type Bindings,
  ceilDivide,
  type Dim,
  divideExactly,
  floorDivide,
  multiply,
  product,
  type SymbolicPadding,
  substituteAxes,
  subtract,
  variable,
  window,
} from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { TensorType } from "../shape/tensor.ts";
import type { DimExpression, TypeExpression } from "../syntax/ast.ts";

/** The value of a name in a type that stands for an int of the file; undefined for a dimension variable or a parameter. */
export type FileSize = (dim: DimExpression) => number | undefined;

/** A tensor's type as declared: over its block's parameters (`channels`, `kernel.y`) and dimension variables. */
export const declaredTensor = (
  type: TypeExpression,
  fileSize: FileSize,
): { readonly dtype: DType; readonly axes: readonly Axis[] } | undefined => {
  switch (type.kind) {
    case "type_tensor":
      return { dtype: type.dtype, axes: type.dims.map((d) => axisOf(d, fileSize)) };
    case "type_class":
      return { dtype: "i32", axes: [] };
    case "type_name":
      return isScalar(type.name) ? { dtype: type.name, axes: [] } : undefined;
    case "type_record":
    case "type_missing":
      return undefined;
  }
};

export const isTensorType = (type: TypeExpression): boolean => declaredTensor(type, () => undefined) !== undefined;

const isScalar = (name: string): name is "f32" | "f64" | "i32" => name === "f32" || name === "f64" || name === "i32";

/** The type with all variables known; undefined where one is not, or where a size comes out below 0. */
export const knownTensor = (type: TypeExpression, bindings: Bindings, fileSize: FileSize): TensorType | undefined => {
  const declared = declaredTensor(type, fileSize);
  if (declared === undefined) return undefined;
  const axes = substituteAxes(declared.axes, bindings);
  const shape = axes.filter((axis): axis is number => typeof axis === "number" && axis >= 0 && Number.isInteger(axis));
  return shape.length === axes.length ? { dtype: declared.dtype, shape } : undefined;
};

const axisOf = (d: DimExpression, fileSize: FileSize): Axis =>
  d.kind === "dim_spread" ? { spread: d.name } : dimOf(d, fileSize);

export const dimOf = (d: DimExpression, fileSize: FileSize): Dim => {
  switch (d.kind) {
    case "dim_int":
      return d.value;
    case "dim_name":
      return fileSize(d) ?? variable(d.name);
    case "dim_field":
      return variable(`${d.parameter}.${d.field}`);
    case "dim_binary":
      return binary[d.operator](dimOf(d.left, fileSize), dimOf(d.right, fileSize));
    case "dim_call":
      return called(d, fileSize);
    case "dim_spread":
    case "dim_missing":
      throw new TypeError("a program with errors is not elaborated");
  }
};

const binary = {
  "+": add,
  "-": subtract,
  "*": multiply,
  "/": (a: Dim, b: Dim): Dim => divideExactly(a, b) ?? floorDivide(a, b),
} as const satisfies { [O in Extract<DimExpression, { kind: "dim_binary" }>["operator"]]: (a: Dim, b: Dim) => Dim };

/** ceil(a / b), product(s), window(size, kernel, stride, padding); a window that does not fit comes out below 1. */
const called = (d: Extract<DimExpression, { kind: "dim_call" }>, fileSize: FileSize): Dim => {
  const [first, second, third, fourth] = d.arguments;
  const size = (of: DimExpression): Dim => dimOf(of, fileSize);
  if (d.name === "ceil" && first?.kind === "dim_binary") return ceilDivide(size(first.left), size(first.right));
  if (d.name === "product" && (first?.kind === "dim_name" || first?.kind === "dim_spread"))
    return product([{ spread: first.name }]);
  if (d.name === "window" && first && second && third && fourth?.kind === "dim_name") {
    const padding: SymbolicPadding =
      fourth.name === "same" || fourth.name === "valid" ? fourth.name : { variable: fourth.name };
    return window(size(first), size(second), size(third), padding) ?? -1;
  }
  throw new TypeError(`no size function ${d.name}`);
};
