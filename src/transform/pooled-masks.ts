import type { Value } from "../ir/graph.ts";
import { fullLike, reshape } from "../ir/operations.ts";
import { sameShape } from "../shape/tensor.ts";
import type { NodeOf, Rewriter } from "./rewrite.ts";

/**
 * The gradient of a maximum pool behind a relu: what is 0 where x <= 0 is 0 where the maximum is, since a place whose relu is the maximum has x > 0
 * exactly where the maximum has. select(x > 0, fold(select(relu x = max, g, 0)), 0) = fold(select(relu x = max, select(max > 0, g, 0), 0)): the mask
 * is as small as what was pooled.
 */
export function maskBeforePool(s: Rewriter, pred: Value, yes: Value, no: Value): Value | undefined {
  const positive = s.as(pred, "compare");
  const fold = s.as(unshaped(s, yes), "fold");
  if (fold === undefined || positive?.params.direction !== "GT") return undefined;
  if (s.splatOf(positive.inputs[1]!) !== 0 || s.splatOf(no) !== 0) return undefined;
  const chosen = s.as(unshaped(s, fold.inputs[0]!), "select");
  if (chosen === undefined || s.splatOf(chosen.inputs[2]!) !== 0) return undefined;
  const equal = s.as(chosen.inputs[0]!, "compare");
  const shared = s.as(chosen.inputs[1]!, "broadcast_in_dim");
  if (equal?.params.direction !== "EQ" || shared === undefined) return undefined;
  const [patches, most] = equal.inputs as readonly [Value, Value];
  const spread = s.as(most, "broadcast_in_dim");
  const maximum = spread && s.as(spread.inputs[0]!, "reduce_max");
  if (maximum?.inputs[0] !== patches || !sameShape(spread!.params.dimensions, shared.params.dimensions))
    return undefined;
  const unfold = s.as(unshaped(s, patches), "unfold");
  if (unfold === undefined || !areAlike(unfold, fold)) return undefined;
  const relu = s.as(unshaped(s, unfold.inputs[0]!), "maximum");
  if (relu === undefined || s.splatOf(relu.inputs[1]!) !== 0) return undefined;
  if (unshaped(s, relu.inputs[0]!) !== unshaped(s, positive.inputs[0]!)) return undefined;

  const [pooled, gradient] = [spread!.inputs[0]!, shared.inputs[0]!];
  const open = s.apply("compare", [pooled, fullLike(s, pooled, 0)], { direction: "GT" });
  const masked = s.apply("select", [open, gradient, fullLike(s, gradient, 0)], {});
  const again = s.apply("broadcast_in_dim", [masked], shared.params);
  const places = s.apply("select", [chosen.inputs[0]!, again, chosen.inputs[2]!], {});
  const folded = s.apply("fold", [reshape(s, places, s.typeOf(fold.inputs[0]!).shape)], fold.params);
  return reshape(s, folded, s.typeOf(yes).shape);
}

/** The elements before they were only looked at in other shapes. */
function unshaped(s: Rewriter, value: Value): Value {
  const node = s.as(value, "reshape");
  return node === undefined ? value : unshaped(s, node.inputs[0]!);
}

const areAlike = ({ params: a }: NodeOf<"unfold">, { params: b }: NodeOf<"fold">): boolean =>
  sameShape(a.kernel, b.kernel) &&
  sameShape(a.stride, b.stride) &&
  sameShape(a.dilation, b.dilation) &&
  a.padding === b.padding;
