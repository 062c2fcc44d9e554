import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { toDot, toMermaid } from "../../src/plan/drawing.ts";
import { planDrawing } from "../../src/plan/graph.ts";
import { networkDrawing } from "../../src/plan/network-drawing.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { toSvg } from "../../src/plan/svg.ts";

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
    expect(toMermaid(planDrawing(plan))).toMatchInlineSnapshot(`
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
    expect(toDot(planDrawing(plan))).toMatchInlineSnapshot(`
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

const networkOf = (text: string) => {
  const { networks, diagnostics } = compile("n.mtt", new Map([["n.mtt", text]]));
  expect(diagnostics).toEqual([]);
  return networks[0]!;
};

describe("drawings of a network", () => {
  it("have a node for each input, stage and result, with its shape, and say which weights are shared", () => {
    const drawing = networkDrawing(
      networkOf(`network N(a: f32[4], b: f32[4]) -> { far: f32[1], own: f32[2] } {
        let encoder = dense(2)
        let left = a |> encoder
        let right = b |> encoder
        { far: abs(left - right) |> dense(1), own: left |> dropout(keep: 0.5) |> relu }
      }`),
    );
    expect(drawing.name).toBe("N");
    expect(drawing.nodes.map(({ lines }) => lines.join(" | "))).toEqual([
      "a | f32[4]",
      "b | f32[4]",
      "encoder | f32[2] | 10 parameters",
      "encoder | f32[2] | shared weights",
      "dense(1) | f32[1] | 3 parameters",
      "dropout(keep: 0.5) | f32[2]",
      "relu | f32[2]",
      "far | f32[1]",
      "own | f32[2]",
    ]);
    const title = new Map(drawing.nodes.map(({ id, lines }, i) => [id, `${i} ${lines[0]}`]));
    expect(drawing.edges.map(({ from, to }) => `${title.get(from)} -> ${title.get(to)}`)).toEqual([
      "0 a -> 2 encoder",
      "1 b -> 3 encoder",
      "2 encoder -> 4 dense(1)",
      "3 encoder -> 4 dense(1)",
      "2 encoder -> 5 dropout(keep: 0.5)",
      "5 dropout(keep: 0.5) -> 6 relu",
      "4 dense(1) -> 7 far",
      "6 relu -> 8 own",
    ]);
    expect(toMermaid(drawing)).toContain('s2["encoder<br>f32[2]<br>10 parameters"]');
    expect(toDot(drawing)).toContain('[label="encoder\\nf32[2]\\n10 parameters", shape=box]');
  });

  it("have the inputs and the result of a network without stages", () => {
    const { nodes, edges } = networkDrawing(networkOf("network N(a: f32[4], b: f32[4]) -> f32[4] = a + b"));
    expect(nodes.map(({ lines }) => lines[0])).toEqual(["a", "b", "result"]);
    expect(edges).toHaveLength(2);
    // A word of Graphviz's language.
    expect(toDot({ name: "Graph", nodes, edges })).toMatch(/^digraph "Graph" \{/);
  });
});

describe("a drawing as SVG", () => {
  it("is one element with every label, escaped, an arrow for every edge, and colours for light and dark", async () => {
    const drawing = planDrawing(plan);
    const svg = await toSvg(drawing);
    expect(svg).toMatch(/^<svg class="mtt-drawing"[^>]*>\n<style>[\s\S]*<\/svg>\s*$/);
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual([
      "data (mnist) digits.test",
      "take few/take",
      "assert count &gt; 3 and &quot;a&quot; == &quot;b&quot;",
    ]);
    expect(svg.match(/class="edge"/g)).toHaveLength(drawing.edges.length);
    expect(svg).toContain("light-dark(");
    // Its colours come from the page's scheme alone.
    expect(svg).not.toMatch(/<!DOCTYPE|fill="white"|http:\/\/(?!www\.w3\.org)/);
    expect(await toSvg(drawing)).toBe(svg);
  });
});
