import { check } from "../check/check.ts";
import { loadModules } from "../check/modules.ts";
import type { Span } from "../diagnostic/diagnostic.ts";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { stdlib } from "../generated/stdlib.ts";
import type { Value as GraphValue, Ops } from "../ir/graph.ts";
import type { Init, Network } from "../plan/network.ts";
import type { Block, Expression, Parameter } from "../syntax/ast.ts";
import { apply } from "./call.ts";
import { isTensorType } from "./dims.ts";
import { newInstance } from "./instance.ts";
import { networkOf } from "./network-graph.ts";
import { refuse } from "./refusal.ts";
import { type Building, graphScope, newSession, type Session } from "./scope.ts";
import { asTensor } from "./tensor.ts";
import type { Value } from "./value.ts";

/** An argument of a library's block: a number, height and width, a word such as `same`, a flag, how weights begin. */
export type LayerArgument = number | boolean | string | readonly [number, number] | Init;

export interface LayerOptions {
  /**
   * False: its weights stay as they begin or are restored (`start`), and it computes as after training: no dropout, running figures. True where absent.
   */
  readonly trained?: boolean;
}

/** The graph of a network that is being built, for one example: the builder that the language's own blocks use. */
export interface NetworkBuilder {
  /** Operations: `operations.multiply(net.ops, x, y)`. */
  readonly ops: Ops<GraphValue>;
  readonly training: boolean;
  /** A block of the standard library: `net.layer("conv", x, { channels: 8, stride: [2, 2] })`. Its weights are a layer of their own, `layer0/W`. */
  readonly layer: (
    name: string,
    inputs: GraphValue | readonly GraphValue[],
    parameters?: Readonly<Record<string, LayerArgument>>,
    options?: LayerOptions,
  ) => GraphValue;
  /** Weights (f32) of a layer that the script writes itself from operations. */
  readonly weights: <Name extends string>(
    weights: Readonly<Record<Name, { readonly shape: readonly number[]; readonly init: Init }>>,
    options?: LayerOptions,
  ) => Readonly<Record<Name, GraphValue>>;
}

export type NetworkBuild<Field extends string> = (
  net: NetworkBuilder,
  fields: Readonly<Record<Field, GraphValue>>,
) => GraphValue | Readonly<Record<string, GraphValue>>;

/** What stands for the place in messages: a script has no text here. */
const span: Span = { file: "script", start: 0, end: 0 };

/**
 * A network from a function that builds its graph; called twice, for training and for afterwards. `fields` are f32 of these shapes. Throws Refusal or
 * ShapeError for what does not fit.
 */
export const buildNetwork = <Field extends string>(
  name: string,
  fields: Readonly<Record<Field, readonly number[]>>,
  build: NetworkBuild<Field>,
): Network => {
  const names = keysOf(fields);
  const session = library();
  return networkOf(
    name,
    span,
    names.map((field) => ({ name: field, type: { dtype: "f32", shape: fields[field] } })),
    (building, inputs) => {
      const given = fromKeys(names, (field) => inputs.get(field)!);
      const result = build(builderOf(name, building, session), given);
      return typeof result === "number"
        ? [{ name: "result", value: result }]
        : Object.entries(result).map(([key, value]) => ({ name: key, value }));
    },
  );
};

const keysOf = <K extends string>(of: Readonly<Record<K, unknown>>): readonly K[] =>
  Object.keys(of).filter((key): key is K => Object.hasOwn(of, key));

const fromKeys = <K extends string, V>(keys: readonly K[], make: (key: K) => V): Readonly<Record<K, V>> => {
  const isWhole = (record: Partial<Record<K, V>>): record is Record<K, V> => keys.every((key) => key in record);
  const record: Partial<Record<K, V>> = {};
  for (const key of keys) record[key] = make(key);
  if (!isWhole(record)) throw new TypeError("a key was lost");
  return record;
};

/** A checked program of nothing but the standard library. */
let known: Session | undefined;
const library = (): Session => {
  known ??= newSession(check("", loadModules("", stdlib).files));
  return known;
};

const builderOf = (network: string, building: Building, session: Session): NetworkBuilder => ({
  ops: building.ops,
  training: building.training,
  layer: (name, inputs, parameters = {}, options = {}) => {
    const block = blockOf(name, session);
    const e: Expression = { kind: "name", span, text: name };
    const within = options.trained === false ? still(building) : building;
    const scope = graphScope(session, network, within);
    const values = new Map([
      ...tensors(block, typeof inputs === "number" ? [inputs] : inputs),
      ...statics(block, parameters),
    ]);
    const callee = { kind: "block", callee: { kind: "block", block }, bound: new Map() } as const;
    const { value } = asTensor(apply(callee, values, newInstance(), e, scope), e, scope);
    building.stage(labelOf(name, parameters), value);
    return value;
  },
  weights: (weights, options = {}) => {
    const instance = newInstance();
    building.number(instance);
    return fromKeys(keysOf(weights), (name) =>
      building.variable({
        role: options.trained === false ? "state" : "weight",
        instance,
        name,
        type: { dtype: "f32", shape: weights[name].shape },
        init: weights[name].init,
        span,
      }),
    );
  },
});

/** Weights that nothing trains are states without a rule. */
const still = (building: Building): Building => ({
  ...building,
  training: false,
  variable: (request) => building.variable({ ...request, role: "state" }),
});

const blockOf = (name: string, { checked }: Session): Block => {
  const blocks = [...checked.files.values()].flatMap(({ declarations }) =>
    declarations.flatMap((declaration) => (declaration.kind === "block" ? [declaration] : [])),
  );
  const found = blocks.find((block) => block.name.text === name);
  if (found !== undefined) return found;
  const names = blocks.map((block) => block.name.text);
  const near = nearMiss(name, names);
  throw refuse.value(span, `the standard library has no block \`${name}\``, {
    help: near === undefined ? `it has ${names.join(", ")}` : `did you mean \`${near}\`?`,
  });
};

const tensors = (block: Block, inputs: readonly GraphValue[]): readonly (readonly [string, Value])[] => {
  const wanted = block.parameters.filter(({ type }) => isTensorType(type));
  if (wanted.length !== inputs.length)
    throw refuse.value(span, `\`${block.name.text}\` takes ${wanted.length} tensors, and got ${inputs.length}`);
  return inputs.map((value, i) => [wanted[i]!.name.text, { kind: "tensor", value }]);
};

const statics = (
  block: Block,
  given: Readonly<Record<string, LayerArgument>>,
): readonly (readonly [string, Value])[] => {
  const wanted = block.parameters.filter(({ type }) => !isTensorType(type));
  const names = wanted.map(({ name }) => name.text);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearMiss(name, names);
    throw refuse.value(span, `\`${block.name.text}\` has no parameter \`${name}\``, {
      help: near === undefined ? `its parameters are ${names.join(", ")}` : `did you mean \`${near}\`?`,
    });
  }
  return wanted.flatMap((parameter): readonly (readonly [string, Value])[] => {
    const { text } = parameter.name;
    const argument = given[text];
    if (argument !== undefined) return [[text, argumentOf(block, parameter, argument)]];
    if (parameter.default !== undefined) return [];
    throw refuse.value(span, `\`${block.name.text}\` needs \`${text}\``);
  });
};

/** The argument as its parameter takes it: what the checker does for the language's own calls. */
const argumentOf = (block: Block, { name, type }: Parameter, argument: LayerArgument): Value => {
  const takes = type.kind === "type_name" ? type.name : "nothing that a script can give";
  const value = readers[takes]?.(argument);
  if (value !== undefined) return value;
  throw refuse.value(
    span,
    `\`${name.text}\` of \`${block.name.text}\` is of type ${takes}, and got ${JSON.stringify(argument)}`,
  );
};

const readers: Readonly<Record<string, (argument: LayerArgument) => Value | undefined>> = {
  int: (n) => (Number.isSafeInteger(n) ? numeric(n) : undefined),
  float: (n) => numeric(n),
  bool: (flag) => (typeof flag === "boolean" ? { kind: "bool", value: flag } : undefined),
  string: (text) => (typeof text === "string" ? { kind: "string", value: text } : undefined),
  padding: (word) => (word === "same" || word === "valid" ? { kind: "word", word } : undefined),
  size: (of) => {
    const [y, x] = typeof of === "number" ? [of, of] : isSides(of) ? of : [];
    return isSide(y) && isSide(x) ? { kind: "size", y, x } : undefined;
  },
  init: (init) => {
    if (typeof init === "number") return numeric(init);
    if (typeof init !== "object" || !("kind" in init)) return undefined;
    const { kind, ...parameters } = init;
    const numbers = Object.entries(parameters).map(([name, value]): [string, Value] => [
      name,
      { kind: "number", value },
    ]);
    return { kind: "made", name: kind, arguments: new Map(numbers), expression: { kind: "name", span, text: kind } };
  },
};

const numeric = (n: LayerArgument): Value | undefined =>
  typeof n === "number" && Number.isFinite(n) ? { kind: "number", value: n } : undefined;

const isSides = (of: LayerArgument): of is readonly [number, number] => Array.isArray(of) && of.length === 2;
const isSide = (n: number | undefined): n is number => n !== undefined && Number.isSafeInteger(n) && n >= 1;

/** As the language would write it. */
const labelOf = (name: string, parameters: Readonly<Record<string, LayerArgument>>): string => {
  const given = Object.entries(parameters).map(([key, value]) => {
    if (typeof value !== "object") return `${key}: ${value}`;
    return "kind" in value ? `${key}: ${value.kind}` : `${key}: ${value.join("x")}`;
  });
  return given.length === 0 ? name : `${name}(${given.join(", ")})`;
};
