import type { TensorType } from "../shape/tensor.ts";
import { isElementwise } from "./elementwise.ts";
import type { Graph, Node, Value } from "./graph.ts";
import type { Prim } from "./primitives.ts";

/** Where the values of a graph lie in one block of memory. */
export interface Buffers {
  /** First byte of each value; NaN for one outside the block. */
  readonly offsets: Float64Array;
  /** Size of the block. */
  readonly bytes: number;
}

export interface Held {
  /** The size of a value as the machine at hand holds it. */
  readonly bytesOf: (type: TensorType) => number;
  /** Whether inputs lie in the block, to be written over after their last use; else they are the caller's and stay as they are. */
  readonly inputs: boolean;
}

/** Results that are their operand, in another shape or under another derivative. `batch_mean` is of a batch of one where a graph runs. */
const views = { reshape: true, stop_gradient: true, batch_mean: true } as const satisfies {
  readonly [P in Prim]?: true;
};

export type View = keyof typeof views;

export const isView = (node: Node): node is Extract<Node, { op: View }> => Object.hasOwn(views, node.op);

const ALIGNMENT = 64;

/**
 * Assigns values to places in one block, in the order of execution: each takes the smallest gap that holds it, or the place of an operand that it may
 * overwrite, and gives it back after its last use; outputs keep theirs. What engines' allocators do.
 */
export function assignBuffers(graph: Graph, { bytesOf, inputs }: Held): Buffers {
  const { owners, last } = lifetimes(graph);
  const first = graph.inputs.length;
  const sizes = [...graph.inputs, ...graph.nodes].map(({ type }) => align(bytesOf(type)));
  const offsets = new Float64Array(sizes.length).fill(Number.NaN);
  const block = new Block();
  const free = (owner: Value) => block.free(offsets[owner]!, sizes[owner]!);
  if (inputs) {
    for (let v = 0; v < first; v++) offsets[v] = block.take(sizes[v]!);
    for (let v = 0; v < first; v++) if (last[v] === v) free(v);
  }
  graph.nodes.forEach((node, i) => {
    const v = first + i;
    const dying = [...new Set(node.inputs.map((x) => owners[x]!))].filter(
      (x) => last[x] === v && !Number.isNaN(offsets[x]!),
    );
    const heir = isView(node)
      ? owners[v]
      : isElementwise(node.op)
        ? dying.find((x) => bytesOf(typeOf(graph, x)) === bytesOf(node.type))
        : undefined;
    offsets[v] = heir === undefined ? block.take(sizes[v]!) : offsets[heir]!;
    for (const x of dying) if (x !== heir || isView(node)) free(x);
    if (owners[v] === v && last[v] === v) free(v);
  });
  return { offsets, bytes: block.bytes };
}

/** Whose memory each value lies in, its own or that of what it is a view of; and the last node that reads that memory (Infinity: an output). */
function lifetimes(graph: Graph): { readonly owners: Int32Array; readonly last: Float64Array } {
  const first = graph.inputs.length;
  const owners = Int32Array.from({ length: first + graph.nodes.length }, (_, v) => v);
  const last = Float64Array.from(owners);
  graph.nodes.forEach((node, i) => {
    const v = first + i;
    if (isView(node)) owners[v] = owners[node.inputs[0]!]!;
    for (const x of node.inputs) last[owners[x]!] = v;
  });
  for (const v of graph.outputs) last[owners[v]!] = Number.POSITIVE_INFINITY;
  return { owners, last };
}

/**
 * Runs an assignment without numbers: every value is written where it lies and every operand must be there unharmed when it is read, outputs at the
 * end. A result may lie on an operand only where that is overwritten element by element.
 */
export function verifyBuffers(graph: Graph, { offsets, bytes }: Buffers, { bytesOf, inputs }: Held): readonly string[] {
  const problems: string[] = [];
  const first = graph.inputs.length;
  const range = (v: Value): Range => ({ from: offsets[v]!, to: offsets[v]! + bytesOf(typeOf(graph, v)) });
  /** What is unharmed, in memory or outside. */
  const intact = new Map<Value, Range>();
  const write = (v: Value) => {
    const place = range(v);
    if (place.from < 0 || place.to > bytes) problems.push(`value ${v} lies outside the block`);
    for (const [other, taken] of intact) if (overlap(place, taken)) intact.delete(other);
    intact.set(v, place);
  };
  const read = (v: Value, by: string) => {
    if (!intact.has(v)) problems.push(`${by} reads value ${v}, which was written over`);
  };
  for (let v = 0; v < first; v++)
    if (inputs) {
      for (const [other, taken] of intact)
        if (overlap(range(v), taken)) problems.push(`input ${v} lies on input ${other}`);
      write(v);
    } else intact.set(v, range(v));
  graph.nodes.forEach((node, i) => {
    const v = first + i;
    const by = `${node.op} ${v}`;
    for (const x of node.inputs) read(x, by);
    if (isView(node)) {
      const [x] = node.inputs;
      if (!Object.is(offsets[v], offsets[x!])) problems.push(`${by} is a view of value ${x}, and lies elsewhere`);
      intact.set(v, range(v));
      return;
    }
    for (const x of node.inputs) {
      const [own, operand] = [range(v), range(x)];
      const together = own.from === operand.from && own.to === operand.to && isElementwise(node.op);
      if (overlap(own, operand) && !together) problems.push(`${by} writes over its operand ${x} while it reads it`);
    }
    write(v);
  });
  for (const v of graph.outputs) read(v, "the caller");
  return problems;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Empty ones and those outside the block (NaN) overlap nothing. */
const overlap = (a: Range, b: Range): boolean => a.from < b.to && b.from < a.to && a.from < a.to && b.from < b.to;

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const typeOf = (graph: Graph, v: Value): TensorType =>
  v < graph.inputs.length ? graph.inputs[v]!.type : graph.nodes[v - graph.inputs.length]!.type;

/** Memory from 0 on, with the gaps in it. */
class Block {
  bytes = 0;
  /** In order, none touching another. */
  readonly #gaps: { from: number; to: number }[] = [];

  take(size: number): number {
    if (size === 0) return 0;
    let best = -1;
    this.#gaps.forEach(({ from, to }, i) => {
      const smallest = best < 0 ? Number.POSITIVE_INFINITY : this.#gaps[best]!.to - this.#gaps[best]!.from;
      if (to - from >= size && to - from < smallest) best = i;
    });
    const end = this.#gaps.at(-1);
    if (best < 0 && end?.to === this.bytes) {
      // The gap at the end grows.
      this.bytes = end.from + size;
      end.to = this.bytes;
      best = this.#gaps.length - 1;
    }
    if (best < 0) {
      this.bytes += size;
      return this.bytes - size;
    }
    const gap = this.#gaps[best]!;
    const { from } = gap;
    gap.from += size;
    if (gap.from === gap.to) this.#gaps.splice(best, 1);
    return from;
  }

  free(from: number, size: number): void {
    if (size === 0) return;
    const at = this.#gaps.findIndex((gap) => gap.from > from);
    const next = at < 0 ? this.#gaps.length : at;
    const [before, after] = [this.#gaps[next - 1], this.#gaps[next]];
    const to = from + size;
    if (before?.to === from && after?.from === to) {
      before.to = after.to;
      this.#gaps.splice(next, 1);
    } else if (before?.to === from) before.to = to;
    else if (after?.from === to) after.from = from;
    else this.#gaps.splice(next, 0, { from, to });
  }
}
