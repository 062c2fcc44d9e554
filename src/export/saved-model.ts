import { encodeSavedModel, type Signature } from "../backend/tensorflow/proto.ts";
import type { TfAttributes, TfNode, TfTensor } from "../lower/tensorflow/model.ts";
import { lowerTensorflow } from "../lower/tensorflow.ts";
import { type Affine, anySize, ExportRefusal, inferred, mustAgree, SIZES } from "./any-size.ts";
import type { Inference } from "./inference.ts";

/** The size of the batch, i32[1]. */
const BATCH = "batch";

/**
 * `saved_model.pb` of a TensorFlow SavedModel: its signature `serving_default` takes the network's fields [batch, …] and gives its results [batch, …],
 * under the network's names; weights are constants in it. Throws LoweringError or ExportRefusal for what the format cannot hold.
 */
export const savedModelFile = ({ network, parameters, graph }: Inference): Uint8Array => {
  const wide = network.fields.find(({ type }) => type.dtype === "f64");
  if (wide !== undefined) throw new ExportRefusal(`\`${wide.name}\` is f64`);
  const lowered = SIZES.map((size) => {
    const { graph: whole, answers, feeds } = lowerTensorflow(graph(size), { resident: parameters.length, updated: 0 });
    return { nodes: needed(whole.nodes, [...answers, ...feeds]), answers, feeds };
  });
  mustAgree(
    lowered.map(({ nodes }) => nodes.map((node) => (varies(node) ? { ...node, attributes: {} } : node))),
    "operations",
  );
  const { nodes, answers, feeds } = lowered[0]!;
  const shapes = new Set(nodes.flatMap(({ op, inputs }) => (op === "Reshape" ? [inputs[1]!] : [])));
  const read = new Set(nodes.flatMap(({ op, inputs }) => (op === "Reshape" ? [inputs[0]!] : inputs)));

  const written = nodes.flatMap((node, i): readonly TfNode[] => {
    const resident = /^resident(\d+)(\/read)?$/.exec(node.name);
    if (resident !== null) {
      // The variable becomes a constant.
      const { dtype: type, shape, data } = parameters[Number(resident[1])]!;
      return resident[2] === undefined ? [] : [constant(node.name, { type, shape, data })];
    }
    if (node.op === "Placeholder") {
      const field = network.fields[feeds.indexOf(node.name)]!;
      return [{ ...node, attributes: { ...node.attributes, shape: { shape: [-1, ...field.type.shape] } } }];
    }
    if (node.op !== "Const") return [node];
    const onlyReshapes = shapes.has(node.name) && !read.has(node.name);
    return constantOf(
      node,
      lowered.map((one) => tensorOf(one.nodes[i]!)),
      onlyReshapes,
    );
  });
  const signature: Signature = {
    inputs: network.fields.map(({ name, type }, i) => ({
      key: name,
      name: `${feeds[i]}:0`,
      type: type.dtype,
      shape: [-1, ...type.shape],
    })),
    outputs: network.results.map(({ name, type }, i) => ({
      key: name,
      name: `${answers[i]}:0`,
      type: type.dtype,
      shape: [-1, ...type.shape],
    })),
  };
  return encodeSavedModel({ nodes: [...batchOf(network.fields[0]!.type.dtype, feeds[0]!), ...written] }, signature);
};

/** A constant for a batch of any size, as it was lowered for those of SIZES. */
const constantOf = (node: TfNode, tensors: readonly TfTensor[], onlyReshapes: boolean): readonly TfNode[] => {
  const { name } = node;
  const found = anySize(tensors);
  switch (found.kind) {
    case "same":
      return [node];
    case "filled": {
      const { type, data } = tensors[0]!;
      return [
        constant(`${name}/value`, { type, shape: [], data: data.slice(0, 1) }),
        ...computed(`${name}/shape`, found.shape),
        operation(name, "BroadcastTo", [`${name}/value`, `${name}/shape`], { T: { type }, Tidx: { type: "i32" } }),
      ];
    }
    case "sizes": {
      const only = onlyReshapes ? inferred(found.sizes) : undefined;
      return only === undefined ? computed(name, found.sizes) : [constant(name, sizes(only))];
    }
  }
};

/** What these values are made of. */
const needed = (nodes: readonly TfNode[], values: readonly string[]): readonly TfNode[] => {
  const used = new Set(values);
  const kept = nodes.toReversed().filter(({ name, inputs }) => {
    if (used.has(name)) for (const input of inputs) used.add(input.replace(/^\^|:\d+$/g, ""));
    return used.has(name);
  });
  return kept.toReversed();
};

/** Whose attributes may differ between sizes: they are looked at by themselves. */
const varies = ({ op }: TfNode): boolean => op === "Const" || op === "Placeholder";

const tensorOf = ({ name, attributes: { value } }: TfNode): TfTensor => {
  if (value === undefined || !("tensor" in value)) throw new TypeError(`${name} is no constant`);
  return value.tensor;
};

const constant = (name: string, tensor: TfTensor): TfNode =>
  operation(name, "Const", [], { dtype: { type: tensor.type }, value: { tensor } });

const operation = (name: string, op: string, inputs: readonly string[], attributes: TfAttributes): TfNode => ({
  name,
  op,
  inputs,
  attributes,
});

const sizes = (values: readonly number[]) =>
  ({ type: "i32", shape: [values.length], data: Int32Array.from(values) }) as const;

/** a + b n, i32. */
const computed = (name: string, { constant: fixed, factor }: Affine): readonly TfNode[] => [
  constant(`${name}/factor`, sizes(factor)),
  constant(`${name}/constant`, sizes(fixed)),
  operation(`${name}/grown`, "Mul", [BATCH, `${name}/factor`], { T: { type: "i32" } }),
  operation(name, "AddV2", [`${name}/grown`, `${name}/constant`], { T: { type: "i32" } }),
];

const batchOf = (type: "f32" | "f64" | "i32" | "bool", field: string): readonly TfNode[] => [
  operation(`${BATCH}/shape`, "Shape", [field], { T: { type }, out_type: { type: "i32" } }),
  constant(`${BATCH}/begin`, sizes([0])),
  constant(`${BATCH}/size`, sizes([1])),
  operation(BATCH, "Slice", [`${BATCH}/shape`, `${BATCH}/begin`, `${BATCH}/size`], {
    T: { type: "i32" },
    Index: { type: "i32" },
  }),
];
