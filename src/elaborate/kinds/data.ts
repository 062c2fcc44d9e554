import { GraphBuilder } from "../../ir/builder.ts";
import type { Value as GraphValue } from "../../ir/graph.ts";
import { verified } from "../../ir/verify.ts";
import type { DataOperation, Feed, Field } from "../../plan/dataset.ts";
import type { Body } from "../../plan/plan.ts";
import type { Call, Expression, Name, Pipe } from "../../syntax/ast.ts";
import { plainBuilding } from "../building.ts";
import type { BuiltinCall } from "../builtin.ts";
import { evaluate } from "../expression.ts";
import { readNumber } from "../read.ts";
import { refuse } from "../refusal.ts";
import { type Building, graphScope, remembered, type Scope, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { asTensor } from "../tensor.ts";
import { type DatasetValue, describe, type Value } from "../value.ts";
import { fieldNames } from "./fields.ts";
import { predictStep } from "./predict.ts";
import { declareSource, isSource, type PartDeclaration } from "./source.ts";

const operations = [
  "where",
  "take",
  "skip",
  "sample",
  "shuffle",
  "split",
  "without",
  "only",
  "union",
  "intersect",
  "with_label_noise",
  "map",
  "count",
] as const;
type Operation = (typeof operations)[number];
const isOperation = (name: string): name is Operation => operations.some((known) => known === name);

export const isDataFunction = (name: string): boolean => isSource(name) || isOperation(name);

/** A source or a transformation: adds its step, once for each place of the text. */
export const callData = (call: BuiltinCall, scope: Scope): Value =>
  remembered(call.expression, scope.session, () =>
    isSource(call.name) ? sourceSteps(call, scope) : transform(call, scope),
  );

/** A query inside of another: `blame.test/where` for the place `blame.test/`. */
export const idFor = (scope: Scope, operation: string): string =>
  scope.place.endsWith("/") ? `${scope.place}${operation}` : scope.place;

export const inside = (scope: Scope, more = ""): Scope => ({
  ...scope,
  place: `${scope.place.endsWith("/") ? scope.place : `${scope.place}/`}${more}`,
});

const sourceSteps = ({ name, expressions, expression }: BuiltinCall, scope: Scope): Value => {
  if (!isSource(name)) throw new TypeError(`${name} is no source`);
  const declaration = declareSource(name, expressions, expression, scope);
  const place = scope.place.endsWith("/") ? scope.place.slice(0, -1) : scope.place;
  const add = (id: string, { source, fields }: PartDeclaration): DatasetValue => ({
    kind: "dataset",
    step: addStep(scope.session, {
      id,
      declared: true,
      body: { kind: "data", source, fields },
      inputs: [],
      span: expression.span,
    }),
    fields,
  });
  if (declaration.kind === "one") return add(place, declaration.part);
  const { train, test } = declaration.parts;
  return {
    kind: "record",
    fields: new Map([
      ["train", add(`${place}.train`, train)],
      ["test", add(`${place}.test`, test)],
    ]),
  };
};

const transform = (call: BuiltinCall, scope: Scope): Value => {
  const { name, expressions, expression } = call;
  const dataExpression = expressions.get("data")!;
  const data = readDataset(evaluate(dataExpression, inside(scope)), dataExpression, scope);
  const number = (of: string, otherwise?: number): number => {
    const e = expressions.get(of);
    if (e === undefined && otherwise !== undefined) return otherwise;
    return readNumber(evaluate(e!, scope), of, of === "n" ? { from: 0, whole: true } : { whole: true }, {
      e: e!,
      scope,
    });
  };
  const query = (operation: DataOperation, fields = data.fields, inputs: readonly string[] = []): DatasetValue =>
    addQuery(operation, fields, [data.step, ...inputs], idFor(scope, name), expression, scope);
  if (!isOperation(name)) throw new TypeError(`${name} is no operation on data`);
  switch (name) {
    case "take":
    case "skip":
      return query({ op: name, n: number("n") });
    case "sample":
      return query({ op: name, n: number("n"), seed: number("seed", 0) });
    case "shuffle":
      return query({ op: name, seed: number("seed", 0) });
    case "split":
      return split(data, share(expressions.get("at")!, "at", scope), expression, scope);
    case "without":
    case "only":
    case "union":
    case "intersect": {
      const e = expressions.get("set")!;
      const set = readDataset(evaluate(e, inside(scope, `${name}/`)), e, scope);
      return query({ op: name }, data.fields, [set.step]);
    }
    case "with_label_noise": {
      const fraction = share(expressions.get("fraction")!, "fraction", scope);
      return query({ op: name, field: labelOf(data, expression, scope), fraction, seed: number("seed", 0) });
    }
    case "where": {
      const condition = expressions.get("condition")!;
      const { graph, feeds, predictions, type } = exampleGraph(condition, data, scope);
      if (type.dtype !== "bool" || type.shape.length > 0)
        throw refuse.value(
          spanFor(condition.span, scope),
          "`where` takes a condition that is true or false of an example",
        );
      return query({ op: "where", graph, feeds }, data.fields, predictions);
    }
    case "map":
      return mapped(data, expressions, expression, scope);
    case "count":
      return { kind: "figure", formula: { kind: "figure", step: data.step, name: "count" } };
  }
};

export const addQuery = (
  operation: DataOperation,
  fields: readonly Field[],
  inputs: readonly string[],
  id: string,
  expression: Expression,
  scope: Scope,
): DatasetValue => {
  const body: Body = { kind: "query", operation, fields };
  const declared = !id.includes("/") && !id.includes(".");
  const step = addStep(scope.session, { id, declared, body, inputs, span: expression.span });
  return { kind: "dataset", step, fields };
};

const split = (data: DatasetValue, at: number, expression: Expression, scope: Scope): Value => {
  const place = idFor(scope, "split");
  const part = (of: "first" | "rest"): readonly [string, DatasetValue] => [
    of,
    addQuery({ op: "split", at, part: of }, data.fields, [data.step], `${place}.${of}`, expression, scope),
  ];
  return { kind: "record", fields: new Map([part("first"), part("rest")]) };
};

const share = (e: Expression, name: string, scope: Scope): number =>
  readNumber(evaluate(e, scope), name, { from: 0, to: 1 }, { e, scope });

const labelOf = (data: DatasetValue, e: Expression, scope: Scope): string => {
  const labels = data.fields.filter(({ classes }) => classes !== undefined);
  const label = labels.find(({ name }) => name === "label") ?? labels[0];
  if (label !== undefined) return label.name;
  throw refuse.field(spanFor(e.span, scope), "`with_label_noise` changes a label, and the data has none", {
    label: "a field of type class[n] is missing",
    help: `its fields are ${data.fields.map(({ name }) => name).join(", ")}: declare the label as class[n] where the data is declared`,
  });
};

/** One step a field. A field that another expression still reads is replaced after it: all see the example as it was. */
const mapped = (
  data: DatasetValue,
  expressions: ReadonlyMap<string, Expression>,
  expression: Expression,
  scope: Scope,
): DatasetValue => {
  const left = new Map([...expressions].filter(([name]) => name !== "data"));
  let current = data;
  while (left.size > 0) {
    const reads = (e: Expression, name: string): boolean => fieldNames(e, scope.session.checked).has(name);
    const next = [...left].find(([name]) => [...left].every(([other, e]) => other === name || !reads(e, name)));
    if (next === undefined)
      throw refuse.value(
        spanFor(expression.span, scope),
        `${[...left.keys()].map((name) => `\`${name}\``).join(" and ")} are made from each other`,
        { help: "make one of them under a new name first, in a `map` of its own" },
      );
    const [name, e] = next;
    left.delete(name);
    const old = current.fields.find((field) => field.name === name);
    const { graph, feeds, predictions, type, classes } = exampleGraph(e, current, scope, {
      asked: data,
      label: old?.classes,
    });
    const field: Field = { name, type, ...(classes === undefined ? classesOf(e, old, type, scope) : { classes }) };
    const fields = [...current.fields.filter((other) => other.name !== name), field];
    const id = left.size === 0 ? idFor(scope, "map") : idFor(inside(scope), `map ${name}`);
    const inputs = [current.step, ...predictions];
    current = addQuery({ op: "map", field, graph, feeds }, fields, inputs, id, expression, scope);
  }
  return current;
};

/** A label stays one: the checker knows of how many classes. */
const classesOf = (e: Expression, old: Field | undefined, type: Field["type"], scope: Scope): { classes?: number } => {
  const checked = scope.session.checked.types.get(e);
  if (checked?.kind === "tensor" && typeof checked.classes === "number") return { classes: checked.classes };
  const kept = type.dtype === "i32" && type.shape.length === 0 ? old?.classes : undefined;
  return kept === undefined ? {} : { classes: kept };
};

/**
 * An expression over the fields of one example as a graph, what feeds it, and the `predict` steps among that; models see `asked`. A condition that
 * replaces a label is one of two classes.
 */
const exampleGraph = (
  e: Expression,
  data: DatasetValue,
  scope: Scope,
  { asked, label }: { readonly asked: DatasetValue; readonly label: number | undefined } = {
    asked: data,
    label: undefined,
  },
) => {
  const builder = new GraphBuilder();
  const feeds: Feed[] = [];
  const predictions: string[] = [];
  const inputs = new Map<string, GraphValue>();
  const input = (key: string, type: Field["type"], feed: Feed): GraphValue => {
    const known = inputs.get(key);
    if (known !== undefined) return known;
    const value = builder.input(key, type);
    inputs.set(key, value);
    feeds.push(feed);
    return value;
  };
  const field = ({ text, span }: Name): GraphValue => {
    const found = data.fields.find(({ name }) => name === text);
    if (found !== undefined) return input(text, found.type, { kind: "field", name: text });
    if (text === "index") return input("index", { dtype: "i32", shape: [] }, { kind: "index" });
    throw refuse.field(spanFor(span, scope), `the data has no field \`${text}\``);
  };
  const prediction = (call: Call | Pipe): GraphValue => {
    const { step, type } = predictStep(call, asked, scope);
    const known = predictions.indexOf(step);
    if (known < 0) predictions.push(step);
    // Input 0 of the query is its data.
    return input(step, type, { kind: "prediction", input: 1 + (known < 0 ? predictions.length - 1 : known) });
  };
  const building: Building = plainBuilding(builder, "a condition over examples", { field, prediction });
  const inner = { ...graphScope(scope.session, scope.place, building), user: scope.user };
  const { value: found } = asTensor(evaluate(e, inner), e, inner);
  const { dtype, shape } = builder.typeOf(found);
  const two = label !== undefined && dtype === "bool" && shape.length === 0;
  const value = two ? builder.apply("convert", [found], { dtype: "i32" }) : found;
  const graph = verified(builder.build([value]));
  return { graph, feeds, predictions, type: builder.typeOf(value), ...(two ? { classes: 2 } : {}) };
};

/** A data set, or why the value is none. */
export const readDataset = (value: Value, e: Expression, scope: Scope): DatasetValue => {
  if (value.kind === "dataset") return value;
  throw refuse.value(spanFor(e.span, scope), `a data set is expected here, and this is ${describe(value)}`);
};
