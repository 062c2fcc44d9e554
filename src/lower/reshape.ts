import { sizeOf } from "../shape/tensor.ts";
import { LoweringError } from "./error.ts";
import { canonical, grouped, type Laid, type Layouts, plain, type View } from "./view.ts";

/**
 * Keeps layout and unexecuted broadcasts where old and new axes correspond in blocks; else lays the elements out.
 */
export function reshape<V extends Laid>(emitter: Layouts<V>, x: View<V>, shape: readonly number[]): View<V> {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    const message = `[${x.shape}] has not the elements of [${shape}]`;
    throw new LoweringError(message, "a graph that `verify` refuses: its fault is where it was made");
  }
  if (sizeOf(shape) === 0 || x.shape.includes(0))
    return plain(emitter, emitter.reshape(canonical(emitter, x), shape), x.dtype, shape);
  const order = x.groups.flat();
  const renamed = new Map<number, readonly number[]>();
  for (const { before, after } of blocks(x.shape, shape)) {
    const at = before.map((axis) => order.indexOf(axis));
    if (at.every((place) => place === -1)) continue;
    if (at.some((place, i) => place === -1 || place !== at[0]! + i))
      return plain(emitter, canonical(emitter, x), x.dtype, x.shape).value === x.value
        ? plain(emitter, emitter.reshape(x.value, shape), x.dtype, shape)
        : plain(emitter, emitter.reshape(canonical(emitter, x), shape), x.dtype, shape);
    before.forEach((axis, i) => {
      renamed.set(axis, i === 0 ? after : []);
    });
  }
  const sequence = order.flatMap((axis) => renamed.get(axis)!);
  const groups = regroup(sequence, shape, x.value.shape) ?? sequence.map((axis) => [axis]);
  return grouped(emitter, x.value, x.dtype, shape, groups);
}

/** The shortest runs of old and new axes with equal products, sizes of 1 left out. */
export function blocks(
  from: readonly number[],
  to: readonly number[],
): readonly { readonly before: readonly number[]; readonly after: readonly number[] }[] {
  const old = from.flatMap((d, axis) => (d === 1 ? [] : [axis]));
  const fresh = to.flatMap((d, axis) => (d === 1 ? [] : [axis]));
  const result: { before: number[]; after: number[] }[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < fresh.length) {
    const block = { before: [old[i]!], after: [fresh[j]!] };
    let [left, right] = [from[old[i++]!]!, to[fresh[j++]!]!];
    while (left !== right) {
      if (left < right) {
        left *= from[old[i]!]!;
        block.before.push(old[i++]!);
      } else {
        right *= to[fresh[j]!]!;
        block.after.push(fresh[j++]!);
      }
    }
    result.push(block);
  }
  return result;
}

/** Axes in this order as groups with these products; undefined where none exist. */
function regroup(
  order: readonly number[],
  shape: readonly number[],
  dims: readonly number[],
): readonly (readonly number[])[] | undefined {
  const groups: number[][] = [];
  let next = 0;
  for (const dim of dims) {
    const group: number[] = [];
    let product = 1;
    while (product < dim && next < order.length) {
      product *= shape[order[next]!]!;
      group.push(order[next++]!);
    }
    if (product !== dim) return undefined;
    groups.push(group);
  }
  return next === order.length ? groups : undefined;
}
