import type { Graph, Node } from "./graph.ts";

/**
 * A text that two graphs share exactly when they compute the same thing in the same order: input types in order without their names, nodes,
 * outputs. Numbers and constants enter by their exact bits.
 */
export function canonical(graph: Graph): string {
  const inputs = graph.inputs.map(({ type }) => `${type.dtype}[${type.shape}]`);
  const nodes = graph.nodes.map((node) => `${nodeKey(node)}:${node.type.dtype}[${node.type.shape}]`);
  return `graph 1\n${inputs.join(" ")}\n${nodes.join("\n")}\n${graph.outputs.join(" ")}\n`;
}

/** Operation, operands and parameters: equal for nodes that compute the same. */
export const nodeKey = (node: Pick<Node, "op" | "params" | "inputs">): string =>
  `${node.op}(${node.inputs})${encode(node.params)}`;

/** Deterministic text of a parameter record: keys sorted, numbers by value with -0, NaN and infinities told apart, arrays by their bytes. */
export function encode(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encode).join(",")}]`;
  if (ArrayBuffer.isView(value)) return `#${hex(value)}`;
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, entry]) => `${name}:${encode(entry)}`).join(",")}}`;
}

/** Little-endian bytes in hexadecimal, whatever the machine. */
function hex(view: ArrayBufferView): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const width = "BYTES_PER_ELEMENT" in view && typeof view.BYTES_PER_ELEMENT === "number" ? view.BYTES_PER_ELEMENT : 1;
  let text = "";
  for (let at = 0; at < bytes.length; at += width)
    for (let i = 0; i < width; i++) text += byteText[bytes[at + (littleEndian ? i : width - 1 - i)]!];
  return text;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const byteText = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
