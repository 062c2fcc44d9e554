import type { Graph, Value } from "../../ir/graph.ts";
import type { Conv } from "../../ir/primitives.ts";
import { sizeOf, type TensorType } from "../../shape/tensor.ts";
import { arrange, canonical, grouped } from "../view.ts";
import type { Emitter } from "./emitter.ts";
import type { TfValue } from "./model.ts";
import type { View } from "./rule.ts";

// Images that lie [h, w, n, c], the examples innermost but for the channels. The engine's convolution of three dimensions, of which the kernel spans two,
// then takes all examples of a place as the rows of one product, where that of two dimensions has only the few places of a row of one small image.

const INNER = [[1], [2], [0], [3]] as const;

/** Examples for which a product is long enough to gain by it. */
const MANY = 32;

/** Channels so few that to lay the images so costs less than it gains. */
const FEW = 2;

/**
 * Convolutions that lay their images so: of few channels, and read by nothing else, since gradients of kernels are slower so. Those that follow keep
 * what they find.
 */
export function beginnings(graph: Graph): ReadonlySet<number> {
  const others = new Set<Value>();
  const first = graph.inputs.length;
  const origin: Value[] = graph.inputs.map((_, i) => i);
  graph.nodes.forEach(({ op, inputs }, i) => {
    origin.push(op === "reshape" ? origin[inputs[0]!]! : first + i);
    for (const [at, v] of inputs.entries())
      if (op !== "reshape" && !(op === "conv2d" && at === 0)) others.add(origin[v]!);
  });
  for (const v of graph.outputs) others.add(origin[v]!);
  const found = new Set<number>();
  graph.nodes.forEach((node, i) => {
    if (node.op !== "conv2d") return;
    const [x] = node.inputs;
    const type = (graph.inputs[x!] ?? graph.nodes[x! - first]!).type;
    if (isTaken(node.params, type) && type.shape[3]! <= FEW && !others.has(origin[x!]!)) found.add(i);
  });
  return found;
}

const isTaken = ({ dilation, groups }: Conv, { dtype, shape }: TensorType): boolean =>
  dtype === "f32" && groups === 1 && dilation.every((d) => d === 1) && shape[0]! >= MANY && sizeOf(shape) > 0;

/** The images laid so. */
export const innermost = (e: Emitter, x: View): View => grouped(e, arrange(e, x, INNER), x.dtype, x.shape, INNER);

/** Whether images lie so, and a convolution takes them as they are. */
export function liesInner(x: View, params: Conv): boolean {
  const order = x.groups.flat();
  return (
    isTaken(params, x) &&
    order.some((axis) => axis === 1 || axis === 2) &&
    order.includes(0) &&
    INNER.flat()
      .filter((axis) => order.includes(axis))
      .every((axis, i) => axis === order[i])
  );
}

/** A convolution of images that lie so; its result does too. */
export function convInner(e: Emitter, x: View, w: View, { stride, padding }: Conv, to: readonly number[]): View {
  const [n, height, width, c] = x.shape as readonly [number, number, number, number];
  const images = e.reshape(arrange(e, x, INNER), [1, height, width, n, c]);
  const value = e.emit("Conv3D", [images, kernelOf(e, w)], x.dtype, [1, to[1]!, to[2]!, n, to[3]!], {
    strides: { ints: [1, ...stride, 1, 1] },
    padding: { text: padding.toUpperCase() },
  });
  return grouped(e, e.lying(value), x.dtype, to, INNER);
}

/** [kh, kw, c, o] as a kernel that spans one place of the third dimension. */
function kernelOf(e: Emitter, w: View): TfValue {
  const [kh, kw, c, o] = w.shape as readonly [number, number, number, number];
  return e.reshape(canonical(e, w), [kh, kw, 1, c, o]);
}
