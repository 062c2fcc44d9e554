import type { Graph, Value } from "../../ir/graph.ts";
import type { Conv } from "../../ir/primitives.ts";
import { sizeOf, type TensorType } from "../../shape/tensor.ts";
import { arrange, canonical, grouped, plain } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfAttributes, TfValue } from "./model.ts";
import { product } from "./products.ts";
import type { View } from "./rule.ts";

// Images that lie [h, w, n, c], the examples innermost but for the channels. The engine's convolution of three dimensions, of which the kernel spans two,
// then takes all examples of a place as the rows of one product, where that of two dimensions has only the few places of a row of one small image.

const INNER = [[1], [2], [0], [3]] as const;

/** Examples for which a product is long enough to gain by it. */
const MANY = 32;

/** Channels so few that to lay the images so costs less than it gains. */
const FEW = 2;

/** Channels up to which convolutions of small images gain: measured 8 and 16 faster by a third, 32 the same, 64 slower by a tenth. */
const NARROW = 32;

/** Channels so many that the gradient of a kernel to them is faster so; of fewer it is slower. */
const WIDE = 48;

/**
 * Convolutions that lay their images so: of few channels, and read by nothing else but gradients of wide kernels. Those that follow keep what they find.
 * None where there are pools, whose windows are taken from images as given: to lay them back costs more than convolutions gain; nor where images have
 * many channels, of which a row is a long product already.
 */
export function beginnings(graph: Graph): ReadonlySet<Value> {
  const gains = graph.nodes.every(({ op, inputs }) =>
    op === "conv2d" ? typeOf(graph, inputs[0]!).shape[3]! <= NARROW : op !== "unfold" && op !== "fold",
  );
  if (!gains) return new Set();
  const others = new Set<Value>();
  const first = graph.inputs.length;
  const origin: Value[] = graph.inputs.map((_, i) => i);
  graph.nodes.forEach(({ op, inputs, type }, i) => {
    origin.push(op === "reshape" ? origin[inputs[0]!]! : first + i);
    const convolves = op === "conv2d" || (op === "conv2d_filter_gradient" && type.shape[3]! >= WIDE);
    for (const [at, v] of inputs.entries()) if (op !== "reshape" && !(convolves && at === 0)) others.add(origin[v]!);
  });
  for (const v of graph.outputs) others.add(origin[v]!);
  const found = new Set<Value>();
  graph.nodes.forEach((node, i) => {
    if (node.op !== "conv2d" && node.op !== "conv2d_filter_gradient") return;
    const [x] = node.inputs;
    const type = typeOf(graph, x!);
    if (isTaken(node.params, type) && type.shape[3]! <= FEW && !others.has(origin[x!]!)) found.add(first + i);
  });
  return found;
}

const typeOf = (graph: Graph, value: Value): TensorType =>
  (graph.inputs[value] ?? graph.nodes[value - graph.inputs.length]!).type;

const isTaken = ({ dilation, groups }: Conv, { dtype, shape }: TensorType): boolean =>
  dtype === "f32" && groups === 1 && dilation.every((d) => d === 1) && shape[0]! >= MANY && sizeOf(shape) > 0;

/** The images laid so. */
export const innermost = (e: Emitter, x: View): View => grouped(e, arrange(e, x, INNER), x.dtype, x.shape, INNER);

/** Whether images lie so, and a convolution takes them as they are. */
export const liesInner = (x: View, params: Conv): boolean => isTaken(params, x) && lies(x, INNER.flat());

/** Whether examples lie behind places, and all axes in this order. */
function lies(x: View, inner: readonly number[]): boolean {
  const order = x.groups.flat();
  const wanted = inner.filter((axis) => x.shape[axis] !== 1);
  const [, , n] = inner;
  return order.length === wanted.length && order.every((axis, i) => axis === wanted[i]) && order[0] !== n;
}

/** Outputs for which a kernel's gradient gains by patches; of fewer it is the same. */
const PATCHED = 32;

type Trio = "conv2d" | "conv2d_input_gradient";

/** A convolution of images that lie so; its result does too. */
export function convInner(e: Emitter, x: View, w: View, params: Conv, to: readonly number[]): View {
  const value = convolution(e, "conv2d", arrange(e, x, INNER), w, params, to);
  return grouped(e, value, x.dtype, to, INNER);
}

/** The gradient of images from outputs that lie so. */
export function inputGradientInner(e: Emitter, dy: View, w: View, params: Conv, to: readonly number[]): View {
  const value = convolution(e, "conv2d_input_gradient", arrange(e, dy, INNER), w, params, to);
  return grouped(e, value, dy.dtype, to, INNER);
}

/** The gradient of a kernel, from images that lie so. */
export function filterGradientInner(e: Emitter, x: View, dy: View, params: Conv, to: readonly number[]): View {
  if (x.shape[3] === 1 && to[3]! >= Math.max(PATCHED, to[0]! * to[1]!))
    return filterGradientOfPatches(e, x, dy, params, to);
  const [images, outputs] = [x, dy].map((view) => e.reshape(arrange(e, view, INNER), laid(view.shape)));
  const shape = [to[0]!, to[1]!, 1, to[2]!, to[3]!];
  const operands = [images!, e.ints(shape), outputs!];
  const value = e.emit("Conv3DBackpropFilterV2", operands, x.dtype, shape, attributes(params));
  return plain(e, value, x.dtype, to);
}

/**
 * The same of images of one channel: a product with their patches, which a convolution with one 1 in each kernel gathers. The engine's kernel computes on
 * channels that it pads: measured slower by 1.4 to 3.
 */
function filterGradientOfPatches(e: Emitter, x: View, dy: View, params: Conv, to: readonly number[]): View {
  const [kh, kw, , o] = to as readonly [number, number, number, number];
  const taps = kh * kw;
  const ones = new Float32Array(taps * taps);
  for (let i = 0; i < taps; i++) ones[i * taps + i] = 1;
  const one = plain(e, e.constant("f32", [kh, kw, 1, taps], ones), "f32", [kh, kw, 1, taps]);
  const [n, height, width] = dy.shape as readonly [number, number, number];
  const patches = convolution(e, "conv2d", arrange(e, x, INNER), one, params, [n, height, width, taps]);
  const rows = (value: TfValue, columns: number) => e.reshape(value, [height * width * n, columns]);
  const value = product(e, rows(patches, taps), rows(arrange(e, dy, INNER), o), true);
  return plain(e, e.reshape(value, to), "f32", to);
}

/** x [h, w, n, c] and the shape [n, h', w', o] of the result, which lies [h', w', n, o]. */
function convolution(e: Emitter, op: Trio, x: TfValue, w: View, params: Conv, to: readonly number[]): TfValue {
  const [height, width, n, c] = x.shape as readonly [number, number, number, number];
  const images = e.reshape(x, [1, height, width, n, c]);
  const kernel = e.reshape(canonical(e, w), [w.shape[0]!, w.shape[1]!, 1, w.shape[2]!, w.shape[3]!]);
  const shape = laid(to);
  const value =
    op === "conv2d"
      ? e.emit("Conv3D", [images, kernel], x.type, shape, attributes(params))
      : e.emit("Conv3DBackpropInputV2", [e.ints(shape), kernel, images], x.type, shape, {
          ...attributes(params),
          T: { type: x.type },
        });
  return e.lying(value);
}

/** Of images [n, h, w, c]. */
const laid = ([n, height, width, c]: readonly number[]): readonly number[] => [1, height!, width!, n!, c!];

const attributes = ({ stride, padding }: Conv): TfAttributes => ({
  strides: { ints: [1, ...stride, 1, 1] },
  padding: { text: padding.toUpperCase() },
});

/** A convolution of several batches as one: [k, n, h, w, c] -> [k n, h, w, c] -> [k n, h', w', o] -> [k, n, h', w', o], with sizes of 1 anywhere between. */
export interface Several {
  readonly op: Trio;
  /** [k, n, h, w, c], and its axes in this order; undefined where the size is 1. */
  readonly x: Value;
  readonly from: Axes;
  readonly w: Value;
  readonly params: Conv;
  /** [k n, h', w', o], and the axes of the result. */
  readonly shape: readonly number[];
  readonly to: Axes;
}

type Axes = readonly (number | undefined)[];

export interface Batches {
  /** By the reshape that parts the batches again. */
  readonly several: ReadonlyMap<Value, Several>;
  /** What only leads there, with the value that it begins with. */
  readonly between: ReadonlyMap<Value, Several>;
}

export function severalBatches(graph: Graph): Batches {
  const first = graph.inputs.length;
  const users = new Map<Value, Value[]>();
  graph.nodes.forEach(({ inputs }, i) => {
    for (const v of inputs) users.set(v, [...(users.get(v) ?? []), first + i]);
  });
  for (const v of graph.outputs) users.set(v, [...(users.get(v) ?? []), -1]);
  const nodeOf = (v: Value) => graph.nodes[v - first];
  const several = new Map<Value, Several>();
  const between = new Map<Value, Several>();
  graph.nodes.forEach((node, i) => {
    if (node.op !== "reshape") return;
    const [x] = node.inputs;
    const from = parted(typeOf(graph, x!).shape, node.type.shape);
    const convolutions = users.get(first + i) ?? [];
    if (from === undefined) return;
    const found = convolutions.flatMap((v) => {
      const conv = nodeOf(v);
      if (conv?.op !== "conv2d" && conv?.op !== "conv2d_input_gradient") return [];
      if (conv.inputs[0] !== first + i || conv.inputs[1] === first + i || !isTaken(conv.params, node.type)) return [];
      const ends = (users.get(v) ?? []).map((end) => {
        const to = nodeOf(end)?.op === "reshape" ? parted(nodeOf(end)!.type.shape, conv.type.shape) : undefined;
        return to === undefined || from.k !== to.k ? undefined : { end, to: to.axes };
      });
      if (!ends.every((end) => end !== undefined)) return [];
      const one = {
        op: conv.op,
        x: x!,
        from: from.axes,
        w: conv.inputs[1]!,
        params: conv.params,
        shape: conv.type.shape,
      };
      return [{ v, ends: ends.map(({ end, to }) => ({ end, one: { ...one, to } })) }];
    });
    if (found.length === 0 || found.length < convolutions.length) return;
    for (const { v, ends } of found)
      for (const { end, one } of ends) {
        several.set(end, one);
        between.set(v, one);
        between.set(first + i, one);
      }
  });
  return { several, between };
}

/** The axes of `shape` that are k, n and the last three of [k n, h, w, c]. */
function parted(
  shape: readonly number[],
  [joined, ...rest]: readonly number[],
): { readonly k: number; readonly axes: Axes } | undefined {
  const axes = shape.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const [k, n, ...more] = axes;
  if (rest.length !== 3 || k === undefined || n === undefined || shape[k]! * shape[n]! !== joined) return undefined;
  const places = rest.map((size) => (size === 1 ? undefined : more.shift()));
  if (more.length > 0 || places.some((axis, i) => axis !== undefined && shape[axis] !== rest[i])) return undefined;
  if (places.some((axis, i) => axis === undefined && rest[i] !== 1)) return undefined;
  return { k: shape[k]!, axes: [k, n, ...places] };
}

/** Whether several batches lie [h, w, n, k, c]. */
export const batchesLieInner = (x: View, { from }: Several): boolean => lies(x, ofBatches(from).flat());

const ofBatches = ([k, n, h, w, c]: Axes): readonly (readonly number[])[] =>
  [h, w, n, k, c].map((axis) => (axis === undefined ? [] : [axis]));

/** The examples of all batches of a place are the rows of one product; what comes of it lies as what it comes of. */
export function convSeveral(
  e: Emitter,
  x: View,
  w: View,
  { op, from, params, shape, to }: Several,
  of: readonly number[],
): View {
  const [h, width, n, k, c] = ofBatches(from);
  const images = arrange(e, x, [h!, width!, [...n!, ...k!], c!]);
  const [rows, columns, examples, batches, channels] = ofBatches(to);
  const groups = [rows!, columns!, examples!, [...batches!, ...channels!]];
  return grouped(e, convolution(e, op, images, w, params, shape), x.dtype, of, groups);
}
