import { describe, expect, it } from "vitest";
import { openPass } from "../../src/influence/pass.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { drive } from "../learn/drive.ts";
import { crossEntropy, linear } from "../learn/problems.ts";
import { drawn, problem } from "./factors-support.ts";

const FIXED = 256;
const WIDE = 1000;
const net = linear(2, 3);

/** Takes 0.5 MB whatever the batch, is done with them, then takes 8 kB for each example. */
const graph = (batch: number): Graph => {
  const b = new GraphBuilder();
  for (const { path, type } of net.weights) b.input(path, { ...type, dtype: "f64" });
  const x = b.input("x", { dtype: "f64", shape: [batch, 2] });
  const fixed = op.reduceSum(b, op.broadcastTo(b, op.scalar(b, "f64", 1), [FIXED, FIXED]), [0, 1]);
  const each = op.broadcastTo(b, op.reduceSum(b, x, [1], true), [batch, WIDE]);
  return b.build([op.add(b, fixed, op.reduceSum(b, each, [0, 1]))]);
};

describe("a pass over examples", () => {
  it("takes batches by what one more example takes, though something else is the peak of small ones", () => {
    const of = problem(net, crossEntropy(3), drawn(net), 2, { budget: 16e6 });
    const { result } = drive(
      openPass(of, { graph, fields: [{ name: "x", type: { dtype: "f64", shape: [2] } }], data: 0, examples: 10_000 }),
      { x: tensor("f64", [1, 2], [0, 0]) },
    );
    // A twentieth of the budget is for values: 100 examples of 8 kB.
    expect(result.size).toBeGreaterThan(90);
    expect(result.size).toBeLessThanOrEqual(100);
  });
});
