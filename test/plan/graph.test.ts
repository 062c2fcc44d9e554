import { describe, expect, it } from "vitest";
import { toDot, toMermaid } from "../../src/plan/graph.ts";
import type { Plan } from "../../src/plan/plan.ts";

const span = { file: "a.mtt", start: 0, end: 0 };
const plan: Plan = {
  steps: [
    {
      id: "digits.test",
      declared: true,
      body: { kind: "data", source: { kind: "mnist", part: "test" }, fields: [] },
      inputs: [],
      span,
    },
    {
      id: "few/take",
      declared: false,
      body: { kind: "query", operation: { op: "take", n: 8 }, fields: [] },
      inputs: ["digits.test"],
      span,
    },
    {
      id: "assert#1",
      declared: true,
      body: { kind: "assert", condition: { kind: "bool", value: true }, text: 'count > 3 and "a" == "b"' },
      inputs: ["few/take"],
      span,
    },
  ],
  targets: ["assert#1"],
};

describe("drawings of a plan", () => {
  it("as mermaid: a node for each step, an edge for each input, targets thick", () => {
    expect(toMermaid(plan)).toMatchInlineSnapshot(`
      "flowchart TD
        s0[("data (mnist) digits.test")]
        s1[/"take few/take"/]
        s2{{"assert count #gt; 3 and #quot;a#quot; == #quot;b#quot;"}}
        s0 --> s1
        s1 --> s2
        classDef target stroke-width:3px
        class s2 target
      "
    `);
  });

  it("as dot: what the program names solid, views dashed, targets bold", () => {
    expect(toDot(plan)).toMatchInlineSnapshot(`
      "digraph plan {
        rankdir=TB
        node [fontname="Helvetica"]
        "digits.test" [label="data (mnist) digits.test", shape=cylinder]
        "few/take" [label="take few/take", shape=parallelogram, style=dashed]
        "assert#1" [label="assert count > 3 and \\"a\\" == \\"b\\"", shape=hexagon, style=bold]
        "digits.test" -> "few/take"
        "few/take" -> "assert#1"
      }
      "
    `);
  });
});
