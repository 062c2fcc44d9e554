import * as Effect from "effect/Effect";
import type { Network } from "../plan/network.ts";
import type { Tensor } from "../shape/tensor.ts";
import { StepFailure } from "./failure.ts";
import type { Arrays, Outcome } from "./outcome.ts";

/** The arrays of a trained model in the network's order: weights, then states. They lie in the group `parameters` by path. */
export const modelArrays = (model: Outcome, network: Network) =>
  Effect.flatMap(model.arrays("parameters"), (arrays) => inOrder(arrays, network));

export const inOrder = (arrays: Arrays, network: Network): Effect.Effect<readonly Tensor[], StepFailure> =>
  Effect.forEach([...network.weights, ...network.states], ({ path, type }) => {
    const found = arrays[path];
    if (found !== undefined && found.shape.join() === type.shape.join()) return Effect.succeed(found);
    const has = found === undefined ? "it lacks" : `it holds [${found.shape.join(", ")}] for`;
    return new StepFailure({
      code: "MTT5403",
      message: `the weights do not fit ${network.name}: ${has} \`${path}\`, [${type.shape.join(", ")}]`,
      help: `they hold ${Object.keys(arrays).join(", ")}`,
    });
  });
