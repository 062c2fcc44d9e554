import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, explainDifference } from "../../src/plan/explain.ts";
import { canonicalJson, type Json } from "../../src/plan/json.ts";

const json = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer({ min: -9, max: 9 }),
    fc.string({ maxLength: 3 }),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("json"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).json;

describe("differences of preimages", () => {
  it("say nothing exactly when the two are equal", () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(differences(before, after).length === 0).toBe(canonicalJson(before) === canonicalJson(after));
      }),
    );
  });

  it("find a changed number by its path", () => {
    const step = (rate: number): Json => ({
      optimizer: { kind: "adam", rate: { kind: "constant", rate } },
      batch: 256,
    });
    expect(explainDifference(step(0.001), step(0.01))).toEqual(["optimizer.rate.rate: 0.001 -> 0.01"]);
  });

  it("compare lists after their common head and tail", () => {
    const graph = (...nodes: readonly string[]): Json => ({ graph: ["input", ...nodes, "output"] });
    expect(explainDifference(graph("relu"), graph("relu", "dropout"))).toEqual(['graph[2]: "dropout" is new']);
    expect(explainDifference(graph("a", "b", "c"), graph("a", "c"))).toEqual(['graph[2]: "b" is gone']);
    expect(explainDifference(graph("a", "b"), graph("a", "x"))).toEqual(['graph[2]: "b" -> "x"']);
  });

  it("name fields that are new or gone, and shorten long values", () => {
    expect(explainDifference({ a: 1 }, { b: 2 })).toEqual(["b: 2 is new", "a: 1 is gone"]);
    const [line] = explainDifference("x".repeat(200), "y");
    expect(line).toBe(`all of it: "${"x".repeat(76)}... -> "y"`);
  });
});
