import { describe, expect, it } from "vitest";
import type { Asking } from "../../src/influence/asking.ts";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import { batches, closePass, openPass } from "../../src/influence/pass.ts";
import { wrtOf } from "../../src/influence/problem.ts";
import { scoringPass } from "../../src/influence/score.ts";
import { zeroBlock } from "../../src/influence/vectors.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import { fedFields, weightedLoss } from "../../src/learn/objective.ts";
import type { Command } from "../../src/plan/algorithm.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { hvp } from "../../src/transform/vjp.ts";
import { drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear } from "../learn/problems.ts";
import { drawn, problem } from "./factors-support.ts";
import { distance } from "./support.ts";

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
    // A sixteenth of the budget is for values: 125 examples of 8 kB. The number of batches is one that lanes share evenly.
    expect(result.size).toBeGreaterThan(115);
    expect(result.size).toBeLessThanOrEqual(125);
    expect(Math.ceil(10_000 / result.size) % 4).toBe(0);
  });

  it("keeps data that is read again in the engine with what follows from it, and answers the same bits as one that streams it", () => {
    const n = 50;
    const size = 8;
    const of = problem(net, crossEntropy(3), drawn(net), n, {});
    const tangents = net.weights.map(({ path }) => drawn(net, 7)[path]!);
    function* products(again: boolean): Asking<readonly Tensor[]> {
      const pass = yield* openPass(of, {
        graph: (batch) => hvp(weightedLoss(net, of.loss, batch, "f64"), wrtOf(of)),
        fields: fedFields(net, [of.loss], "f64"),
        weighted: true,
        data: 0,
        examples: n,
        again,
        exactly: size,
      });
      const answers: Tensor[] = [];
      for (let time = 0; time < 2; time++)
        yield* pass.each(
          batches(pass),
          () => tangents,
          (found) => {
            answers.push(...found);
          },
        );
      yield* closePass(pass);
      return answers;
    }
    const x = tensor(
      "f64",
      [n, 2],
      Float64Array.from({ length: 2 * n }, (_, i) => Math.sin(i)),
    );
    const data = {
      x,
      label: tensor(
        "i32",
        [n],
        Int32Array.from({ length: n }, (_, i) => i % 3),
      ),
    };
    const [kept, streamed] = [drive(products(true), data), drive(products(false), data)];
    expect(kept.result).toEqual(streamed.result);
    expect(kept.result.some(({ data }) => data.some((value) => value !== 0))).toBe(true);
    const sessions = Math.ceil(n / size);
    // What comes before is a session of its own, closed when all are open; it runs once for each.
    expect([kept.counts.open, kept.counts.run, kept.open]).toEqual([sessions + 1, 3 * sessions, 0]);
    expect([streamed.counts.open, streamed.counts.run, streamed.open]).toEqual([1, 2 * sessions, 0]);
  });

  it("asks for gradients of single examples as of several, so that their bits are the same whichever are asked for", () => {
    const of = problem(net, crossEntropy(3), drawn(net), 100, {});
    const gradients = gradientsOf(of, { measure: crossEntropy(3), data: 0, examples: 100 }).of(5, 6);
    const asked: Command[] = [];
    for (let step = gradients.next(); !step.done; step = gradients.next(1)) asked.push(step.value);
    expect(asked.filter((command) => command.do === "runs").map(({ alike }) => alike)).toEqual([true]);
  });

  it("gives the same products and scores whatever the batch is", () => {
    const [n, classCount] = [37, 3];
    const data = classes(n, 4, classCount, "f64");
    const of = linear(4, classCount);
    const parameters = drawn(of);
    const at = (budget: number) => {
      const asked = problem(of, crossEntropy(classCount), parameters, n, { budget });
      const size = drive(openPass(asked, streamed), data).result.size;
      const { layout } = asked;
      const block = zeroBlock(3, layout.size);
      block.data.forEach((_, i) => {
        block.data[i] = Math.sin(i + 1);
      });
      const product = drive(operatorOf(asked, "exact").apply(block), data).result.data;
      const scores = (["forward", "gradients"] as const).map(
        (way) => drive(scoringPass(asked, false, way).along(block), data).result,
      );
      return { size, product, scores };
    };
    const streamed = {
      graph: (batch: number) => weightedLoss(of, crossEntropy(classCount), batch, "f64"),
      fields: fedFields(of, [crossEntropy(classCount)], "f64"),
      data: 0,
      examples: n,
    } as const;
    const whole = at(1e9);
    expect(whole.size).toBe(n);
    const sizes = new Set<number>();
    for (const budget of [1, 3e3, 6e3, 9e3, 12e3, 24e3]) {
      const { size, product, scores } = at(budget);
      sizes.add(size);
      expect(distance(product, whole.product)).toBeLessThan(1e-14);
      for (const way of scores) expect(distance(way, whole.scores[0]!)).toBeLessThan(1e-14);
    }
    expect(sizes.size).toBeGreaterThan(3);
  });
});
