import type { Span } from "../diagnostic/diagnostic.ts";
import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value as GraphValue } from "../ir/graph.ts";
import { verified } from "../ir/verify.ts";
import type { Network, Variable } from "../plan/network.ts";
import { showType, sizeOf, type TensorType } from "../shape/tensor.ts";
import { noKey, plainBuilding, purposes } from "./building.ts";
import { newInstance } from "./instance.ts";
import { refuse } from "./refusal.ts";
import type { Building } from "./scope.ts";

/** More bytes of weights than this are refused: with gradients and an optimizer's state they take four times as much. */
export const WEIGHT_LIMIT = 2 ** 34;

interface Elaborated {
  readonly graph: Graph;
  readonly weights: readonly Variable[];
  readonly states: readonly Variable[];
  readonly results: Network["results"];
  readonly stages: NonNullable<Network["stages"]>;
}

/** What a network is made of: its graph's fields to its results, with what it asks of the building on the way. */
export type NetworkBody = (
  building: Building,
  fields: ReadonlyMap<string, GraphValue>,
) => readonly { readonly name: string; readonly value: GraphValue }[];

/** Both graphs of a network; `body` is called once for each. Its weights must not depend on `training`. */
export const networkOf = (name: string, span: Span, fields: Network["fields"], body: NetworkBody): Network => {
  const training = graphOf(name, fields, true, body);
  const inference = graphOf(name, fields, false, body);
  const paths = ({ weights, states }: Elaborated): string => JSON.stringify([weights, states]);
  if (paths(training) !== paths(inference))
    throw refuse.value(span, `\`${name}\` has other weights in training than afterwards`, {
      help: "let `training` choose between values, not between layers",
    });
  const { weights, states, results, stages } = inference;
  return { name, fields, weights, states, results, training: training.graph, inference: inference.graph, stages };
};

const graphOf = (name: string, fields: Network["fields"], training: boolean, body: NetworkBody): Elaborated => {
  const builder = new GraphBuilder();
  const inputs = fields.map((field) => builder.input(field.name, field.type));
  const key = builder.input("key", { dtype: "i32", shape: [4] });
  const net = new NetworkBuilding(builder, training, [...inputs, key], key, name);
  const results = body(net.building, new Map(fields.map((field, i) => [field.name, inputs[i]!])));
  const { weights, states } = net;
  const variables = [...weights, ...states].map(({ value }) => value);
  const outputs = results.map(({ value }) => value);
  const next = training ? states.map(({ next, value }) => next ?? value) : [];
  const taken = [...variables, ...inputs];
  if (!training && net.drawn !== undefined && reads(builder.build(outputs, [...taken, key]), taken.length))
    throw noKey(`\`${name}\` outside of training`, net.drawn);
  return {
    graph: verified(builder.build([...outputs, ...next], training ? [...taken, key] : taken)),
    weights: weights.map(({ variable }) => variable),
    states: states.map(({ variable }) => variable),
    results: results.map((result) => ({ name: result.name, type: builder.typeOf(result.value) })),
    stages: {
      graph: verified(builder.build([...net.stages.map(({ value }) => value), ...outputs], [...taken, key])),
      labels: net.stages.map(({ label }) => label),
    },
  };
};

const reads = ({ nodes, outputs }: Graph, input: GraphValue): boolean =>
  outputs.includes(input) || nodes.some(({ inputs }) => inputs.includes(input));

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
