import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { sizeOf, type Tensor, tensor } from "../../src/shape/tensor.ts";
import { withOutputs } from "../../src/transform/outputs.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { networkGraph, networkInputs, networks } from "../transform/random-networks.ts";
import { centralDifference, expectAllClose } from "./checks.ts";
import { randomOf } from "./operations.ts";

describe("exact Hessians of small networks", () => {
  it("are symmetric, and differences of gradients in float64", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const loss = withOutputs(networkGraph(network), [0]);
        const inputs = networkInputs(loss, randomOf(network.seed));
        // Of the first layer's bias: its Hessian runs through every layer after it.
        const wrt = [3];
        const n = sizeOf(loss.inputs[3]!.type.shape);
        const axes = [...loss.inputs.map(() => null), 0 as const];
        const rows = vmap(hvp(loss, wrt), axes, { size: n });
        const unit = (i: number) => tensor("f64", [n], new Float64Array(n).fill(1, i, i + 1));
        const identity = tensor(
          "f64",
          [n, n],
          Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
        );
        const [h] = evaluate(rows, [...inputs, identity]) as [Tensor];
        const slope = gradient(loss, wrt);
        const f = (at: readonly Tensor[]) => evaluate(slope, at).slice(1);
        for (let i = 0; i < n; i++) {
          const row = tensor("f64", [n], h.data.slice(i * n, (i + 1) * n));
          expectAllClose([row], centralDifference(f, inputs, wrt, [unit(i)]), 1e-8, `row ${i} of ${network.names}`);
          for (let j = 0; j < i; j++) expect(h.data[i * n + j]).toBeCloseTo(h.data[j * n + i]!, 12);
        }
      }),
      { numRuns: 25 },
    );
  });
});
