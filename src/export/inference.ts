import type { Graph } from "../ir/graph.ts";
import { inOrder, type Parameters } from "../learn/metrics.ts";
import { parameterCount } from "../learn/objective.ts";
import type { Network } from "../plan/network.ts";
import { type Tensor, tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import { vmap } from "../transform/vmap.ts";

/** What a file of another format is made from. */
export interface Inference {
  readonly network: Network;
  /** Weights, then states, in the network's order, as f32: the network's own type, whatever it was trained in. */
  readonly parameters: readonly Tensor[];
  /** (weights…, states…, fields [size, …]…) -> results [size, …]…, as after training. */
  readonly graph: (size: number) => Graph;
}

export const inferenceOf = (network: Network, parameters: Parameters): Inference => {
  const fixed = parameterCount(network);
  const axes = network.inference.inputs.map((_, i) => (i < fixed ? null : 0));
  const given = inOrder(network, parameters);
  return {
    network,
    parameters: [...network.weights, ...network.states].map(({ type: { dtype, shape } }, i) =>
      tensor(dtype, shape, given[i]!.data),
    ),
    graph: (size) => simplify(vmap(network.inference, axes, { size })),
  };
};
