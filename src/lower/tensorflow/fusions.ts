import type { Value } from "../../ir/graph.ts";
import type { Fusion } from "../fusions.ts";
import { broadcastShape, reorder } from "../view.ts";
import { nary } from "./elementwise.ts";
import type { Emitter } from "./emitter.ts";
import type { View } from "./rule.ts";
import { structure } from "./structure.ts";

/** One pass over the elements where the operations of the IR would take several. */
export function lowerFusion(e: Emitter, fusion: Fusion, view: (value: Value) => View): View {
  const alpha = { alpha: { float: fusion.slope } };
  if (fusion.kind === "leaky_relu") {
    const x = view(fusion.x);
    return { ...x, value: e.unary("LeakyRelu", x.value, alpha) };
  }
  const sign = fusion.spread.reduce<View>((x, params) => structure.broadcast_in_dim(e, [x], params), view(fusion.sign));
  const g = view(fusion.g);
  return nary((m, dy, features) => {
    // Its operands have one shape; a broadcast over the first dimensions is a copy of whole blocks.
    const shape = broadcastShape([dy.shape, features.shape]);
    return m.emit("LeakyReluGrad", [m.expand(dy, shape), m.expand(features, shape)], dy.type, shape, alpha);
  })(e, [signLast(e, g, sign), sign]);
}

/** g with the axes along which the sign varies last and in its order, where it holds them all. */
function signLast(e: Emitter, g: View, sign: View): View {
  const inner = sign.groups.flat();
  const held = g.groups.flat();
  if (!inner.every((axis) => held.includes(axis)) || inner.length === held.length) return g;
  return reorder(e, g, [...held.filter((axis) => !inner.includes(axis)), ...inner]);
}
