import { broadcastAxes } from "../shape/broadcast.ts";
import { type Axis, axisEquals, type Dim, divideExactly, isSpread, product } from "../shape/dim.ts";
import { sizeOf } from "../shape/tensor.ts";
import type { Sizes } from "./graph.ts";
import { refuse } from "./mismatch.ts";

/** Sizes of a graph: numbers. */
export const numberSizes: Sizes<number> = {
  of: (n) => n,
  product: sizeOf,
  quotient: (a, b) => (b !== 0 && a % b === 0 ? a / b : undefined),
  known: (n) => n,
  equal: (a, b) => a === b,
  isSpread: () => false,
  axis: (n) => n,
  broadcast: (left, right) => {
    const shape: number[] = [];
    for (const axis of broadcast(left, right)) if (typeof axis === "number") shape.push(axis);
    return shape;
  },
};

/** Sizes while checking. */
export const axisSizes: Sizes<Axis> = {
  of: (n) => n,
  product,
  quotient: (a, b) => divideExactly(one(a), one(b)),
  known: (d) => (typeof d === "number" ? d : undefined),
  equal: axisEquals,
  isSpread,
  axis: (d) => d,
  broadcast: (left, right) => broadcast(left, right),
};

function broadcast(left: readonly Axis[], right: readonly Axis[]): readonly Axis[] {
  const result = broadcastAxes(left, right);
  return "shape" in result
    ? result.shape
    : refuse("broadcast_in_dim", { kind: "broadcast", left, right, conflicts: result.conflicts });
}

const one = (axis: Axis): Dim => (isSpread(axis) ? product([axis]) : axis);
