import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { isFloat } from "../../src/shape/dtype.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { gradient, vjp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { scalarized } from "./checks.ts";
import { drawDirection, drawOperand, graphOf, positionsOf, type Row, randomOf } from "./operations.ts";

/** A graph to run on a backend and on the reference, at these inputs. */
export interface ConformanceProgram {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
}

/** All of them as one graph: what an engine that takes long to compile may be given. */
export function together(programs: readonly ConformanceProgram[]): ConformanceProgram {
  const b = new GraphBuilder();
  const outputs = programs.flatMap(({ title, graph }) =>
    b.inline(
      graph,
      graph.inputs.map(({ name, type }) => b.input(`${title}: ${name}`, type)),
    ),
  );
  return {
    title: programs.map(({ title }) => title).join(", "),
    graph: b.build(outputs),
    inputs: programs.flatMap(({ inputs }) => inputs),
  };
}

const SIZE = 3;

/** What a backend must compute for one row: the value, jvp, vjp, a second derivative, vmap over everything, and vmap of the jvp over the tangents alone. */
export function programsOf(row: Row, float: "f32" | "f64", seed = 5): readonly ConformanceProgram[] {
  const random = randomOf(seed);
  const graph = graphOf(row, float);
  const inputs = row.operands.map((operand) => drawOperand(operand, float, random));
  const stacked = row.operands.map((operand) => drawOperand(operand, float, random, [SIZE]));
  const value = { title: "value", graph, inputs };
  const mapped = {
    title: "vmap",
    graph: vmap(
      graph,
      inputs.map(() => 0),
      { size: SIZE },
    ),
    inputs: stacked,
  };
  if (!row.differentiable) return row.operands.length === 0 ? [value] : [value, mapped];
  const wrt = positionsOf(graph.inputs, ["f32", "f64"]);
  const types = wrt.map((i) => graph.inputs[i]!.type);
  const directions = types.map((type) => drawDirection(type, random));
  const output = (graph.nodes.at(-1) ?? graph.inputs[0]!).type;
  const cotangent = drawDirection(output, random);
  const along = jvp(graph, wrt);
  const tangents = types.map((type) => drawDirection({ dtype: type.dtype, shape: [SIZE, ...type.shape] }, random));
  const programs: ConformanceProgram[] = [
    value,
    mapped,
    { title: "jvp", graph: along, inputs: [...inputs, ...directions] },
    { title: "vjp", graph: vjp(graph, wrt), inputs: [...inputs, cotangent] },
    {
      title: "vmap of jvp",
      graph: vmap(along, [...inputs.map(() => null), ...wrt.map((): 0 => 0)], { size: SIZE }),
      inputs: [...inputs, ...tangents],
    },
  ];
  if (!isFloat(output.dtype) || output.dtype !== float || row.title.includes("infinity")) return programs;
  const scalar = scalarized(graph, [drawDirection(output, random)]);
  const second = jvp(gradient(scalar, wrt), wrt);
  return [...programs, { title: "jvp of gradient", graph: second, inputs: [...inputs, ...directions] }];
}
