import { type Axis, axisEquals, type Dim, isSpread } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import { type AxisConflict, refuse, type SymbolicType } from "./mismatch.ts";
import type { Prim } from "./primitives.ts";

// What shape rules ask of operands and parameters; each refuses with the reason.

export function demandDType(op: Prim, operand: number, { dtype }: SymbolicType, expected: readonly DType[]): void {
  if (!expected.includes(dtype)) refuse(op, { kind: "dtype", operand, expected, got: dtype });
}

export function demandSame(op: Prim, first: number, x: SymbolicType, second: number, y: SymbolicType): void {
  demandDType(op, second, y, [x.dtype]);
  demandShape(op, second, y.shape, x.shape, first);
}

export function demandShape(
  op: Prim,
  operand: number,
  shape: readonly Axis[],
  wanted: readonly Axis[],
  against: number,
): void {
  if (shape.length !== wanted.length)
    refuse(op, { kind: "rank", operand, wanted: `the axes of operand ${against}`, got: shape });
  const axes = wanted.flatMap((expected, i) => conflict(i, expected, shape[i]!));
  if (axes.length > 0) refuse(op, { kind: "axes", operand, against, shape, axes });
}

export const conflict = (axis: number, expected: Axis, got: Axis): readonly AxisConflict[] =>
  axisEquals(expected, got) ? [] : [{ axis, expected, got }];

/** Sizes where numbers: whole and not negative. */
export function demandSizes(op: Prim, name: string, sizes: readonly Axis[]): void {
  for (const size of sizes)
    if (typeof size === "number" && !(Number.isInteger(size) && size >= 0))
      refuse(op, { kind: "parameter", name, message: `${size} is no size` });
}

export function demandDim(op: Prim, name: string, size: Axis): Dim {
  return isSpread(size) ? refuse(op, { kind: "parameter", name, message: `...${size.spread} is not one size` }) : size;
}

/** Axes that exist, none twice. */
export function demandAxes(op: Prim, operand: number, shape: readonly Axis[], axes: readonly number[]): void {
  axes.forEach((axis, i) => {
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
      refuse(op, { kind: "no_axis", operand, axis, shape });
    if (axes.indexOf(axis) !== i)
      refuse(op, { kind: "parameter", name: "dimensions", message: `axis ${axis} stands there twice` });
  });
}

export function demandOneAxis(op: Prim, x: SymbolicType, axis: number): void {
  demandAxes(op, 0, x.shape, [axis]);
  if (isSpread(x.shape[axis]!)) refuse(op, { kind: "no_axis", operand: 0, axis, shape: x.shape });
}

/** One entry for each axis, each axis a known one. */
export function demandRankParameters(
  op: Prim,
  x: SymbolicType,
  lists: Readonly<Record<string, readonly Axis[]>>,
): readonly Dim[] {
  for (const [name, list] of Object.entries(lists))
    if (list.length !== x.shape.length)
      refuse(op, { kind: "parameter", name, message: `${list.length} entries for ${x.shape.length} axes` });
  return x.shape.map((axis, i) =>
    isSpread(axis) ? refuse(op, { kind: "no_axis", operand: 0, axis: i, shape: x.shape }) : axis,
  );
}

export function without(op: Prim, shape: readonly Axis[], axes: readonly number[]): readonly Axis[] {
  demandAxes(op, 0, shape, axes);
  return shape.filter((_, i) => !axes.includes(i));
}

export function demandIndices(op: Prim, x: SymbolicType, axis: number, batch: number, indices: SymbolicType): void {
  demandDType(op, 1, indices, ["i32"]);
  demandOneAxis(op, x, axis);
  if (batch > axis)
    refuse(op, { kind: "parameter", name: "batch_dims", message: `${batch} is more than axis ${axis}` });
  if (indices.shape.length < batch)
    refuse(op, { kind: "rank", operand: 1, wanted: `${batch} batch axes first`, got: indices.shape });
  const axes = x.shape.slice(0, batch).flatMap((expected, i) => conflict(i, expected, indices.shape[i]!));
  if (axes.length > 0) refuse(op, { kind: "axes", operand: 1, against: 0, shape: indices.shape, axes });
}
