import type { Graph } from "../ir/graph.ts";

/** Names for inputs that a transformation adds: what is wanted, with a number where the graph has it already (`d_x`, `d_x_2`). */
export function freshNames(graph: Graph): (wanted: string) => string {
  const taken = new Set(graph.inputs.map(({ name }) => name));
  return (wanted) => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    return name;
  };
}
