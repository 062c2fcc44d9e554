import type { Call, Expression, Pipe } from "../syntax/ast.ts";
import { applyBlock } from "./block.ts";
import { callBuiltin } from "./builtin.ts";
import { isTensorType } from "./dims.ts";
import { evaluate } from "./expression.ts";
import { childOf, type Instance } from "./instance.ts";
import { refuse } from "./refusal.ts";
import { type Scope, spanFor } from "./scope.ts";
import { applyPrimitive, primitiveInputs, primitiveParameters } from "./tensor.ts";
import { type BlockValue, calleeName, describe, type Value } from "./value.ts";

/** A call, or a stage of a pipe, as the checker resolved it. */
export const applyCall = (e: Call | Pipe, callee: Expression, scope: Scope): Value => {
  const { calls } = scope.session.checked;
  const resolved = calls.get(e);
  const at = placeOf(e);
  const block = evaluate(callee, scope);
  if (block.kind !== "block") throw refuse.value(spanFor(callee.span, scope), `${describe(block)} cannot be called`);
  if (block.callee.kind === "builtin" && isLayers(block.callee.name)) return callLayers(block, e, scope);
  const expressions = resolved?.arguments ?? openArguments(block, e, scope);
  if (block.callee.kind === "builtin")
    return callBuiltin({ name: block.callee.name, expression: e, expressions }, scope);
  const values = new Map([...block.bound, ...evaluateAll(expressions, scope)]);
  if (resolved?.layer ?? inputOf({ ...block, bound: values }) !== undefined) return layerValue(block, values, e, scope);
  return apply(block, values, instanceOf(block, e, scope), at, scope);
};

/** Where a message about a use of a block points: at the stage, not at the whole pipe before it. */
const placeOf = (e: Call | Pipe): Expression => (e.kind === "pipe" ? e.stage : e);

/** In the order of the text, which is the order of use: it numbers instances. */
export const evaluateAll = (expressions: ReadonlyMap<string, Expression>, scope: Scope): ReadonlyMap<string, Value> =>
  new Map(
    [...expressions]
      .sort(([, a], [, b]) => a.span.start - b.span.start)
      .map(([name, expression]) => [name, evaluate(expression, scope)]),
  );

/** The one instance that all uses of this value share. */
export const layerValue = (
  block: BlockValue,
  bound: ReadonlyMap<string, Value>,
  expression: Expression,
  scope: Scope,
): BlockValue => ({ kind: "block", callee: block.callee, bound, origin: { home: scope.home, expression } });

/** A layer value's own instance, else a new one for this place of the text. */
export const instanceOf = (block: BlockValue, e: Expression, scope: Scope): Instance | undefined => {
  const { building } = scope;
  if (building === undefined) return undefined;
  if (block.origin !== undefined) return childOf(block.origin.home ?? building.root, block.origin.expression);
  return childOf(scope.home ?? building.root, e);
};

/** The result of a block, primitive or layer for these arguments. `e` is where messages point. */
export const apply = (
  block: BlockValue,
  values: ReadonlyMap<string, Value>,
  instance: Instance | undefined,
  e: Expression,
  scope: Scope,
): Value => {
  const { callee } = block;
  switch (callee.kind) {
    case "block":
      return applyBlock(callee.block, values, instance, e, scope);
    case "primitive":
      return applyPrimitive(callee.name, values, e, scope);
    case "builtin":
      return applyLayers(callee.name, values, instance, e, scope);
  }
};

/** A layer value applied to its one tensor input. */
export const applyLayer = (
  layer: Value,
  input: Value,
  instance: Instance | undefined,
  e: Expression,
  scope: Scope,
): Value => {
  if (layer.kind !== "block") throw refuse.value(spanFor(e.span, scope), `${describe(layer)} is not a layer`);
  const name = inputOf(layer);
  if (name === undefined)
    throw refuse.value(spanFor(e.span, scope), `\`${calleeName(layer.callee)}\` has no tensor input left`);
  return apply(layer, new Map([...layer.bound, [name, input]]), instance, e, scope);
};

const inputOf = (block: BlockValue): string | undefined => tensorInputs(block)[0];

/** The tensor inputs that have no argument yet. */
export const tensorInputs = ({ callee, bound }: BlockValue): readonly string[] => {
  switch (callee.kind) {
    case "block":
      return callee.block.parameters
        .filter(({ name, type }) => isTensorType(type) && !bound.has(name.text))
        .map(({ name }) => name.text);
    case "primitive":
      return primitiveInputs(callee.name).filter((name) => !bound.has(name));
    case "builtin":
      return ["input"];
  }
};

/** A block that came as a parameter is known here only: the arguments meet its parameters as a call's do, the input of a pipe first. */
const openArguments = (block: BlockValue, e: Call | Pipe, scope: Scope): ReadonlyMap<string, Expression> => {
  const given = new Map<string, Expression>();
  const name = calleeName(block.callee);
  if (e.kind === "pipe") {
    const input = inputOf(block);
    if (input === undefined) throw refuse.value(spanFor(e.span, scope), `\`${name}\` has no tensor input left`);
    given.set(input, e.input);
  }
  const list = e.kind === "call" ? e.arguments : e.stage.kind === "call" ? e.stage.arguments : [];
  const parameters = parametersOf(block);
  for (const { name: written, value } of list) {
    const place = written?.text ?? parameters.find((parameter) => !given.has(parameter) && !block.bound.has(parameter));
    if (place === undefined || !parameters.includes(place))
      throw refuse.value(spanFor(value.span, scope), `\`${name}\` takes no such argument`);
    given.set(place, value);
  }
  return given;
};

const parametersOf = ({ callee }: BlockValue): readonly string[] => {
  switch (callee.kind) {
    case "block":
      return callee.block.parameters.map(({ name }) => name.text);
    case "primitive":
      return primitiveParameters(callee.name);
    case "builtin":
      return ["input"];
  }
};

const isLayers = (name: string): boolean => name === "sequence" || name === "repeat";

/** `sequence([…])`, `x |> repeat(3, residual)`, `x |> stack` for a `let stack = sequence([…])`. */
const callLayers = (block: BlockValue, e: Call | Pipe, scope: Scope): Value => {
  const { calls } = scope.session.checked;
  const at = placeOf(e);
  const own = calls.get(e) ?? (e.kind === "pipe" && e.stage.kind === "call" ? calls.get(e.stage) : undefined);
  if (block.origin !== undefined) {
    // The layers are known: the one argument is their input.
    const argument = e.kind === "pipe" ? e.input : e.arguments[0]?.value;
    if (argument === undefined) return block;
    const values = new Map([...block.bound, ["input", evaluate(argument, scope)]]);
    return apply(block, values, instanceOf(block, e, scope), at, scope);
  }
  // The input of a pipe stands before its stage, and is used first.
  const input = e.kind === "pipe" ? evaluate(e.input, scope) : undefined;
  const taken = new Map([...(own?.arguments ?? [])].filter(([, value]) => e.kind !== "pipe" || value !== e.input));
  const values = new Map([...block.bound, ...evaluateAll(taken, scope)]);
  if (input === undefined) return layerValue(block, values, e, scope);
  return apply(block, values.set("input", input), instanceOf(block, e, scope), at, scope);
};

/** `repeat` and `sequence`: layers one after another, each a new instance, whatever the layer values were before. */
const applyLayers = (
  name: string,
  values: ReadonlyMap<string, Value>,
  instance: Instance | undefined,
  e: Expression,
  scope: Scope,
): Value => {
  const input = values.get("input");
  const layers = layersOf(name, values, e, scope);
  if (input === undefined) throw new TypeError(`${name} has no input`);
  return layers.reduce<Value>((x, layer, i) => applyLayer(layer, x, instance && childOf(instance, i), e, scope), input);
};

const layersOf = (name: string, values: ReadonlyMap<string, Value>, e: Expression, scope: Scope): readonly Value[] => {
  const [layers, layer, count] = [values.get("layers"), values.get("layer"), values.get("count")];
  if (name === "sequence" && layers?.kind === "list") return layers.items;
  if (name === "repeat" && layer !== undefined && count?.kind === "number") {
    if (count.value < 0 || count.value > 10_000)
      throw refuse.range(spanFor(e.span, scope), `repeat takes a count from 0 to 10000, and got ${count.value}`);
    return Array.from({ length: count.value }, () => layer);
  }
  throw refuse.value(spanFor(e.span, scope), `\`${name}\` is not a layer`);
};
