import { sizeOf } from "../../shape/tensor.ts";
import { arrange, grouped } from "../view.ts";
import { nary } from "./elementwise.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import type { Rule, View } from "./rule.ts";

interface Side {
  readonly batch: readonly number[];
  /** Laid out and neither batch nor contracted, in the order in which they lie: a free axis that is a broadcast stays one. */
  readonly free: readonly number[];
  readonly contract: readonly number[];
}

/** Result axes: batch, the rest of lhs, the rest of rhs. One product of matrices, or one of a batch of them; free axes keep the order they lie in. */
export const dotGeneral: Rule<"dot_general"> = (e, inputs, params, type) => {
  const [x, y] = inputs as readonly [View, View];
  const { lhs_batch, rhs_batch, lhs_contracting, rhs_contracting } = params;
  const axesOf = (view: View, batch: readonly number[], contract: readonly number[], first: number) => {
    const free = view.shape.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis));
    return new Map([
      ...batch.map((axis, i) => [axis, i] as const),
      ...free.map((axis, i) => [axis, first + i] as const),
    ]);
  };
  const xAxes = axesOf(x, lhs_batch, lhs_contracting, lhs_batch.length);
  const yAxes = axesOf(y, rhs_batch, rhs_contracting, xAxes.size);

  const outer = lhs_contracting.every((axis) => x.shape[axis] === 1);
  // The engine multiplies columns by rows faster than it broadcasts two operands.
  const several = (of: readonly number[]) => of.some((size) => size !== 1);
  if (outer && !(several(lhs_batch.map((axis) => x.shape[axis]!)) && x.dtype === "f32")) {
    // Nothing to add up.
    const to = (view: View, axes: ReadonlyMap<number, number>): View => ({
      ...view,
      shape: type.shape,
      groups: view.groups.map((group) => group.map((axis) => axes.get(axis)!)),
    });
    return nary((m, a, b) => m.binary("Mul", a, b))(e, [to(x, xAxes), to(y, yAxes)]);
  }

  // Contracted and batch axes in the order in which the larger operand has them.
  const larger = sizeOf(x.value.shape) >= sizeOf(y.value.shape) ? 0 : 1;
  const place = (larger === 0 ? x : y).groups.flat();
  const pairs = (l: readonly number[], r: readonly number[]) =>
    l.map((axis, i) => [axis, r[i]!] as const).toSorted((a, b) => place.indexOf(a[larger]) - place.indexOf(b[larger]));
  const contracting = pairs(lhs_contracting, rhs_contracting);
  const batch = pairs(lhs_batch, rhs_batch);
  const side = (view: View, at: 0 | 1): Side => {
    const of = { batch: batch.map((pair) => pair[at]), contract: contracting.map((pair) => pair[at]) };
    const free = view.groups.flat().filter((axis) => !of.batch.includes(axis) && !of.contract.includes(axis));
    return { ...of, free };
  };
  const [l, r] = [side(x, 0), side(y, 1)];
  const groups = [l.free.map((axis) => xAxes.get(axis)!), r.free.map((axis) => yAxes.get(axis)!)];
  const adjA = lies(x, [...l.batch, ...l.contract, ...l.free]) && !lies(x, [...l.batch, ...l.free, ...l.contract]);
  const adjB = lies(y, [...r.batch, ...r.free, ...r.contract]) && !lies(y, [...r.batch, ...r.contract, ...r.free]);
  const stack = e.processor && x.dtype === "f32" && batch.length === 0 ? stackOf(y, r) : undefined;
  if (stack !== undefined) {
    // A product for each, as they lie: of a single wide one the result would have the stack inside, which what follows has outside.
    const left = adjA ? [l.contract, l.free] : [l.free, l.contract];
    const one = arrange(e, x, [[], ...left]);
    const value = product(e, one, arrange(e, y, [[stack], r.free.slice(1), r.contract]), adjA, true);
    return grouped(e, value, x.dtype, type.shape, [
      [yAxes.get(stack)!],
      l.free.map((axis) => xAxes.get(axis)!),
      r.free.slice(1).map((axis) => yAxes.get(axis)!),
    ]);
  }
  const single = batch.every(([axis]) => x.shape[axis] === 1);
  const lead = (axes: readonly number[]) => (single ? [] : [axes]);
  const a = arrange(e, x, [...lead(l.batch), ...(adjA ? [l.contract, l.free] : [l.free, l.contract])]);
  const b = arrange(e, y, [...lead(r.batch), ...(adjB ? [r.free, r.contract] : [r.contract, r.free])]);
  const first = single ? [] : [l.batch.map((axis) => xAxes.get(axis)!)];
  return grouped(e, product(e, a, b, adjA, adjB), x.dtype, type.shape, [...first, ...groups]);
};

/** The axis along which transposed matrices are stacked, where they lie so. */
const stackOf = (y: View, { free, contract }: Side): number | undefined => {
  const [stack, ...rest] = free;
  return rest.length === 1 && contract.length > 0 && lies(y, [...free, ...contract]) && y.groups.flat()[0] === stack
    ? stack
    : undefined;
};

/** a b of matrices or of batches of them, of which one of a single matrix is for all of the other's; with either one transposed. */
export function product(e: Emitter, a: TfValue, b: TfValue, adjA = false, adjB = false): TfValue {
  const batch = a.shape.slice(0, -2).map((n, i) => Math.max(n, b.shape[i]!));
  const shape = [...batch, a.shape.at(adjA ? -1 : -2)!, b.shape.at(adjB ? -2 : -1)!];
  return batch.length === 0
    ? e.emit("MatMul", [a, b], a.type, shape, { transpose_a: { bool: adjA }, transpose_b: { bool: adjB } })
    : e.emit("BatchMatMulV2", [a, b], a.type, shape, { adj_x: { bool: adjA }, adj_y: { bool: adjB } });
}

/** Whether the elements lie in this order, so that `arrange` need not transpose. */
function lies({ groups }: View, order: readonly number[]): boolean {
  const now = groups.flat();
  return order.filter((axis) => now.includes(axis)).every((axis, i) => axis === now[i]);
}
