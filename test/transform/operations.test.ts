import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { gradient, hvp, vjp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";
import {
  centralDifference,
  expectAllClose,
  expectClose,
  inner,
  scalarized,
  slice,
  stack,
} from "../conformance/checks.ts";
import {
  drawDirection,
  drawOperand,
  graphOf,
  positionsOf,
  type Row,
  randomOf,
  rows,
} from "../conformance/operations.ts";

const FLOATS = ["f32", "f64"] as const;
const SIZE = 3;

/** The operation in f64 with its operands and a direction for each float operand. */
function setting(row: Row, seed = 7) {
  const random = randomOf(seed);
  const graph = graphOf(row, "f64");
  const inputs = row.operands.map((operand) => drawOperand(operand, "f64", random));
  const wrt = positionsOf(graph.inputs, FLOATS);
  const direction = () => wrt.map((i) => drawDirection(graph.inputs[i]!.type, random));
  return { random, graph, inputs, wrt, direction };
}

const differentiable = rows.filter((row) => row.differentiable);

describe.each(differentiable)("$title", (row) => {
  const tolerance = row.title.includes("float to float") ? 1e-6 : 1e-9;

  it("has a jvp that agrees with central differences", () => {
    const { graph, inputs, wrt, direction } = setting(row);
    const t = direction();
    const [value, tangent] = evaluate(jvp(graph, wrt), [...inputs, ...t]);
    expectClose(value!, evaluate(graph, inputs)[0]!, 0, "the value");
    const stopped = row.op === "stop_gradient";
    const numeric = centralDifference((x) => evaluate(wide(graph), x), inputs, wrt, t)[0]!;
    expectClose(
      tangent!,
      stopped ? { ...numeric, data: numeric.data.map(() => 0) } : finite(numeric),
      10 * tolerance,
      "the tangent",
    );
  });

  it("has a vjp that is the transpose of its jvp", () => {
    const { graph, inputs, wrt, direction, random } = setting(row);
    const t = direction();
    const ct = drawDirection(outputOf(graph), random);
    const [, tangent] = evaluate(jvp(graph, wrt), [...inputs, ...t]);
    const [, ...gradients] = evaluate(vjp(graph, wrt), [...inputs, ct]);
    expect(gradients.map((g) => g.shape)).toEqual(wrt.map((i) => graph.inputs[i]!.type.shape));
    expect(Math.abs(inner([ct], [tangent!]) - inner(gradients, t))).toBeLessThan(tolerance * 10);
  });

  it("has second derivatives: symmetric, and those of its gradient by differences", () => {
    const { graph, inputs, wrt, direction, random } = setting(row);
    if (!evaluate(graph, inputs)[0]!.data.every(Number.isFinite)) return expect(row.title).toContain("infinity");
    const scalar = scalarized(graph, [{ ...drawDirection(outputOf(graph), random), dtype: "f64" }]);
    const [u, v] = [direction(), direction()];
    const product = hvp(scalar, wrt);
    const [hu, hv] = [u, v].map((t) => evaluate(product, [...inputs, ...t]));
    const [uhv, vhu] = [inner(u, hv!), inner(v, hu!)];
    expect(Math.abs(uhv - vhu)).toBeLessThan(tolerance * Math.max(10, Math.abs(uhv)));
    const grad = gradient(scalar, wrt);
    const numeric = centralDifference((x) => evaluate(grad, x).slice(1), inputs, wrt, u);
    if (row.op !== "stop_gradient") expectAllClose(hu!, numeric, 1e-7, "H u");
    const reverse = vjp(gradient(scalar, wrt), wrt);
    const zero = [...inputs, { dtype: "f64", shape: [], data: Float64Array.of(0) } as const, ...u];
    const over = evaluate(reverse, zero).slice(1 + wrt.length);
    expectAllClose(over, hu!, 1e-9, "reverse over reverse");
  });

  it("has third derivatives", () => {
    const { graph, inputs, wrt, direction, random } = setting(row);
    if (!evaluate(graph, inputs)[0]!.data.every(Number.isFinite)) return expect(row.title).toContain("infinity");
    const scalar = scalarized(graph, [{ ...drawDirection(outputOf(graph), random), dtype: "f64" }]);
    const [u, v] = [direction(), direction()];
    const product = hvp(scalar, wrt);
    const third = evaluate(jvp(product, wrt), [...inputs, ...u, ...v]).slice(wrt.length);
    const numeric = centralDifference((x) => evaluate(product, [...x, ...u]), inputs, wrt, v);
    if (row.op !== "stop_gradient") expectAllClose(third, numeric, 1e-6, "D3(u, v)");
  });

  it("has a jvp that maps", () => {
    const { graph, random } = setting(row);
    const along = jvp(graph, positionsOf(graph.inputs, FLOATS));
    const operands = [...row.operands, ...row.operands.filter((x) => x.dtype === "float")];
    for (const axes of choices(operands.length)) expectMapped(along, operands, axes, random);
  });
});

describe.each(rows)("vmap of $title", (row) => {
  it.each(["f32", "f64"] as const)("gives stacked slices in %s, whichever operands vary", (float) => {
    const random = randomOf(11);
    const graph = graphOf(row, float);
    for (const axes of choices(row.operands.length)) expectMapped(graph, row.operands, axes, random, float);
  });
});

/** vmap of a graph is the graph of each slice, stacked. */
function expectMapped(
  graph: Graph,
  operands: Row["operands"],
  axes: readonly (0 | null)[],
  random: () => number,
  float: "f32" | "f64" = "f64",
): void {
  const inputs = operands.map((operand, i) => drawOperand(operand, float, random, axes[i] === 0 ? [SIZE] : []));
  const mapped = evaluate(vmap(graph, axes, { size: SIZE }), inputs);
  const slices = Array.from({ length: SIZE }, (_, k) =>
    evaluate(
      graph,
      inputs.map((x, i) => (axes[i] === 0 ? slice(x, k) : x)),
    ),
  );
  mapped.forEach((output, i) => {
    expectClose(output, stack(slices.map((s) => s[i]!)), float === "f32" ? 1e-6 : 1e-12, `axes ${axes}`);
  });
}

/** Every way to map over some of the operands. */
const choices = (count: number): readonly (readonly (0 | null)[])[] =>
  Array.from({ length: 2 ** count }, (_, bits) =>
    Array.from({ length: count }, (_, i) => ((bits >> i) & 1 ? 0 : null)),
  );

const outputOf = (graph: Graph) => (graph.nodes.at(-1) ?? graph.inputs[0]!).type;

/** f32 results leave rounded: differences are taken before. */
const wide = (graph: Graph): Graph => {
  const { dtype, shape } = outputOf(graph);
  if (dtype === "f64") return graph;
  const last = graph.inputs.length + graph.nodes.length - 1;
  const node = { op: "convert", params: { dtype: "f64" }, inputs: [last], type: { dtype: "f64", shape } } as const;
  return { ...graph, nodes: [...graph.nodes, node], outputs: [last + 1] };
};

/** Infinities do not move. */
const finite = (x: Tensor): Tensor => ({ ...x, data: x.data.map((value) => (Number.isNaN(value) ? 0 : value)) });
