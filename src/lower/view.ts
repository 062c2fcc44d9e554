import type { DType } from "../shape/dtype.ts";
import { sizeOf } from "../shape/tensor.ts";

/** What an engine's emitter names: elements in row-major order. */
export interface Laid {
  readonly shape: readonly number[];
}

/** What a view needs of an emitter. */
export interface Layouts<V extends Laid> {
  /** The same elements in another shape. */
  readonly reshape: (value: V, shape: readonly number[]) => V;
  readonly transpose: (value: V, permutation: readonly number[]) => V;
  /** Copies along dimensions of size 1. */
  readonly expand: (value: V, shape: readonly number[]) => V;
}

/**
 * How an IR value lies in a value of an engine. Axis i of the IR value has size shape[i]; dimension j of the engine's value runs over the axes groups[j],
 * row-major. Axes of size 1 are in no group; an axis of another size in no group is a broadcast that was not carried out. So transpositions,
 * broadcasts and merged axes cost nothing until an operation needs the elements laid out.
 */
export interface View<V extends Laid = Laid> {
  readonly value: V;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly groups: readonly (readonly number[])[];
}

type Groups = View["groups"];

/** A value with one dimension for each axis. */
export const plain = <V extends Laid>(
  emitter: Layouts<V>,
  value: V,
  dtype: DType,
  shape: readonly number[],
): View<V> => {
  const groups = shape.flatMap((d, axis) => (d === 1 ? [] : [[axis]]));
  return { value: emitter.reshape(value, sizes(shape, groups)), dtype, shape, groups };
};

/** A value whose dimensions run over the given groups of axes. */
export const grouped = <V extends Laid>(
  emitter: Layouts<V>,
  value: V,
  dtype: DType,
  shape: readonly number[],
  groups: Groups,
): View<V> => {
  const kept = withoutOnes(shape, groups);
  return { value: emitter.reshape(value, sizes(shape, kept)), dtype, shape, groups: kept };
};

export const withoutOnes = (shape: readonly number[], groups: Groups): Groups =>
  groups.map((group) => group.filter((axis) => shape[axis] !== 1)).filter((group) => group.length > 0);

export const sizes = (shape: readonly number[], groups: Groups): readonly number[] =>
  groups.map((group) => group.reduce((n, axis) => n * shape[axis]!, 1));

/** Axis by axis, in order of size: what `arrange` answers for `[[0], [1], …]`. */
export const canonical = <V extends Laid>(emitter: Layouts<V>, view: View<V>): V =>
  arrange(
    emitter,
    view,
    view.shape.map((_, axis) => [axis]),
  );

/** The elements with one dimension for each group, every axis in exactly one group and every broadcast carried out. */
export function arrange<V extends Laid>(emitter: Layouts<V>, view: View<V>, groups: Groups): V {
  const { shape } = view;
  const order = groups.flat();
  const held = new Set(view.groups.flat());
  const ordered = reorder(
    emitter,
    view,
    order.filter((axis) => held.has(axis)),
  );
  const missing = order.some((axis) => shape[axis] !== 1 && !held.has(axis));
  const wanted = groups.map((group) => group.reduce((n, axis) => n * shape[axis]!, 1));
  if (!missing) return emitter.reshape(ordered.value, wanted);
  // Neighbouring axes that are all held or all broadcast are one dimension, so that Expand sees few.
  const runs: number[][] = [];
  for (const axis of order.filter((axis) => shape[axis] !== 1)) {
    const last = runs.at(-1);
    if (last !== undefined && held.has(last[0]!) === held.has(axis)) last.push(axis);
    else runs.push([axis]);
  }
  const full = runs.map((run) => run.reduce((n, axis) => n * shape[axis]!, 1));
  const narrow = runs.map((run, i) => (held.has(run[0]!) ? full[i]! : 1));
  return emitter.reshape(emitter.expand(emitter.reshape(ordered.value, narrow), full), wanted);
}

/** The held axes in this order: transposes where the order is another one. */
export function reorder<V extends Laid>(emitter: Layouts<V>, view: View<V>, order: readonly number[]): View<V> {
  const now = view.groups.flat();
  if (now.every((axis, i) => axis === order[i])) return view;
  // Axes that stay neighbours move as one.
  const blocks: number[][] = [];
  for (const axis of now) {
    const last = blocks.at(-1);
    if (last !== undefined && order.indexOf(axis) === order.indexOf(last.at(-1)!) + 1) last.push(axis);
    else blocks.push([axis]);
  }
  const places = blocks
    .map((_, i) => i)
    .toSorted((a, b) => order.indexOf(blocks[a]![0]!) - order.indexOf(blocks[b]![0]!));
  const split = emitter.reshape(view.value, sizes(view.shape, blocks));
  const groups = places.map((i) => blocks[i]!);
  return { ...view, value: emitter.transpose(split, places), groups };
}

/** The same elements with dimensions cut so that none mixes axes on which `cut` differs. */
export function split<V extends Laid>(emitter: Layouts<V>, view: View<V>, mark: (axis: number) => unknown): View<V> {
  const groups = view.groups.flatMap((group) => {
    const parts: number[][] = [];
    for (const axis of group) {
      const last = parts.at(-1);
      if (last !== undefined && mark(last[0]!) === mark(axis)) last.push(axis);
      else parts.push([axis]);
    }
    return parts;
  });
  return { ...view, groups, value: emitter.reshape(view.value, sizes(view.shape, groups)) };
}

/**
 * Brings operands of one shape to dimensions that engines broadcast against each other: the axis order of the largest operand, cut where some
 * operand holds one of two neighbouring axes and not the other.
 */
export function align<V extends Laid>(
  emitter: Layouts<V>,
  operands: readonly View<V>[],
): { values: readonly V[]; groups: Groups } {
  const largest = operands.reduce((best, view) => (sizeOf(view.value.shape) > sizeOf(best.value.shape) ? view : best));
  const views = operands.map((view) => widen(emitter, view, largest));
  const order = [...largest.groups.flat()];
  const held = new Set(order);
  for (const axis of views.flatMap((view) => view.groups.flat()).toSorted((a, b) => a - b)) {
    if (held.has(axis)) continue;
    held.add(axis);
    const at = order.findIndex((other) => other > axis);
    order.splice(at === -1 ? order.length : at, 0, axis);
  }
  const holds = views.map((view) => new Set(view.groups.flat()));
  const together = new Set(largest.groups.flatMap((group) => group.slice(1).map((axis, i) => `${group[i]} ${axis}`)));
  const groups: number[][] = [];
  for (const axis of order) {
    const last = groups.at(-1)?.at(-1);
    const joined =
      last !== undefined && together.has(`${last} ${axis}`) && holds.every((axes) => axes.has(last) === axes.has(axis));
    if (joined) groups.at(-1)!.push(axis);
    else groups.push([axis]);
  }
  const values = views.map((view, i) => {
    const axes = holds[i]!;
    const ordered = reorder(
      emitter,
      view,
      order.filter((axis) => axes.has(axis)),
    );
    const dims = groups.map((group) => (axes.has(group[0]!) ? group.reduce((n, axis) => n * view.shape[axis]!, 1) : 1));
    const leading = dims.findIndex((_, j) => axes.has(groups[j]![0]!));
    return emitter.reshape(ordered.value, leading === -1 ? [] : dims.slice(leading));
  });
  return { values, groups };
}

/** How much smaller an operand is that is better copied than that the large one is cut into short rows. */
const SMALL = 64;

/** A small operand that holds a part of one of the large one's groups, carried out over the whole group. */
function widen<V extends Laid>(emitter: Layouts<V>, view: View<V>, large: View<V>): View<V> {
  const held = new Set(view.groups.flat());
  const order = large.groups.flatMap((group) => (group.some((axis) => held.has(axis)) ? group : []));
  const extent = (axes: readonly number[]) => axes.reduce((n, axis) => n * view.shape[axis]!, 1);
  if (order.length === held.size || ![...held].every((axis) => order.includes(axis))) return view;
  if (extent(order) * SMALL > sizeOf(large.value.shape)) return view;
  const groups = large.groups.filter((group) => group.some((axis) => held.has(axis)));
  return { ...view, value: arrange(emitter, view, groups), groups };
}

/** Numpy's broadcast of shapes. */
export function broadcastShape(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
    return dims.find((d) => d !== 1) ?? 1;
  });
}
