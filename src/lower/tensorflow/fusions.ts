import type { Value } from "../../ir/graph.ts";
import type { Fusion } from "../fusions.ts";
import { broadcastShape } from "../view.ts";
import { nary } from "./elementwise.ts";
import type { Emitter } from "./emitter.ts";
import type { View } from "./rule.ts";

/** One pass over the elements where the operations of the IR would take several. */
export function lowerFusion(e: Emitter, fusion: Fusion, view: (value: Value) => View): View {
  const alpha = { alpha: { float: fusion.slope } };
  if (fusion.kind === "leaky_relu") {
    const x = view(fusion.x);
    return { ...x, value: e.unary("LeakyRelu", x.value, alpha) };
  }
  return nary((m, g, sign) => {
    // Its operands have one shape.
    const shape = broadcastShape([g.shape, sign.shape]);
    return m.emit("LeakyReluGrad", [m.expand(g, shape), m.expand(sign, shape)], g.type, shape, alpha);
  })(e, [view(fusion.g), view(fusion.sign)]);
}
