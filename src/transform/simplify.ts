import type { Graph } from "../ir/graph.ts";
import { verified } from "../ir/verify.ts";
import { sameShape } from "../shape/tensor.ts";
import { algebra } from "./algebra.ts";
import { commonSubexpressions } from "./common.ts";
import { deadCode } from "./dead-code.ts";
import { foldConstants } from "./fold-constants.ts";
import type { Pass } from "./rewrite.ts";

/** In the order they run. */
export const passes: readonly Pass[] = [foldConstants, algebra, commonSubexpressions, deadCode];

/** What one pass opens for another is small after this many rounds. */
const ROUNDS = 4;

/** A smaller graph that computes the same: every pass, until none changes anything. Each leaves a verified graph. */
export function simplify(graph: Graph, options: { readonly verify?: boolean } = {}): Graph {
  let now = graph;
  for (let round = 0; round < ROUNDS; round++) {
    const before = now;
    for (const pass of passes) {
      now = pass.run(now);
      if (options.verify ?? true) verified(now);
    }
    if (same(now, before)) break;
  }
  return now;
}

/** Passes keep the parameters of an operation that they do not touch. */
const same = (a: Graph, b: Graph): boolean =>
  a.nodes.length === b.nodes.length &&
  sameShape(a.outputs, b.outputs) &&
  a.nodes.every((node, i) => node.params === b.nodes[i]!.params && sameShape(node.inputs, b.nodes[i]!.inputs));
