import { showType, type Tensor } from "../shape/tensor.ts";
import type { Graph, Node, Value } from "./graph.ts";

/**
 * A graph for people to read, one operation a line:
 *
 *     graph(x: f32[3], w: f32[3, 2]) {
 *       %2: f32[2] = dot_general(x, w) lhs_batch=[] rhs_batch=[] lhs_contracting=[0] rhs_contracting=[0]
 *       return %2
 *     }
 */
export function showGraph(graph: Graph): string {
  const name = (v: Value): string => graph.inputs[v]?.name ?? `%${v}`;
  const inputs = graph.inputs.map((input) => `${input.name}: ${showType(input.type)}`);
  const lines = graph.nodes.map((node, i) => {
    const params = showParams(node);
    const call = `${node.op}(${node.inputs.map(name).join(", ")})`;
    return `  ${name(graph.inputs.length + i)}: ${showType(node.type)} = ${call}${params && ` ${params}`}`;
  });
  return [`graph(${inputs.join(", ")}) {`, ...lines, `  return ${graph.outputs.map(name).join(", ")}`, "}", ""].join(
    "\n",
  );
}

const showParams = (node: Node): string =>
  node.op === "constant"
    ? showTensor(node.params.value)
    : Object.entries(node.params)
        .map(([name, value]) => `${name}=${showValue(value)}`)
        .join(" ");

const showValue = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(showValue).join(", ")}]` : String(value);

/** The first values and how many there are. */
const showTensor = ({ data }: Tensor): string => {
  const shown = Array.from(data.subarray(0, 8), (x) => (Object.is(x, -0) ? "-0" : String(x)));
  return shown.join(" ") + (data.length > 8 ? ` … (${data.length})` : "");
};
