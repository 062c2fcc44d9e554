import { type Bindings, type Dim, type SymbolicPadding, showShape, substituteAxes } from "../shape/dim.ts";
import type { TensorType } from "../shape/tensor.ts";
import { type ShapePair, unifyAll } from "../shape/unify.ts";
import type { Block, Expression, Parameter, State, Statement, Weight } from "../syntax/ast.ts";
import { declaredTensor, isTensorType, knownTensor } from "./dims.ts";
import { evaluate, fileSizes } from "./expression.ts";
import type { Instance } from "./instance.ts";
import { readInit } from "./read-init.ts";
import { refuse } from "./refusal.ts";
import { type Building, isStandard, type Scope, spanFor } from "./scope.ts";
import { asTensor } from "./tensor.ts";
import type { Value } from "./value.ts";

/** Deeper than any sensible network. (The checker refuses what calls itself.) */
const deepest = 200;

/** Inlines the body of a block: one use of it, `instance`. */
export const applyBlock = (
  block: Block,
  values: ReadonlyMap<string, Value>,
  instance: Instance | undefined,
  e: Expression,
  caller: Scope,
): Value => {
  const { building } = caller;
  if (building === undefined || instance === undefined)
    throw refuse.value(spanFor(e.span, caller), `\`${block.name.text}\` is applied outside of a network`);
  if (block.body.kind === "missing")
    throw refuse.value(
      spanFor(e.span, caller),
      `\`${block.name.text}\` was built by a script, and can only be trained`,
      {
        help: "build what both networks share by one function of the script",
      },
    );
  if (caller.depth >= deepest)
    throw refuse.tooDeep(
      spanFor(e.span, caller),
      `blocks are used inside of each other more than ${deepest} deep here`,
      { help: "`repeat(3, layer)` and `sequence([a, b])` put layers behind each other" },
    );
  const locals = new Map<Parameter | Statement, () => Value>();
  const inner: Scope = {
    ...caller,
    locals,
    home: instance,
    user: isStandard(block.span.file) ? spanFor(e.span, caller) : undefined,
    depth: caller.depth + 1,
  };
  const given = block.parameters.map((parameter): readonly [Parameter, Value] => {
    const value = values.get(parameter.name.text);
    const taken = isTensorType(parameter.type) && value !== undefined ? asTensor(value, e, caller) : value;
    const argument = taken ?? defaultOf(parameter, inner);
    locals.set(parameter, () => argument);
    return [parameter, argument];
  });
  const scope: Scope = { ...inner, dims: bindDims(given, block, building, e, caller) };
  if (block.statements.some(({ kind }) => kind !== "let")) building.number(instance);
  for (const statement of block.statements)
    locals.set(
      statement,
      once(() => statementValue(statement, instance, building, scope)),
    );
  for (const statement of block.statements) locals.get(statement)!();
  const result = evaluate(block.body, scope);
  if (building.training)
    for (const statement of block.statements) if (statement.kind === "state") follow(statement, instance, scope);
  return isTensorType(block.result) ? asTensor(result, block.body, scope) : result;
};

const defaultOf = (parameter: Parameter, scope: Scope): Value => {
  if (parameter.default === undefined) throw new TypeError(`\`${parameter.name.text}\` has no argument and no default`);
  return evaluate(parameter.default, scope);
};

/** Static parameters by their values, then dimension variables by the shapes of the tensors that came. */
const bindDims = (
  given: readonly (readonly [Parameter, Value])[],
  block: Block,
  building: Building,
  e: Expression,
  scope: Scope,
): Bindings => {
  const bindings = staticBindings(given);
  const pairs: ShapePair[] = [];
  for (const [{ type }, value] of given) {
    const declared = declaredTensor(type, fileSizes(scope));
    if (declared !== undefined && value.kind === "tensor")
      pairs.push({ declared: declared.axes, actual: building.ops.typeOf(value.value).shape });
  }
  const unified = unifyAll(pairs, bindings);
  const [mismatch] = unified.mismatches ?? [];
  if (mismatch === undefined) return unified.bindings;
  const [parameter, pair] = [
    given.filter(([{ type }]) => isTensorType(type))[mismatch.pair]?.[0],
    pairs[mismatch.pair]!,
  ];
  throw refuse.shape(
    spanFor(e.span, scope),
    `\`${block.name.text}\` got ${showShape(pair.actual)} for \`${parameter?.name.text}\`, which takes ${showShape(substituteAxes(pair.declared, unified.bindings))}`,
  );
};

export const staticBindings = (given: readonly (readonly [Parameter, Value])[]): Bindings => {
  const dims = new Map<string, Dim>();
  const paddings = new Map<string, SymbolicPadding>();
  for (const [{ name }, value] of given) {
    if (value.kind === "number") dims.set(name.text, value.value);
    else if (value.kind === "size") dims.set(`${name.text}.y`, value.y).set(`${name.text}.x`, value.x);
    else if (value.kind === "word" && (value.word === "same" || value.word === "valid"))
      paddings.set(name.text, value.word);
  }
  return { dims, spreads: new Map(), paddings };
};

const statementValue = (statement: Statement, instance: Instance, building: Building, scope: Scope): Value => {
  switch (statement.kind) {
    case "let":
      return evaluate(statement.value, scope);
    case "weight":
    case "state":
      return { kind: "tensor", value: variable(statement, instance, building, scope) };
  }
};

/** An instance that is used again finds its weights, and its states as the last use left them. */
const variable = (statement: Weight | State, instance: Instance, building: Building, scope: Scope) => {
  const known = instance.variables.get(statement);
  if (known !== undefined) return known;
  const made = building.variable({
    role: statement.kind,
    instance,
    name: statement.name.text,
    type: variableType(statement, scope),
    init: readInit(evaluate(statement.init, scope), statement.init, scope),
    span: spanFor(statement.span, scope),
  });
  instance.variables.set(statement, made);
  return made;
};

const variableType = ({ name, type, span }: Weight | State, scope: Scope): TensorType => {
  const known = knownTensor(type, scope.dims, fileSizes(scope));
  if (known !== undefined) return known;
  const { axes } = declaredTensor(type, fileSizes(scope)) ?? { axes: [] };
  throw refuse.shape(
    spanFor(span, scope),
    `\`${name.text}\` would have the shape ${showShape(substituteAxes(axes, scope.dims))}`,
    { help: "every size must be a whole number, 0 or more" },
  );
};

/** The state's next value: what its rule gives while training. */
const follow = (state: State, instance: Instance, scope: Scope): void => {
  const { building } = scope;
  if (building === undefined) return;
  const next = asTensor(evaluate(state.rule, scope), state.rule, scope);
  const wanted = knownTensor(state.type, scope.dims, fileSizes(scope))!;
  const carried = building.carry(instance, state.name.text, next.value, wanted, spanFor(state.rule.span, scope));
  instance.variables.set(state, carried);
};

const once = (make: () => Value): (() => Value) => {
  let value: Value | undefined;
  return () => {
    value ??= make();
    return value;
  };
};
