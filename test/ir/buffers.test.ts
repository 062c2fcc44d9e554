import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignBuffers, type Buffers, type Held, verifyBuffers } from "../../src/ir/buffers.ts";
import { define } from "../../src/ir/builder.ts";
import { bytesOf } from "../../src/ir/cost.ts";
import { evaluate, evaluateNode } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { unary } from "../../src/ir/operations.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { randomGraph } from "../backend/random-graph.ts";
import { drawDirection, randomOf, rows } from "../conformance/operations.ts";
import { programsOf } from "../conformance/programs.ts";
import { networkGraph, networkInputs, networks } from "../transform/random-networks.ts";

const helds: readonly Held[] = [
  { bytesOf, inputs: false },
  { bytesOf, inputs: true },
];

/** Every value in memory of its own. */
function apart(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  const values = [...inputs];
  for (const node of graph.nodes)
    values.push(
      evaluateNode(
        node,
        node.inputs.map((v) => values[v]!),
      ),
    );
  return graph.outputs.map((v) => values[v]!);
}

const pointOf = (graph: Graph, seed: number) => {
  const random = randomOf(seed);
  return graph.inputs.map(({ type }) => drawDirection(type, random));
};

function holds(graph: Graph): void {
  for (const held of helds) {
    const buffers = assignBuffers(graph, held);
    expect(verifyBuffers(graph, buffers, held)).toEqual([]);
    const own = [...(held.inputs ? graph.inputs : []), ...graph.nodes];
    expect(buffers.bytes).toBeLessThanOrEqual(
      own.reduce((sum, { type }) => sum + 64 * Math.ceil(bytesOf(type) / 64), 0),
    );
  }
}

describe("buffers", () => {
  it("are shared by no two values that live at once, and change no bit: graphs that move and combine arrays at random", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 5, max: 60 }), (seed, steps) => {
        const graph = randomGraph(randomOf(seed), steps);
        // Of all its values and of the last alone: much lives, and little.
        for (const outputs of [graph.outputs, graph.outputs.slice(-1)]) {
          const some = { ...graph, outputs };
          holds(some);
          expect(evaluate(some, pointOf(some, seed))).toEqual(apart(some, pointOf(some, seed)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("the same of gradients and Hessian-vector products of random networks", () => {
    fc.assert(
      fc.property(networks, (network) => {
        const loss = networkGraph(network);
        const wrt = loss.inputs.flatMap((_, i) => (i >= 2 ? [i] : []));
        const scalar = { ...loss, outputs: loss.outputs.slice(0, 1) };
        const at = networkInputs(loss, randomOf(network.seed));
        const directions = wrt.map((i) => drawDirection(loss.inputs[i]!.type, randomOf(i)));
        for (const [graph, inputs] of [
          [gradient(scalar, wrt), at],
          [hvp(scalar, wrt), [...at, ...directions]],
        ] as const) {
          holds(graph);
          expect(evaluate(graph, inputs)).toEqual(apart(graph, inputs));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("the same of every operation with its derivatives, in f64", () => {
    for (const row of rows)
      for (const { title, graph, inputs } of programsOf(row, "f64")) {
        holds(graph);
        if (graph.nodes.some(({ type }) => type.dtype === "f32")) continue;
        expect(evaluate(graph, inputs), `${title} of ${row.title}`).toEqual(apart(graph, inputs));
      }
  });

  const vector = { dtype: "f32", shape: [64] } as const;

  it("an elementwise chain runs in one place, a view costs nothing, an input outside stays as it is", () => {
    const chain = define([["x", vector]], (b, x) => {
      const y = unary(b, "tanh", unary(b, "sine", x!));
      return [unary(b, "cosine", b.apply("reshape", [y], { shape: [8, 8] }))];
    });
    expect(assignBuffers(chain, helds[0]!)).toEqual({ bytes: 256, offsets: Float64Array.of(Number.NaN, 0, 0, 0, 0) });
    expect(assignBuffers(chain, helds[1]!).bytes).toBe(256);
  });

  it("a value that is used again is not written over, nor is one that is read across", () => {
    const used = define([["x", vector]], (b, x) => {
      const y = unary(b, "sine", x!);
      const z = unary(b, "tanh", y);
      return [b.apply("add", [y, z], {}), b.apply("reverse", [z], { dimensions: [0] })];
    });
    expect(assignBuffers(used, helds[0]!).bytes).toBe(3 * 256);
  });

  it("a gap goes to the value that it fits best, and gaps side by side are one", () => {
    const graph = define([["x", vector]], (b, x) => {
      const sum = (v: number) => b.apply("reduce_sum", [v], { dimensions: [0] });
      const wide = (v: number, n: number) => b.apply("broadcast_in_dim", [v], { shape: [n], dimensions: [] });
      const [small, large] = [wide(sum(x!), 128), wide(sum(x!), 256)];
      return [wide(b.apply("add", [sum(small), sum(large)], {}), 384)];
    });
    const { bytes } = assignBuffers(graph, helds[0]!);
    expect(bytes).toBe(4 * 384 + 64);
  });

  it("the check finds every place that is given to two", () => {
    let found = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.nat(), fc.nat(), (seed, one, other) => {
        const graph = randomGraph(randomOf(seed), 30);
        const held = helds[1]!;
        const { offsets, bytes } = assignBuffers(graph, held);
        // All values are outputs: none may lie on another that is no view of it.
        const [a, b] = [one % offsets.length, other % offsets.length];
        const moved: Buffers = { offsets: offsets.with(a, offsets[b]!), bytes: bytes + 4096 * 8 };
        if (a === b || offsets[a] === offsets[b]) return;
        found++;
        expect(verifyBuffers({ ...graph, outputs: [...offsets.keys()] }, moved, held)).not.toEqual([]);
      }),
      { numRuns: 100 },
    );
    expect(found).toBeGreaterThan(50);
  });

  it("the check knows what may be written in place", () => {
    const graph = (op: "sine" | "reverse") =>
      define([["x", vector]], (b, x) => [op === "sine" ? unary(b, op, x!) : b.apply(op, [x!], { dimensions: [0] })]);
    const together: Buffers = { offsets: Float64Array.of(0, 0), bytes: 256 };
    expect(verifyBuffers(graph("sine"), together, helds[1]!)).toEqual([]);
    expect(verifyBuffers(graph("reverse"), together, helds[1]!)).toEqual([
      "reverse 1 writes over its operand 0 while it reads it",
    ]);
    expect(verifyBuffers(graph("sine"), { ...together, bytes: 255 }, helds[1]!)).toContain(
      "value 1 lies outside the block",
    );
  });
});
