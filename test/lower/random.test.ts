import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { verify } from "../../src/ir/verify.ts";
import { liftRandom } from "../../src/lower/random.ts";
import { tensor } from "../../src/shape/tensor.ts";

function dropped() {
  const b = new GraphBuilder();
  const x = b.input("x", { dtype: "f32", shape: [2, 3] });
  const step = b.input("step", { dtype: "i32", shape: [] });
  const rest = b.input("rest", { dtype: "i32", shape: [2, 3] });
  const column = b.apply("broadcast_in_dim", [step], { shape: [2, 1], dimensions: [] });
  const keys = b.apply("concatenate", [rest, column], { dimension: 1 });
  const draw = (purpose: string) =>
    b.apply("convert", [b.apply("random_bits", [keys], { shape: [3], purpose })], { dtype: "f32" });
  const sum = b.apply("add", [draw("a"), draw("b")], {});
  return b.build([b.apply("multiply", [x, sum], {}), b.apply("random_bits", [keys], { shape: [3], purpose: "a" })]);
}

describe("lifted random numbers", () => {
  it("are drawn from keys that the graph makes, and mean the same", () => {
    const graph = dropped();
    const inputs = [
      tensor("f32", [2, 3], [1, 2, 3, 4, 5, 6]),
      tensor("i32", [], [9]),
      tensor("i32", [2, 3], [1, 2, 3, 4, 5, 6]),
    ];
    const lifted = liftRandom(graph);
    expect(verify(lifted.graph)).toEqual([]);
    expect(lifted.graph.nodes.some(({ op }) => op === "random_bits" || op === "concatenate")).toBe(false);
    expect(lifted.needs).toEqual([1, 2]);
    const drawn = evaluate(
      lifted.draws!,
      lifted.needs.map((i) => inputs[i]!),
    );
    expect(evaluate(lifted.graph, [...inputs, ...drawn])).toEqual(evaluate(graph, inputs));
  });

  it("leave a graph that draws nothing as it is", () => {
    const b = new GraphBuilder();
    const graph = b.build([b.apply("negate", [b.input("x", { dtype: "f32", shape: [] })], {})]);
    expect(liftRandom(graph)).toEqual({ graph, draws: undefined, needs: [] });
  });
});
