import { type Axis, type Dim, showAxis, showDim, showShape } from "../shape/dim.ts";
import type { DType } from "../shape/dtype.ts";
import type { Prim } from "./primitives.ts";

/** What is known of an array while checking. */
export interface SymbolicType {
  readonly dtype: DType;
  readonly shape: readonly Axis[];
}

/** Why an operation refuses its operands. Operands and axes count from 0. */
export type Reason =
  | { readonly kind: "operands"; readonly expected: number; readonly got: number }
  | { readonly kind: "dtype"; readonly operand: number; readonly expected: readonly DType[]; readonly got: DType }
  /** Another number of axes than the operation takes. `wanted` says them in words: `[h, w, channels]`. */
  | { readonly kind: "rank"; readonly operand: number; readonly wanted: string; readonly got: readonly Axis[] }
  /** Axes that disagree with another operand (`against`) or with a parameter. Every one is listed. */
  | {
      readonly kind: "axes";
      readonly operand: number;
      readonly against?: number;
      readonly shape: readonly Axis[];
      readonly axes: readonly AxisConflict[];
    }
  /** No common shape by NumPy's rule. */
  | {
      readonly kind: "broadcast";
      readonly left: readonly Axis[];
      readonly right: readonly Axis[];
      readonly conflicts: readonly { readonly fromEnd: number; readonly left: Axis; readonly right: Axis }[];
    }
  /** An axis that the operand does not have. */
  | { readonly kind: "no_axis"; readonly operand: number; readonly axis: number; readonly shape: readonly Axis[] }
  /** A sliding window larger than what it slides over. */
  | {
      readonly kind: "window";
      readonly operand: number;
      readonly axis: number;
      readonly size: Dim;
      readonly kernel: Dim;
    }
  /** Reshaping must keep the number of elements. */
  | {
      readonly kind: "elements";
      readonly from: readonly Axis[];
      readonly to: readonly Axis[];
      readonly fromCount: Dim;
      readonly toCount: Dim;
    }
  /** A parameter that no operand could make right. */
  | { readonly kind: "parameter"; readonly name: string; readonly message: string };

export interface AxisConflict {
  readonly axis: number;
  readonly expected: Axis;
  readonly got: Axis;
}

export interface ShapeMismatch {
  readonly op: Prim | (string & {});
  readonly reason: Reason;
}

/** Carries a mismatch out of nested definitions; caught by whoever called `apply`. */
export class ShapeError extends Error {
  readonly mismatch: ShapeMismatch;
  constructor(mismatch: ShapeMismatch) {
    super(showMismatch(mismatch));
    this.name = "ShapeError";
    this.mismatch = mismatch;
  }
}

export const isMismatch = (result: SymbolicType | ShapeMismatch): result is ShapeMismatch => "reason" in result;

export const refuse = (op: ShapeMismatch["op"], reason: Reason): never => {
  throw new ShapeError({ op, reason });
};

/** `conv2d: operand 1 …`, a plain sentence; the checker writes its own for users. */
export const showMismatch = ({ op, reason }: ShapeMismatch): string => `${op}: ${showReason(reason)}`;

/** The refusal without the operation. */
export function showReason(reason: Reason): string {
  switch (reason.kind) {
    case "operands":
      return `takes ${reason.expected} operands, got ${reason.got}`;
    case "dtype":
      return `operand ${reason.operand} is ${reason.got}, expected ${reason.expected.join(" or ")}`;
    case "rank":
      return `operand ${reason.operand} is ${showShape(reason.got)}, expected ${reason.wanted}`;
    case "axes": {
      const where = reason.against === undefined ? "" : ` of operand ${reason.against}`;
      const each = reason.axes.map(
        (a) => `axis ${a.axis} is ${showAxis(a.got)}, expected ${showAxis(a.expected)}${where}`,
      );
      return `operand ${reason.operand} ${showShape(reason.shape)}: ${each.join("; ")}`;
    }
    case "broadcast": {
      const each = reason.conflicts.map((c) => `${showAxis(c.left)} and ${showAxis(c.right)} (axis -${c.fromEnd})`);
      return `${showShape(reason.left)} and ${showShape(reason.right)} do not broadcast: ${each.join(", ")}`;
    }
    case "no_axis":
      return `operand ${reason.operand} ${showShape(reason.shape)} has no axis ${reason.axis}`;
    case "window":
      return `operand ${reason.operand}: a window of ${showDim(reason.kernel)} does not fit in axis ${reason.axis} of ${showDim(reason.size)}`;
    case "elements":
      return `${showShape(reason.from)} has ${showDim(reason.fromCount)} elements, ${showShape(reason.to)} has ${showDim(reason.toCount)}`;
    case "parameter":
      return `${reason.name}: ${reason.message}`;
  }
}
