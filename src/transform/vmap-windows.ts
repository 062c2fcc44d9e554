import type { Value } from "../ir/graph.ts";
import { reshape, transpose } from "../ir/operations.ts";
import type { Conv, Patches, Prims } from "../ir/primitives.ts";
import type { Mapping } from "./vmap.ts";

// Convolutions and patches over one more axis, B. An image axis that varies alone joins n; a kernel that varies alone joins the channels; where both
// vary, patches and one batched product. g groups: channels are [g, c / g], so B joins each group's part.

interface Operand {
  readonly value: Value;
  readonly varies: boolean;
}

/** x [n, h, w, c], w [kh, kw, c / g, o] -> [n, h', w', o] */
export function convBatched(m: Mapping, p: Conv, x: Operand, w: Operand): Value {
  if (!w.varies) return split(m, m.apply("conv2d", [merge(m, x.value), w.value], p), m.size);
  if (!x.varies) {
    const y = m.apply("conv2d", [x.value, intoChannels(m, w.value, 3, p.groups)], p);
    return outOfChannels(m, y, 3, p.groups);
  }
  const [, kh, kw, part, o] = shapeOf(m, w.value);
  const patches = patchesOf(m, x.value, { ...p, kernel: [kh!, kw!] });
  const [, n, h, width] = shapeOf(m, patches);
  // [B, n, h', w', kh, kw, g, c / g] . [B, kh, kw, c / g, g, o / g] -> [B, g, n, h', w', o / g]
  const left = reshape(m, patches, [m.size, n!, h!, width!, kh!, kw!, p.groups, part!]);
  const right = reshape(m, w.value, [m.size, kh!, kw!, part!, p.groups, o! / p.groups]);
  const y = m.apply("dot_general", [left, right], {
    lhs_batch: [0, 6],
    rhs_batch: [0, 4],
    lhs_contracting: [4, 5, 7],
    rhs_contracting: [1, 2, 3],
  });
  return reshape(m, transpose(m, y, [0, 2, 3, 4, 1, 5]), [m.size, n!, h!, width!, o!]);
}

/** dy [n, h', w', o], w [kh, kw, c / g, o] -> x [n, h, w, c] */
export function inputGradientBatched(m: Mapping, p: Prims["conv2d_input_gradient"], dy: Operand, w: Operand): Value {
  if (!w.varies) return split(m, m.apply("conv2d_input_gradient", [merge(m, dy.value), w.value], p), m.size);
  const [, kh, kw, part, o] = shapeOf(m, w.value);
  if (!dy.varies) {
    // The kernel's channels belong to one group each: B joins them as they are.
    const joined = reshape(m, transpose(m, w.value, [1, 2, 0, 3, 4]), [kh!, kw!, m.size * part!, o!]);
    return outOfChannels(m, m.apply("conv2d_input_gradient", [dy.value, joined], p), 3, p.groups);
  }
  const [, n, h, width] = shapeOf(m, dy.value);
  // [B, n, h', w', g, o / g] . [B, kh, kw, c / g, g, o / g] -> [B, g, n, h', w', kh, kw, c / g]
  const left = reshape(m, dy.value, [m.size, n!, h!, width!, p.groups, o! / p.groups]);
  const right = reshape(m, w.value, [m.size, kh!, kw!, part!, p.groups, o! / p.groups]);
  const product = m.apply("dot_general", [left, right], {
    lhs_batch: [0, 4],
    rhs_batch: [0, 4],
    lhs_contracting: [5],
    rhs_contracting: [5],
  });
  const channels = part! * p.groups;
  const patches = reshape(m, transpose(m, product, [0, 2, 3, 4, 5, 6, 1, 7]), [
    m.size * n!,
    h!,
    width!,
    kh!,
    kw!,
    channels,
  ]);
  const { stride, dilation, padding, input_size } = p;
  return split(m, m.apply("fold", [patches], { kernel: [kh!, kw!], stride, dilation, padding, input_size }), m.size);
}

/** x [n, h, w, c], dy [n, h', w', o] -> w [kh, kw, c / g, o] */
export function filterGradientBatched(m: Mapping, p: Prims["conv2d_filter_gradient"], x: Operand, dy: Operand): Value {
  const [kh, kw] = p.kernel_size;
  if (!dy.varies) {
    const w = m.apply("conv2d_filter_gradient", [intoChannels(m, x.value, 3, p.groups), dy.value], p);
    const [, , joined, o] = shapeOf(m, w);
    return transpose(m, reshape(m, w, [kh, kw, m.size, joined! / m.size, o!]), [2, 0, 1, 3, 4]);
  }
  if (!x.varies) {
    const w = m.apply("conv2d_filter_gradient", [x.value, intoChannels(m, dy.value, 3, p.groups)], p);
    return outOfChannels(m, w, 3, p.groups);
  }
  const patches = patchesOf(m, x.value, { ...p, kernel: p.kernel_size });
  const [, n, h, width, , , c] = shapeOf(m, patches);
  const o = shapeOf(m, dy.value)[4]!;
  // [B, n, h', w', kh, kw, g, c / g] . [B, n, h', w', g, o / g] -> [B, g, kh, kw, c / g, o / g]
  const left = reshape(m, patches, [m.size, n!, h!, width!, kh, kw, p.groups, c! / p.groups]);
  const right = reshape(m, dy.value, [m.size, n!, h!, width!, p.groups, o / p.groups]);
  const w = m.apply("dot_general", [left, right], {
    lhs_batch: [0, 6],
    rhs_batch: [0, 4],
    lhs_contracting: [1, 2, 3],
    rhs_contracting: [1, 2, 3],
  });
  return reshape(m, transpose(m, w, [0, 2, 3, 4, 1, 5]), [m.size, kh, kw, c! / p.groups, o]);
}

export const unfoldBatched = (m: Mapping, p: Prims["unfold"], x: Value): Value =>
  split(m, m.apply("unfold", [merge(m, x)], p), m.size);

export const foldBatched = (m: Mapping, p: Prims["fold"], x: Value): Value =>
  split(m, m.apply("fold", [merge(m, x)], p), m.size);

const shapeOf = (m: Mapping, value: Value): readonly number[] => m.typeOf(value).shape;

/** [B, n, …] -> [B n, …] */
function merge(m: Mapping, value: Value): Value {
  const [size, n, ...rest] = shapeOf(m, value);
  return reshape(m, value, [size! * n!, ...rest]);
}

/** [B n, …] -> [B, n, …] */
function split(m: Mapping, value: Value, size: number): Value {
  const [joined, ...rest] = shapeOf(m, value);
  return reshape(m, value, [size, joined! / size, ...rest]);
}

/** [B, …, g c, …] -> […, g B c, …]; `axis` counts without B. */
function intoChannels(m: Mapping, value: Value, axis: number, groups: number): Value {
  const [size, ...shape] = shapeOf(m, value);
  const [before, channels, after] = [shape.slice(0, axis), shape[axis]!, shape.slice(axis + 1)];
  const parts = reshape(m, value, [size!, ...before, groups, channels / groups, ...after]);
  const order = [...before.map((_, i) => i + 1), axis + 1, 0, axis + 2, ...after.map((_, i) => axis + 3 + i)];
  return reshape(m, transpose(m, parts, order), [...before, size! * channels, ...after]);
}

/** […, g B c, …] -> [B, …, g c, …] */
function outOfChannels(m: Mapping, value: Value, axis: number, groups: number): Value {
  const shape = shapeOf(m, value);
  const [before, joined, after] = [shape.slice(0, axis), shape[axis]!, shape.slice(axis + 1)];
  const channels = joined / m.size;
  const parts = reshape(m, value, [...before, groups, m.size, channels / groups, ...after]);
  const order = [axis + 1, ...before.map((_, i) => i), axis, axis + 2, ...after.map((_, i) => axis + 3 + i)];
  return reshape(m, transpose(m, parts, order), [m.size, ...before, channels, ...after]);
}

/** Patches of x [B, n, h, w, c] -> [B, n, h', w', kh, kw, c] */
function patchesOf(m: Mapping, x: Value, { kernel, stride, dilation, padding }: Patches): Value {
  return unfoldBatched(m, { kernel, stride, dilation, padding, fill: 0 }, x);
}
