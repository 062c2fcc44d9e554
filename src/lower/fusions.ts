import type { Graph, Node, Value } from "../ir/graph.ts";
import type { Prims } from "../ir/primitives.ts";

/** A value that one operation of the engine gives, though the IR has several: which they are, and what it reads. */
export type Fusion =
  /** max(x, slope x), 0 < slope < 1 */
  | { readonly kind: "leaky_relu"; readonly x: Value; readonly slope: number }
  /** g where x > 0, slope g elsewhere; `sign` has the sign of x, and is broadcast so, the innermost first: of several tangents of one input. */
  | {
      readonly kind: "leaky_gradient";
      readonly g: Value;
      readonly sign: Value;
      readonly spread: readonly Prims["broadcast_in_dim"][];
      readonly slope: number;
    };

/** Fusions by the value they give. Only f32, for which the engine has the operations. */
export function findFusions(graph: Graph): ReadonlyMap<Value, Fusion> {
  const own = graph.inputs.length;
  const found = new Map<Value, Fusion>();
  /** x -> max(x, slope x): an activation has the sign of what it is applied to, and so saves keeping that. */
  const activated = new Map<Value, Value>();

  const { multiple, positive, unspread } = matchers(graph);

  graph.nodes.forEach((node, i) => {
    if (node.type.dtype !== "f32") return;
    if (node.op === "maximum") {
      const [a, b] = node.inputs as readonly [Value, Value];
      for (const [x, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const slope = multiple(other, x);
        if (!isSlope(slope)) continue;
        found.set(own + i, { kind: "leaky_relu", x, slope });
        activated.set(x, own + i);
        return;
      }
    }
    if (node.op === "select") {
      const [pred, g, no] = node.inputs as readonly [Value, Value, Value];
      const { from, spread } = unspread(pred);
      const x = positive(from);
      const slope = multiple(no, g);
      if (x !== undefined && isSlope(slope))
        found.set(own + i, { kind: "leaky_gradient", g, sign: activated.get(x) ?? x, spread, slope });
    }
  });
  return found;
}

export const isSlope = (slope: number | undefined): slope is number => slope !== undefined && slope > 0 && slope < 1;

/** What values are, as fusions look for them. */
export function matchers(graph: Graph) {
  const nodeOf = (value: Value): Node | undefined => graph.nodes[value - graph.inputs.length];

  /** The number that fills a value. */
  const splat = (value: Value): number | undefined => {
    const node = nodeOf(value);
    if (node?.op === "broadcast_in_dim") return splat(node.inputs[0]!);
    if (node?.op !== "constant") return undefined;
    const { data } = node.params.value;
    return data.length > 0 && data.every((x) => x === data[0]) ? data[0] : undefined;
  };
  /** The slope by which `value` is a multiple of x. */
  const multiple = (value: Value, x: Value): number | undefined => {
    const node = nodeOf(value);
    if (node?.op !== "multiply") return undefined;
    const [a, b] = node.inputs as readonly [Value, Value];
    return a === x ? splat(b) : b === x ? splat(a) : undefined;
  };
  /** The x of `x > slope x`, which is `x > 0`. */
  const positive = (value: Value): Value | undefined => {
    const node = nodeOf(value);
    if (node?.op !== "compare") return undefined;
    const [a, b] = node.inputs as readonly [Value, Value];
    if (node.params.direction === "GT" && isSlope(multiple(b, a))) return a;
    return node.params.direction === "LT" && isSlope(multiple(a, b)) ? b : undefined;
  };

  /** What a value broadcasts, and how. */
  const unspread = (value: Value): { readonly from: Value; readonly spread: readonly Prims["broadcast_in_dim"][] } => {
    const node = nodeOf(value);
    if (node?.op !== "broadcast_in_dim") return { from: value, spread: [] };
    const { from, spread } = unspread(node.inputs[0]!);
    return { from, spread: [...spread, node.params] };
  };

  return { nodeOf, multiple, positive, unspread };
}
