import { type Axis, axisEquals, isSpread } from "./dim.ts";

/** Two axes that cannot be broadcast together: positions from the end (1 is the last). */
export interface BroadcastConflict {
  readonly fromEnd: number;
  readonly left: Axis;
  readonly right: Axis;
}

/**
 * NumPy's rule over symbolic axes: shapes are aligned at their ends and an axis of size 1 grows. A spread meets the same spread, or nothing.
 * Returns the common shape or every pair that disagrees.
 */
export function broadcastAxes(
  left: readonly Axis[],
  right: readonly Axis[],
): { readonly shape: readonly Axis[] } | { readonly conflicts: readonly BroadcastConflict[] } {
  const conflicts: BroadcastConflict[] = [];
  const shape: Axis[] = [];
  for (let fromEnd = 1; fromEnd <= Math.max(left.length, right.length); fromEnd++) {
    const a = left[left.length - fromEnd];
    const b = right[right.length - fromEnd];
    const common = a === undefined ? b! : b === undefined ? a : commonAxis(a, b);
    if (common === undefined) conflicts.push({ fromEnd, left: a!, right: b! });
    else shape.unshift(common);
  }
  return conflicts.length > 0 ? { conflicts } : { shape };
}

/** An axis of size 1 does not grow into a spread: how many axes that is, nobody knows. */
function commonAxis(a: Axis, b: Axis): Axis | undefined {
  if (axisEquals(a, b)) return a;
  if (isSpread(a) || isSpread(b)) return undefined;
  return a === 1 ? b : b === 1 ? a : undefined;
}
