import { GraphBuilder } from "../ir/builder.ts";
import { verified } from "../ir/verify.ts";
import type { Field } from "../plan/dataset.ts";
import type { Measure, Network } from "../plan/network.ts";
import type { Expression } from "../syntax/ast.ts";
import { plainBuilding } from "./building.ts";
import { apply, tensorInputs } from "./call.ts";
import { newInstance } from "./instance.ts";
import { refuse } from "./refusal.ts";
import { graphScope, type Session } from "./scope.ts";
import { asTensor } from "./tensor.ts";
import { calleeName, describe, type Value } from "./value.ts";

/**
 * A block as a number for one example: its first tensor inputs take the network's results (a record's by name), the others fields of the data:
 * `target` where it is given, else a field of the parameter's name, else `label`.
 */
export const elaborateMeasure = (
  value: Value,
  network: Network,
  data: readonly Field[],
  target: string | undefined,
  e: Expression,
  session: Session,
): Measure => {
  if (value.kind !== "block") throw refuse.value(e.span, `a block is expected here, and this is ${describe(value)}`);
  const name = calleeName(value.callee);
  const inputs = tensorInputs(value);
  const results = takenResults(inputs, network, name, e);
  const targets = inputs
    .filter((input) => !results.some(({ input: taken }) => taken === input))
    .map((input, i) => targetField(input, i === 0 ? target : undefined, data, name, e));
  const builder = new GraphBuilder();
  const values = new Map(value.bound);
  // The graph takes every result of the network, those that the block does not read too.
  const fed = network.results.map((result) => builder.input(result.name, result.type));
  for (const { input, at } of results) values.set(input, { kind: "tensor", value: fed[at]! });
  for (const { input, field } of targets)
    values.set(input, { kind: "tensor", value: builder.input(field.name, field.type) });
  const scope = graphScope(session, name, plainBuilding(builder, `\`${name}\``));
  const { value: result } = asTensor(apply(value, values, newInstance(), e, scope), e, scope);
  const { shape } = builder.typeOf(result);
  if (shape.length > 0)
    throw refuse.shape(e.span, `\`${name}\` gives [${shape.join(", ")}] for an example, and one number is needed`);
  return { name, graph: verified(builder.build([result])), targets: targets.map(({ field }) => field.name) };
};

const takenResults = (
  inputs: readonly string[],
  { results, name: network }: Network,
  name: string,
  e: Expression,
): readonly { readonly input: string; readonly at: number }[] => {
  const named = results.flatMap(({ name: result }, at) => (inputs.includes(result) ? [{ input: result, at }] : []));
  if (results.length > 1 && named.length > 0) return named;
  const taken = results.slice(0, 1).flatMap((_, at) => (inputs[at] === undefined ? [] : [{ input: inputs[at], at }]));
  if (taken.length > 0) return taken;
  throw refuse.value(e.span, `\`${name}\` reads no result of \`${network}\``);
};

const targetField = (
  input: string,
  target: string | undefined,
  data: readonly Field[],
  name: string,
  e: Expression,
): { readonly input: string; readonly field: Field } => {
  const wanted = target === undefined ? [input, "label"] : [target];
  const field = wanted.map((candidate) => data.find((f) => f.name === candidate)).find((f) => f !== undefined);
  if (field !== undefined) return { input, field };
  throw refuse.field(e.span, `\`${name}\` compares with \`${wanted[wanted.length - 1]}\`, which the data lacks`, {
    help: `its fields are ${data.map((f) => `\`${f.name}\``).join(", ")}: say \`target: field\``,
  });
};
