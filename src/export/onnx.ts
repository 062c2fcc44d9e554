import { encodeModel } from "../backend/onnx/proto.ts";
import type { OnnxConstant, OnnxModel, OnnxNode, OnnxSize, OnnxValue } from "../lower/onnx/model.ts";
import { lowerOnnx } from "../lower/onnx.ts";
import { type Affine, affine, anySize, inferred, mustAgree, SIZES } from "./any-size.ts";
import type { Inference } from "./inference.ts";

/** The name of the batch's size in the file. */
const BATCH = "batch";

/**
 * An ONNX file: the network's fields [batch, …] to its results [batch, …] under the network's names, weights as initializers by their paths.
 * Throws LoweringError or ExportRefusal for what the format cannot hold.
 */
export const onnxFile = (inference: Inference): Uint8Array => encodeModel(onnxModel(inference));

const onnxModel = ({ network, parameters, graph }: Inference): OnnxModel<OnnxSize> => {
  const known = new Map(parameters.map((value, i) => [i, value]));
  const lowered = SIZES.map((size) => lowerOnnx(graph(size), known));
  mustAgree(
    lowered.map(({ nodes, constants }) => [nodes, constants.map(({ name, type }) => [name, type])]),
    "operations",
  );
  const { nodes, constants } = lowered[0]!;
  const drafting = new Drafting(nodes);
  const rename = new Map<string, string>();

  for (const [i, constant] of constants.entries()) {
    const found = anySize(lowered.map((model) => model.constants[i]!));
    const name = inner(constant.name);
    const weight = parameters.findIndex(({ data }) => data === constant.data);
    if (found.kind === "sizes") drafting.sizes(name, found.sizes);
    else if (found.kind === "filled") drafting.filled(name, constant, found.shape);
    else {
      const kept = weight < 0 ? name : network.inference.inputs[weight]!.name;
      rename.set(constant.name, kept);
      drafting.constants.push({ ...constant, name: kept });
    }
  }

  const inputs = network.fields.map(({ name, type }, i): OnnxValue<OnnxSize> => {
    const lowerName = `input${parameters.length + i}`;
    const shapes = lowered.map((model) => model.inputs.find((input) => input.name === lowerName)?.shape);
    const declared = { name, type: type.dtype, shape: [BATCH, ...type.shape] };
    const [shape] = shapes;
    // A field that no result needs is declared, and not read.
    if (shape === undefined) return declared;
    if (shape.join() === [SIZES[0], ...type.shape].join()) rename.set(lowerName, name);
    else drafting.reshape(name, inner(lowerName), affine(shapes.map((known) => known ?? [])));
    return declared;
  });
  drafting.batchOf(inputs[0]!.name);

  const fields = new Set(inputs.map(({ name }) => name));
  const outputs = network.results.map(({ name, type }, i): OnnxValue<OnnxSize> => {
    const lowerName = `output${i}`;
    const shown = fields.has(name) ? `${name}_result` : name;
    const { shape } = lowered[0]!.outputs[i]!;
    if (shape.join() === [SIZES[0], ...type.shape].join()) rename.set(lowerName, shown);
    else drafting.reshapeLast(inner(lowerName), shown, type.shape);
    return { name: shown, type: type.dtype, shape: [BATCH, ...type.shape] };
  });
  const renamed = (name: string): string => (name === "" ? name : (rename.get(name) ?? inner(name)));
  return {
    name: network.name,
    inputs,
    outputs,
    constants: drafting.constants,
    nodes: [
      ...drafting.before,
      ...nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) })),
      ...drafting.after,
    ],
  };
};

/** Names of the graph that no network's field or weight can have. */
const inner = (name: string): string => `mtt/${name}`;

/** What is added to a lowered graph so that it takes batches of any size. */
class Drafting {
  readonly constants: OnnxConstant[] = [];
  readonly before: OnnxNode[] = [];
  readonly after: OnnxNode[] = [];
  readonly #reshaped: ReadonlySet<string>;
  readonly #read: ReadonlySet<string>;
  #needsBatch = false;

  constructor(nodes: readonly OnnxNode[]) {
    const shapes = nodes.flatMap(({ op, inputs }) => (op === "Reshape" ? [inner(inputs[1]!)] : []));
    const others = nodes.flatMap(({ op, inputs }) => (op === "Reshape" ? [inputs[0]!] : inputs)).map(inner);
    this.#reshaped = new Set(shapes);
    this.#read = new Set(others);
  }

  #integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    this.constants.push({ name, type: "i64", shape: [values.length], data });
    return name;
  }

  /** The value `name`: a + b n. Where only reshapes read it, -1 says it. */
  sizes(name: string, sizes: Affine): void {
    const inferable = this.#reshaped.has(name) && !this.#read.has(name) ? inferred(sizes) : undefined;
    if (inferable !== undefined) this.#integers(name, inferable);
    else this.#computed(name, sizes);
  }

  #computed(name: string, { constant, factor }: Affine): void {
    this.#needsBatch = true;
    const grown = `${name}/grown`;
    this.before.push(
      node("Mul", [inner(BATCH), this.#integers(`${name}/factor`, factor)], grown),
      node("Add", [grown, this.#integers(`${name}/constant`, constant)], name),
    );
  }

  /** An array of one value whose shape grows with the batch. */
  filled(name: string, { type, data }: OnnxConstant, shape: Affine): void {
    this.constants.push({ name: `${name}/value`, type, shape: [], data: data.slice(0, 1) });
    this.#computed(`${name}/shape`, shape);
    this.before.push(node("Expand", [`${name}/value`, `${name}/shape`], name));
  }

  reshape(from: string, to: string, shape: Affine): void {
    this.before.push(node("Reshape", [from, this.#integers(`${to}/shape`, inferred(shape) ?? [])], to));
  }

  reshapeLast(from: string, to: string, shape: readonly number[]): void {
    this.after.push(node("Reshape", [from, this.#integers(`${from}/shape`, [-1, ...shape])], to));
  }

  /** Made first, where anything needs it: the size of the first field's first axis. */
  batchOf(field: string): void {
    if (!this.#needsBatch) return;
    this.before.unshift({
      ...node("Shape", [field], inner(BATCH)),
      attributes: { start: { int: 0 }, end: { int: 1 } },
    });
  }
}

const node = (op: string, inputs: readonly string[], output: string): OnnxNode => ({
  op,
  inputs,
  outputs: [output],
  attributes: {},
});
