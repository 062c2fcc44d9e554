import type { Value as GraphValue } from "../ir/graph.ts";
import type { Field } from "../plan/dataset.ts";
import type { Network } from "../plan/network.ts";
import type { Bindings } from "../shape/dim.ts";
import type { Block, Expression } from "../syntax/ast.ts";
import { applyBlock, staticBindings } from "./block.ts";
import { declaredTensor, isTensorType, knownTensor } from "./dims.ts";
import { evaluate, fileSizes } from "./expression.ts";
import { networkOf } from "./network-graph.ts";
import { refuse } from "./refusal.ts";
import { fileScope, graphScope, type Scope, type Session, varies } from "./scope.ts";
import { type BlockValue, describe, type Value } from "./value.ts";

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
  const given = session.given.get(block);
  if (given !== undefined) return given;
  const origin = value.origin?.expression;
  const variant = origin !== undefined && varies(origin, session) ? session.member!.id : null;
  const key = JSON.stringify([block.span.file, block.name.text, fields, origin?.span ?? null, variant]);
  const known = session.networks.get(key);
  if (known !== undefined) return known;
  const { name } = block;
  const network = networkOf(name.text, name.span, fields, (building, inputs) => {
    const values = new Map(value.bound);
    for (const [field, input] of inputs) values.set(field, { kind: "tensor", value: input });
    const scope = graphScope(session, name.text, building);
    return namedResults(applyBlock(block, values, building.root, e, scope), block);
  });
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
