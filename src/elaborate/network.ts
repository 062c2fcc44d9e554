import type { Span } from "../diagnostic/diagnostic.ts";
import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value as GraphValue } from "../ir/graph.ts";
import { verified } from "../ir/verify.ts";
import type { Field } from "../plan/dataset.ts";
import type { Network, Variable } from "../plan/network.ts";
import type { Bindings } from "../shape/dim.ts";
import { showType, sizeOf, type TensorType } from "../shape/tensor.ts";
import type { Block, Expression } from "../syntax/ast.ts";
import { applyBlock, staticBindings } from "./block.ts";
import { noKey, plainBuilding, purposes } from "./building.ts";
import { declaredTensor, isTensorType, knownTensor } from "./dims.ts";
import { evaluate, fileSizes } from "./expression.ts";
import { newInstance } from "./instance.ts";
import { refuse } from "./refusal.ts";
import { type Building, fileScope, graphScope, type Scope, type Session } from "./scope.ts";
import { type BlockValue, describe, type Value } from "./value.ts";

/** More bytes of weights than this are refused: with gradients and an optimizer's state they take four times as much. */
export const WEIGHT_LIMIT = 2 ** 34;

type NetworkField = Network["fields"][number];

/** A network for the fields of the data that feeds it, both of its graphs. Without data, its own types must say every size. */
export const elaborateNetwork = (
  value: Value,
  data: readonly Field[] | undefined,
  e: Expression,
  session: Session,
): Network => {
  if (value.kind !== "block" || value.callee.kind !== "block")
    throw refuse.value(e.span, `a network is expected here, and this is ${describe(value)}`);
  const { block } = value.callee;
  const fields = networkFields(block, value, data, e, session);
  const key = JSON.stringify([block.span.file, block.name.text, fields, value.origin?.expression.span ?? null]);
  const known = session.networks.get(key);
  if (known !== undefined) return known;
  const training = elaborateGraph(block, value, fields, true, e, session);
  const inference = elaborateGraph(block, value, fields, false, e, session);
  const paths = ({ weights, states }: Elaborated): string => JSON.stringify([weights, states]);
  if (paths(training) !== paths(inference))
    throw refuse.value(block.name.span, `\`${block.name.text}\` has other weights in training than afterwards`, {
      help: "let `training` choose between values, not between layers",
    });
  const network: Network = {
    name: block.name.text,
    fields,
    weights: inference.weights,
    states: inference.states,
    results: inference.results,
    training: training.graph,
    inference: inference.graph,
    stages: inference.stages,
  };
  session.networks.set(key, network);
  return network;
};

/** Whether the network's own types say every size, without the data that feeds it. */
export const knowsItsFields = (block: Block, session: Session): boolean => {
  const statics = staticsOf(block, new Map(), session);
  const sizes = fileSizes(fileScope(session, block.name.text));
  return (
    block.parameters.every(({ type, default: value }) => isTensorType(type) || value !== undefined) &&
    block.parameters.every(({ type }) => !isTensorType(type) || knownTensor(type, statics, sizes) !== undefined)
  );
};

const staticsOf = (block: Block, bound: BlockValue["bound"], session: Session): Bindings => {
  const scope = fileScope(session, block.name.text);
  return staticBindings(
    block.parameters.flatMap((parameter) => {
      if (isTensorType(parameter.type)) return [];
      const value = bound.get(parameter.name.text) ?? (parameter.default && staticDefault(parameter.default, scope));
      return value === undefined ? [] : [[parameter, value] as const];
    }),
  );
};

/** A default that stands on other parameters is known only in the body. */
const staticDefault = (e: Expression, scope: Scope): Value | undefined =>
  e.kind === "int" || e.kind === "float" || e.kind === "size" ? evaluate(e, scope) : undefined;

/** What feeds the tensor parameters: the data's fields by name, else the declared types. */
const networkFields = (
  block: Block,
  { bound }: BlockValue,
  data: readonly Field[] | undefined,
  e: Expression,
  session: Session,
): readonly NetworkField[] => {
  const sizes = fileSizes(fileScope(session, block.name.text));
  const statics = staticsOf(block, bound, session);
  return block.parameters
    .filter(({ type }) => isTensorType(type))
    .map(({ name, type, span }) => {
      if (data === undefined) {
        const known = knownTensor(type, statics, sizes);
        if (known === undefined)
          throw refuse.shape(span, `the size of \`${name.text}\` is known only with the data that feeds it`);
        return { name: name.text, type: known };
      }
      const field = data.find((candidate) => candidate.name === name.text);
      if (field === undefined)
        throw refuse.field(e.span, `\`${block.name.text}\` reads the field \`${name.text}\`, which the data lacks`, {
          help: `its fields are ${data.map((candidate) => `\`${candidate.name}\``).join(", ")}`,
        });
      return { name: name.text, type: { ...field.type, dtype: declaredTensor(type, sizes)!.dtype } };
    });
};

interface Elaborated {
  readonly graph: Graph;
  readonly weights: readonly Variable[];
  readonly states: readonly Variable[];
  readonly results: Network["results"];
  readonly stages: NonNullable<Network["stages"]>;
}

const elaborateGraph = (
  block: Block,
  { bound }: BlockValue,
  fields: readonly NetworkField[],
  training: boolean,
  e: Expression,
  session: Session,
): Elaborated => {
  const builder = new GraphBuilder();
  const inputs = fields.map(({ name, type }) => builder.input(name, type));
  const key = builder.input("key", { dtype: "i32", shape: [4] });
  const net = new NetworkBuilding(builder, training, [...inputs, key], key, block.name.text);
  const values = new Map(bound);
  for (const [i, { name }] of fields.entries()) values.set(name, { kind: "tensor", value: inputs[i]! });
  const scope = graphScope(session, block.name.text, net.building);
  const result = applyBlock(block, values, net.building.root, e, scope);
  const results = namedResults(result, block);
  const { weights, states } = net;
  const variables = [...weights, ...states].map(({ value }) => value);
  const outputs = results.map(({ value }) => value);
  const next = training ? states.map(({ next, value }) => next ?? value) : [];
  const taken = [...variables, ...inputs];
  if (!training && net.drawn !== undefined && reads(builder.build(outputs, [...taken, key]), taken.length))
    throw noKey(`\`${block.name.text}\` outside of training`, net.drawn);
  return {
    graph: verified(builder.build([...outputs, ...next], training ? [...taken, key] : taken)),
    weights: weights.map(({ variable }) => variable),
    states: states.map(({ variable }) => variable),
    results: results.map(({ name, value }) => ({ name, type: builder.typeOf(value) })),
    stages: {
      graph: verified(
        builder.build(
          net.stages.map(({ value }) => value),
          [...taken, key],
        ),
      ),
      labels: net.stages.map(({ label }) => label),
    },
  };
};

const reads = ({ nodes, outputs }: Graph, input: GraphValue): boolean =>
  outputs.includes(input) || nodes.some(({ inputs }) => inputs.includes(input));

const namedResults = (
  result: Value,
  block: Block,
): readonly { readonly name: string; readonly value: GraphValue }[] => {
  if (result.kind === "tensor") return [{ name: "result", value: result.value }];
  if (result.kind === "record")
    return [...result.fields].map(([name, value]) => {
      if (value.kind === "tensor") return { name, value: value.value };
      throw refuse.value(block.body.span, `\`${name}\` of the result is ${describe(value)}, not a tensor`);
    });
  throw refuse.value(block.body.span, `a network gives a tensor, and this one gives ${describe(result)}`);
};

interface Declared {
  readonly variable: Variable;
  readonly value: GraphValue;
  next?: GraphValue;
}

/** The variables, states and random draws of one graph of a network. */
class NetworkBuilding {
  readonly weights: Declared[] = [];
  readonly states: Declared[] = [];
  readonly stages: { readonly label: string; readonly value: GraphValue }[] = [];
  readonly building: Building;
  /** Where the first random number was drawn. */
  drawn: Span | undefined;
  #bytes = 0;
  readonly #builder: GraphBuilder;
  readonly #name: string;
  /** By value: whether it differs between the examples of a batch. */
  readonly #varies: boolean[] = [];
  readonly #examples: ReadonlySet<GraphValue>;

  constructor(
    builder: GraphBuilder,
    training: boolean,
    examples: readonly GraphValue[],
    key: GraphValue,
    name: string,
  ) {
    this.#builder = builder;
    this.#examples = new Set(examples);
    this.#name = name;
    const purpose = purposes();
    let instances = 0;
    this.building = {
      ...plainBuilding(builder, `the network \`${name}\``),
      training,
      root: newInstance(),
      number: (instance) => {
        instance.number ??= instances++;
      },
      variable: (request) => this.#variable(request),
      carry: (instance, state, next, type, span) => this.#carry(`layer${instance.number}/${state}`, next, type, span),
      random: (wanted, span) => {
        this.drawn ??= span;
        return { key, purpose: purpose(wanted) };
      },
      stage: (label, value) => {
        this.stages.push({ label, value });
      },
    };
  }

  readonly #variable = ({
    role,
    instance,
    name,
    type,
    init,
    span,
  }: Parameters<Building["variable"]>[0]): GraphValue => {
    const path = `layer${instance.number}/${name}`;
    this.#bytes += 4 * sizeOf(type.shape);
    if (this.#bytes > WEIGHT_LIMIT)
      throw refuse.tooLarge(
        span,
        `the weights of \`${this.#name}\` would take ${gibibytes(this.#bytes)} with \`${path}\` of ${showType(type)}, and at most ${gibibytes(WEIGHT_LIMIT)} are allowed`,
        { help: "is a size larger than meant? `flatten` before `dense` makes large ones" },
      );
    const value = this.#builder.input(path, type);
    (role === "weight" ? this.weights : this.states).push({ variable: { path, type, init }, value });
    return value;
  };

  readonly #carry = (path: string, next: GraphValue, type: TensorType, span: Span): GraphValue => {
    const state = this.states.find(({ variable }) => variable.path === path);
    if (state === undefined) throw new TypeError(`no state ${path}`);
    const got = this.#builder.typeOf(next);
    if (showType(got) !== showType(type))
      throw refuse.shape(span, `the rule gives ${showType(got)}, and \`${path}\` is ${showType(type)}`);
    if (this.#variesAt(next))
      throw refuse.stateVaries(span, "a state's rule must not vary with the example, and this one does", {
        label: "each example of a batch would give another value",
        help: "take the mean over the batch: `batch_mean(x)`",
      });
    state.next = next;
    return next;
  };

  /** An example's fields and draws vary, a mean over the batch does not, the rest varies with its operands. */
  #variesAt(value: GraphValue): boolean {
    for (let v = this.#varies.length; v <= value; v++) {
      const node = this.#builder.nodeOf(v);
      this.#varies.push(
        node === undefined
          ? this.#examples.has(v)
          : node.op !== "batch_mean" && node.inputs.some((operand) => this.#varies[operand]),
      );
    }
    return this.#varies[value]!;
  }
}

const gibibytes = (bytes: number): string =>
  `${(bytes / 2 ** 30).toLocaleString("en", { maximumFractionDigits: 1 })} GiB`;
