import type { Tensor, TensorType } from "../shape/tensor.ts";
import { nodeKey } from "./canonical.ts";
import type { Graph, Node, Ops, Value } from "./graph.ts";
import { isMismatch, refuse, ShapeError, type ShapeMismatch, type SymbolicType } from "./mismatch.ts";
import type { Prim, Prims } from "./primitives.ts";
import { shapeRules } from "./shapes.ts";
import { numberSizes } from "./sizes.ts";

type Entry =
  | { readonly kind: "input"; readonly name: string; readonly type: TensorType }
  | { readonly kind: "node"; readonly node: Node };

/**
 * Makes a graph operation by operation. Every operation is pure, so an equal one is given the value it had before. Inputs may be added at any
 * time: the values of a builder are its own, and `build` numbers those of the graph.
 */
export class GraphBuilder implements Ops<Value> {
  readonly sizes = numberSizes;
  readonly #entries: Entry[] = [];
  readonly #inputs: Value[] = [];
  readonly #known = new Map<string, Value>();

  input(name: string, type: TensorType): Value {
    this.#entries.push({ kind: "input", name, type });
    this.#inputs.push(this.#entries.length - 1);
    return this.#entries.length - 1;
  }

  /** Throws ShapeError where the shape rule refuses. */
  readonly apply = <P extends Prim>(op: P, inputs: readonly Value[], params: Prims[P]): Value =>
    this.#add(op, params, inputs, () => inferType(op, params, inputs.map(this.typeOf)));

  constant(value: Tensor): Value {
    return this.apply("constant", [], { value });
  }

  readonly typeOf = (value: Value): TensorType => {
    const entry = this.#entries[value];
    if (entry === undefined) throw new RangeError(`value ${value} is not of this builder`);
    return entry.kind === "input" ? entry.type : entry.node.type;
  };

  /** The operation that makes a value; undefined for an input. Its operands are values of this builder. */
  nodeOf(value: Value): Node | undefined {
    const entry = this.#entries[value];
    return entry?.kind === "node" ? entry.node : undefined;
  }

  /**
   * The graph of these outputs, without what they do not use. `inputs` are all, in the order they were made, unless given: then those, and
   * RangeError where the outputs need another.
   */
  build(outputs: readonly Value[], inputs: readonly Value[] = this.#inputs): Graph {
    const used = new Uint8Array(this.#entries.length);
    for (const value of outputs) used[value] = 1;
    for (let value = this.#entries.length - 1; value >= 0; value--) {
      const entry = this.#entries[value]!;
      if (used[value] === 1 && entry.kind === "node") for (const operand of entry.node.inputs) used[operand] = 1;
    }
    const number = new Map(inputs.map((value, i) => [value, i]));
    const nodes: Node[] = [];
    const renumber = (value: Value): Value => number.get(value)!;
    this.#entries.forEach((entry, value) => {
      if (used[value] === 0) return;
      if (entry.kind === "node") {
        number.set(value, inputs.length + nodes.length);
        nodes.push({ ...entry.node, inputs: entry.node.inputs.map(renumber) });
      } else if (!number.has(value)) throw new RangeError(`the outputs need the input ${entry.name}`);
    });
    const declared = inputs.map((value) => {
      const entry = this.#entries[value];
      if (entry?.kind !== "input") throw new RangeError(`value ${value} is no input`);
      return { name: entry.name, type: entry.type };
    });
    return { inputs: declared, nodes, outputs: outputs.map(renumber) };
  }

  /** Calls a graph: its outputs for these inputs, whose types are the graph's. */
  inline(graph: Graph, inputs: readonly Value[]): readonly Value[] {
    if (inputs.length !== graph.inputs.length)
      refuse("inline", { kind: "operands", expected: graph.inputs.length, got: inputs.length });
    const values = [...inputs];
    graph.inputs.forEach(({ type }, operand) => {
      const got = this.typeOf(inputs[operand]!);
      if (got.dtype !== type.dtype)
        refuse("inline", { kind: "dtype", operand, expected: [type.dtype], got: got.dtype });
      if (got.shape.length !== type.shape.length || got.shape.some((d, i) => d !== type.shape[i]))
        refuse("inline", { kind: "rank", operand, wanted: `[${type.shape.join(", ")}]`, got: got.shape });
    });
    for (const { op, params, inputs: operands, type } of graph.nodes) {
      const mapped = operands.map((v) => values[v]!);
      values.push(this.#add(op, params, mapped, () => type));
    }
    return graph.outputs.map((v) => values[v]!);
  }

  #add<P extends Prim>(op: P, params: Prims[P], inputs: readonly Value[], type: () => TensorType): Value {
    const key = op === "constant" && sizeOfConstant(params) > 64 ? undefined : nodeKey({ op, params, inputs } as Node);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    this.#entries.push({ kind: "node", node: { op, params, inputs, type: type() } as Node });
    const value = this.#entries.length - 1;
    if (key !== undefined) this.#known.set(key, value);
    return value;
  }
}

/** Calls one graph inside another being built. */
export const inline = (builder: GraphBuilder, graph: Graph, inputs: readonly Value[]): readonly Value[] =>
  builder.inline(graph, inputs);

/** A graph from a function of its inputs: `define([["x", type]], (b, x) => [b.apply("negate", [x!], {})])`. */
export function define(
  inputs: readonly (readonly [name: string, type: TensorType])[],
  body: (builder: GraphBuilder, ...values: readonly Value[]) => readonly Value[],
): Graph {
  const builder = new GraphBuilder();
  const values = inputs.map(([name, type]) => builder.input(name, type));
  return builder.build(body(builder, ...values));
}

/** The result type by the shape rules, in numbers. */
export function inferType<P extends Prim>(op: P, params: Prims[P], inputs: readonly TensorType[]): TensorType {
  const type: SymbolicType | ShapeMismatch = shapeRules[op](params, inputs);
  if (isMismatch(type)) throw new ShapeError(type);
  const shape = type.shape.map((d) => {
    if (typeof d !== "number") throw new TypeError(`${op} of numbers gave a symbolic size`);
    return d;
  });
  return { dtype: type.dtype, shape };
}

/** Hashing a large constant costs more than a second copy of it. */
const sizeOfConstant = (params: object): number => ("value" in params ? (params.value as Tensor).data.length : 0);
