import { nary } from "./elementwise.ts";
import { count, type Emitter } from "./emitter.ts";
import type { OnnxValue } from "./model.ts";
import type { Rule } from "./rule.ts";
import { arrange, grouped, type View } from "./view.ts";

interface Side {
  readonly view: View;
  readonly batch: readonly number[];
  /** Laid out and neither batch nor contracted, in the order in which they lie: a free axis that is a broadcast stays one. */
  readonly free: readonly number[];
  readonly contract: readonly number[];
}

/** Result axes: batch, the rest of lhs, the rest of rhs. One Gemm or one batched MatMul; free axes keep the order they lie in. */
export const dotGeneral: Rule<"dot_general"> = (emitter, inputs, params, type) => {
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

  if (lhs_contracting.every((axis) => x.shape[axis] === 1)) {
    // Nothing to add up.
    const to = (view: View, axes: ReadonlyMap<number, number>): View => ({
      ...view,
      shape: type.shape,
      groups: view.groups.map((group) => group.map((axis) => axes.get(axis)!)),
    });
    return nary((math, a, b) => math.binary("Mul", a, b))(emitter, [to(x, xAxes), to(y, yAxes)]);
  }

  // Contracted and batch axes in the order in which the larger operand has them.
  const larger = count(x.value.shape) >= count(y.value.shape) ? 0 : 1;
  const place = (larger === 0 ? x : y).groups.flat();
  const pairs = (l: readonly number[], r: readonly number[]) =>
    l.map((axis, i) => [axis, r[i]!] as const).toSorted((a, b) => place.indexOf(a[larger]) - place.indexOf(b[larger]));
  const contracting = pairs(lhs_contracting, rhs_contracting);
  const batch = pairs(lhs_batch, rhs_batch);
  const side = (view: View, at: 0 | 1): Side => {
    const of = { batch: batch.map((pair) => pair[at]), contract: contracting.map((pair) => pair[at]) };
    const free = view.groups.flat().filter((axis) => !of.batch.includes(axis) && !of.contract.includes(axis));
    return { view, ...of, free };
  };
  const [l, r] = [side(x, 0), side(y, 1)];
  const groups = [l.free.map((axis) => xAxes.get(axis)!), r.free.map((axis) => yAxes.get(axis)!)];

  if (batch.every(([axis]) => x.shape[axis] === 1) && x.dtype !== "i32") {
    const transA = lies(x, [...l.contract, ...l.free]) && !lies(x, [...l.free, ...l.contract]);
    const transB = lies(y, [...r.free, ...r.contract]) && !lies(y, [...r.contract, ...r.free]);
    const a = arrange(emitter, x, transA ? [l.contract, l.free] : [l.free, l.contract]);
    const b = arrange(emitter, y, transB ? [r.free, r.contract] : [r.contract, r.free]);
    return grouped(emitter, gemm(emitter, a, b, transA, transB), x.dtype, type.shape, groups);
  }
  const a = arrange(emitter, x, [l.batch, l.free, l.contract]);
  const b = arrange(emitter, y, [r.batch, r.contract, r.free]);
  return grouped(emitter, matmul(emitter, a, b), x.dtype, type.shape, [l.batch.map((a) => xAxes.get(a)!), ...groups]);
};

/** a b + bias, or with either one transposed. */
export function gemm(
  emitter: Emitter,
  a: OnnxValue,
  b: OnnxValue,
  transA = false,
  transB = false,
  bias?: OnnxValue,
): OnnxValue {
  const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
  const attributes = { transA: { int: transA ? 1 : 0 }, transB: { int: transB ? 1 : 0 } };
  return emitter.emit("Gemm", bias === undefined ? [a, b] : [a, b, bias], a.type, shape, attributes);
}

/** a[batch, m, k] b[batch, k, n] */
export const matmul = (emitter: Emitter, a: OnnxValue, b: OnnxValue): OnnxValue =>
  emitter.emit("MatMul", [a, b], a.type, [...a.shape.slice(0, -1), b.shape.at(-1)!]);

/** Whether the elements lie in this order, so that `arrange` need not transpose. */
function lies({ groups }: View, order: readonly number[]): boolean {
  const now = groups.flat();
  return order.filter((axis) => now.includes(axis)).every((axis, i) => axis === now[i]);
}
