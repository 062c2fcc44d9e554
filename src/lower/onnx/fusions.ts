import type { Graph, Node, Value } from "../../ir/graph.ts";
import type { Prim, Prims } from "../../ir/primitives.ts";
import { type Fusion as Common, findFusions as findCommon, matchers } from "../fusions.ts";
import { reshape } from "../reshape.ts";
import { convolve, takesBias, withBias } from "./convolutions.ts";
import { Arithmetic, nary } from "./elementwise.ts";
import type { Emitter } from "./emitter.ts";
import { structure } from "./structure.ts";
import { grouped, type View } from "./view.ts";
import { alongAxis } from "./windows.ts";

/** What engines fuse, and what this one does beyond. */
export type Fusion =
  | Common
  /** Patches of one channel that only products read: a convolution with one-hot kernels, whose zeros meet what other windows hold. */
  | { readonly kind: "patches_of_one"; readonly x: Value; readonly params: Prims["unfold"] }
  /** A convolution plus a number for each of its channels, `convolved` and `spread`, which nothing else reads. */
  | {
      readonly kind: "biased_convolution";
      readonly conv: Node & { readonly op: "conv2d" };
      readonly bias: Value;
      readonly convolved: Value;
      readonly spread: Value;
      readonly shape: readonly number[];
    };

/** Fusions by the value they give. Only f32, for which the engine has the operations. */
export function findFusions(graph: Graph): ReadonlyMap<Value, Fusion> {
  const own = graph.inputs.length;
  const { nodeOf } = matchers(graph);
  const found = new Map<Value, Fusion>(findCommon(graph));

  const readers = readersOf(graph);
  const onlyProducts = (value: Value): boolean =>
    readers.get(value)!.every((by) => {
      const op = nodeOf(by)?.op;
      return op !== undefined && (PRODUCTS.has(op) || (VIEWS.has(op) && onlyProducts(by)));
    });

  const biased = (sum: Node, convolved: Value, spread: Value): Fusion | undefined => {
    const { shape } = sum.type;
    const bias = nodeOf(spread);
    if (bias?.op !== "broadcast_in_dim" || bias.params.dimensions.join() !== `${shape.length - 1}`) return undefined;
    let conv = nodeOf(convolved);
    let value = convolved;
    while (conv?.op === "reshape" && readers.get(value)!.length === 1) {
      value = conv.inputs[0]!;
      conv = nodeOf(value);
    }
    if (conv?.op !== "conv2d" || readers.get(value)!.length !== 1 || conv.type.shape[3] !== shape.at(-1))
      return undefined;
    return { kind: "biased_convolution", conv, bias: bias.inputs[0]!, convolved, spread, shape };
  };

  graph.nodes.forEach((node, i) => {
    if (node.type.dtype !== "f32") return;
    if (node.op === "unfold" && node.params.fill === 0 && node.type.shape.at(-1) === 1 && onlyProducts(own + i))
      found.set(own + i, { kind: "patches_of_one", x: node.inputs[0]!, params: node.params });
    if (node.op === "add") {
      const [a, b] = node.inputs as readonly [Value, Value];
      const fusion = biased(node, a, b) ?? biased(node, b, a);
      if (fusion !== undefined) found.set(own + i, fusion);
    }
  });
  return found;
}

const PRODUCTS: ReadonlySet<Prim> = new Set(["dot_general"]);
const VIEWS: ReadonlySet<Prim> = new Set(["reshape", "transpose"]);

/** Nodes that read each value; -1 for an output. */
function readersOf(graph: Graph): ReadonlyMap<Value, readonly Value[]> {
  const readers = new Map<Value, Value[]>();
  graph.nodes.forEach((_, i) => {
    readers.set(graph.inputs.length + i, []);
  });
  const read = (value: Value, by: Value) => {
    readers.get(value)?.push(by);
  };
  graph.nodes.forEach(({ inputs }, i) => {
    for (const value of inputs) read(value, graph.inputs.length + i);
  });
  for (const value of graph.outputs) read(value, -1);
  return readers;
}

/** Larger than the inverse of any normal number, so that [0, 1] clamps a product with it to 0 or 1. */
const HUGE = 3.4028234663852886e38;

export function lowerFusion(emitter: Emitter, fusion: Fusion, view: (value: Value) => View): View {
  const math = new Arithmetic(emitter);
  if (fusion.kind === "leaky_relu") {
    const x = view(fusion.x);
    return { ...x, value: math.unary("LeakyRelu", x.value, { alpha: { float: fusion.slope } }) };
  }
  if (fusion.kind === "patches_of_one") return patchesOfOne(emitter, view(fusion.x), fusion.params);
  if (fusion.kind === "biased_convolution") {
    const { conv, bias, convolved, spread, shape } = fusion;
    if (!takesBias(emitter, conv.params))
      return nary((m, a, b) => m.binary("Add", a, b))(emitter, [view(convolved), view(spread)]);
    const [x, w] = conv.inputs.map(view) as [View, View];
    return reshape(emitter, withBias(emitter, [x, w, view(bias)], conv.params, conv.type.shape), shape);
  }
  // Two clamps and a product: selecting takes the engine three passes and more.
  const sign = view(fusion.sign);
  const step = math.unary("HardSigmoid", sign.value, { alpha: { float: HUGE }, beta: { float: 0 } });
  const slopes = fusion.spread.reduce<View>((x, params) => structure.broadcast_in_dim(emitter, [x], params), {
    ...sign,
    value: clip(emitter, step, fusion.slope),
  });
  return nary((m, g, slope) => m.binary("Mul", g, slope))(emitter, [view(fusion.g), slopes]);
}

const clip = (emitter: Emitter, x: View["value"], low: number): View["value"] =>
  emitter.emit("Clip", [x, emitter.scalar("f32", low), emitter.scalar("f32", 1)], x.type, x.shape);

/** x[n, h, w, 1] by kernels [kh kw, 1, kh, kw], each 1 at one place: [n, kh kw, h' w'], in one pass of the engine's own. */
function patchesOfOne(emitter: Emitter, x: View, params: Prims["unfold"]): View {
  const [kh, kw] = params.kernel;
  const taps = kh * kw;
  const one = new Float32Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) one[tap * taps + tap] = 1;
  const [n, height, width] = x.shape as readonly [number, number, number, number];
  const windows = { ...params, input: [height, width] as const };
  const kernel = emitter.constant("f32", [taps, 1, kh, kw], one);
  const [rows, columns] = [alongAxis(windows, 0).out, alongAxis(windows, 1).out];
  const value = convolve(emitter, x, kernel, windows, 1, [n, taps, rows, columns]);
  return grouped(emitter, value, "f32", [n, rows, columns, kh, kw, 1], [[0], [3, 4], [1], [2]]);
}
