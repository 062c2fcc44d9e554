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
  })(e, [asSign(e, g, sign), sign]);
}

/**
 * g in the order in which the sign lies, where it holds all axes along which that varies: others first, for copies of whole blocks; before the channels
 * where the sign lies with the examples innermost.
 */
function asSign(e: Emitter, g: View, sign: View): View {
  const inner = sign.groups.flat();
  const more = g.groups.flat().filter((axis) => !inner.includes(axis));
  if (inner.length + more.length > g.groups.flat().length) return g;
  const turned = inner.some((axis, i) => i > 0 && axis < inner[i - 1]!);
  if (turned) return reorder(e, g, [...inner.slice(0, -1), ...more, inner.at(-1)!]);
  return more.length === 0 ? g : reorder(e, g, [...more, ...inner]);
}
