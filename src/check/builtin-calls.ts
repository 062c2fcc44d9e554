import { variable } from "../shape/dim.ts";
import type { Expression, Name, Step } from "../syntax/ast.ts";
import { applyLayers } from "./apply.ts";
import { matchArguments, missingArguments, type Place as Parameter } from "./arguments.ts";
import type { Site } from "./calls.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { declaredData, declaredFields } from "./declared-data.ts";
import { check, infer, type Place, settle } from "./expressions.ts";
import { dataOf, figureOf, networkOf } from "./kinds/index.ts";
import { reportTwoMeanings } from "./names.ts";
import { problems } from "./problems.ts";

import { reportInside } from "./shape-problems.ts";
import { factsOf, sweepBehind } from "./steps.ts";
import { describeType, errorType, showBuiltin } from "./types.ts";
import { isUnfit } from "./unfit.ts";
import { type Builtin, list, type Want } from "./want.ts";

import { fitsWant } from "./wants.ts";

/** The row that a call means: by what flows in, then by the names of its arguments. */
export function pickRow(c: Context, callee: Name, rows: readonly Builtin[], site: Site): Builtin | undefined {
  const { input } = site;
  const byInput =
    input === undefined || input.type.kind === "error"
      ? rows
      : rows.filter((row) => row.parameters[0] !== undefined && fitsWant(input.type, row.parameters[0].want));
  const left = byInput.length > 0 ? byInput : rows;
  const named = site.arguments.flatMap(({ name }) => (name === undefined ? [] : [name.text]));
  const byNames = left.filter((row) =>
    named.every((name) => row.parameters.some((parameter) => parameter.name === name)),
  );
  const [row, other] = byNames.length > 0 ? byNames : left;
  if (row !== undefined && other !== undefined && site.input === undefined) {
    reportTwoMeanings(c, callee, rows);
    return undefined;
  }
  return row;
}

/** A call of a built-in: its arguments checked against its row, its type by the row's rule. */
export function callBuiltin(c: Context, env: Env, row: Builtin, site: Site, want?: Want): Type {
  const figure = figureAsked(c, env, row, site);
  if (figure !== undefined) return figure;
  const layers = row.result.result === "repeat" || row.result.result === "sequence";
  const each = row.result.result === "item";
  if (each && env.sweep !== true)
    report(
      c,
      env.sweep === false
        ? problems.outOfPlace(site.span, `\`${row.name}\` stands among the values of another`, {
            label: "a list of values expected in its place",
            help: "write all values in one list; two fields with an `each` are combined",
          })
        : problems.outOfPlace(site.span, `\`${row.name}\` stands in a sweep only`, {
            label: "one step has one value",
            help: "write `sweep name = step with { … }`",
          }),
    );
  const own = row.parameters.map(
    (parameter): Parameter => ({ name: parameter.name, optional: parameter.default !== undefined }),
  );
  const places = layers && site.input !== undefined ? [{ name: "input", optional: false }, ...own] : own;
  const free = row.named === undefined ? [] : site.arguments.filter(({ name }) => isFree(name, places));
  const callee = { name: row.name, shown: showBuiltin(row) };
  const matched = matchArguments(c, callee, places, {
    ...site,
    arguments: site.arguments.filter((argument) => !free.includes(argument)),
  });
  const complete = missingArguments(c, callee, places, matched, site);
  const given = new Map(matched.given);
  const types = new Map<string, Type>();
  if (site.input !== undefined && given.get("input") === site.input.expression) types.set("input", site.input.type);
  for (const parameter of row.parameters) {
    const e = given.get(parameter.name);
    if (e === undefined) continue;
    const place = {
      what: `\`${parameter.name}\` of \`${row.name}\``,
      why: { text: `\`${showBuiltin(row)}\`: ${row.doc}` },
    };
    const piped = site.input !== undefined && e === site.input.expression;
    // Each value of an `each` is what its place takes.
    const wanted = each && want !== undefined ? list(want) : parameter.want;
    types.set(
      parameter.name,
      piped && site.input !== undefined
        ? settle(c, e, site.input.type, wanted, place)
        : checkArgument(c, each ? { ...env, sweep: false } : env, e, wanted, place, fieldsOf(types.get("data"))),
    );
  }
  const made = new Map<string, Type>();
  for (const { name, value } of free) {
    if (name === undefined) continue;
    given.set(name.text, value);
    const fields = fieldsOf(types.get("data"));
    made.set(name.text, fields === undefined ? errorType : infer(c, exampleEnv(env, fields), value));
  }
  c.calls.set(site.node, { arguments: given, layer: layers && site.input === undefined });
  return complete ? resultOf(c, env, row, types, given, made, site) : errorType;
}

const isFree = (name: Name | undefined, places: readonly Parameter[]): boolean =>
  name !== undefined && !places.some((place) => place.name === name.text);

/** The fields of one example of a data set; of something wrong, none are known. */
const fieldsOf = (data: Type | undefined): ReadonlyMap<string, TensorTypeSymbolic> | undefined =>
  data?.kind === "dataset" ? data.fields : undefined;

const exampleEnv = (env: Env, fields: ReadonlyMap<string, TensorTypeSymbolic> | undefined): Env => ({
  ...env,
  fields: fields ?? new Map(),
});

/** One argument or field of a step, whatever it is wanted to be. */
export function checkArgument(
  c: Context,
  env: Env,
  e: Expression,
  want: Want,
  place: Place,
  fields?: ReadonlyMap<string, TensorTypeSymbolic>,
): Type {
  switch (want.want) {
    case "condition": {
      if (fields === undefined) return errorType;
      const type = infer(c, exampleEnv(env, fields), e);
      const isBool =
        type.kind === "bool" || (type.kind === "tensor" && type.dtype === "bool" && type.axes.length === 0);
      if (isBool || type.kind === "error") return type;
      report(
        c,
        problems.wrongType(e.span, `${place.what} is true or false of an example, and this is ${describeType(type)}`, {
          label: "a condition expected here",
        }),
      );
      return errorType;
    }
    case "type":
    case "types":
    case "files":
      return declaredFields(c, env, e, want.want, place);
    default:
      return check(c, env, e, want, place);
  }
}

/** `accuracy(tested)`: a metric, asked of a step as a function is elsewhere. */
function figureAsked(c: Context, env: Env, row: Builtin, { span, input, arguments: given }: Site): Type | undefined {
  const isMetric = row.result.result === "opaque" && row.result.name === "metric" && row.parameters.length === 0;
  const argument = input?.expression ?? given[0]?.value;
  if (!isMetric || argument === undefined || given.length > 1) return undefined;
  const type = input?.type ?? infer(c, env, argument);
  const figure = type.kind === "step" ? figureOf(c, type.step)?.get(row.name) : undefined;
  if (figure === undefined) return undefined;
  const field = argument.kind === "name" ? `${argument.text}.${row.name}` : undefined;
  const title = `write ${field ?? `.${row.name} behind the step`}`;
  report(
    c,
    problems.arguments(span, `\`${row.name}\` takes no arguments`, {
      label: "a figure of a step is a field of it",
      help: title,
      fixes: field === undefined || input !== undefined ? [] : [{ title, safe: true, edits: [{ span, text: field }] }],
    }),
  );
  return figure;
}

function resultOf(
  c: Context,
  env: Env,
  row: Builtin,
  types: ReadonlyMap<string, Type>,
  given: ReadonlyMap<string, Expression>,
  made: ReadonlyMap<string, Type>,
  site: Site,
): Type {
  const { result } = row;
  const of = (name: string): Type => types.get(name) ?? errorType;
  switch (result.result) {
    case "opaque":
      return { kind: "opaque", name: result.name };
    case "type":
      return result.type;
    case "size": {
      const [y, x] = [of(result.y), of(result.x)];
      if (y.kind === "error" || x.kind === "error") return errorType;
      if (y.kind !== "int" || x.kind !== "int" || y.value === undefined || x.value === undefined)
        return { kind: "size" };
      return { kind: "size", y: y.value, x: x.value };
    }
    case "same":
      return of(result.as);
    case "training_data": {
      const step = of(result.of);
      const fields = step.kind === "step" ? dataOf(c, step.step) : undefined;
      return fields === undefined ? errorType : { kind: "dataset", fields };
    }
    case "parts": {
      const data = of(result.of);
      return data.kind === "error"
        ? data
        : { kind: "record", fields: new Map(result.names.map((name) => [name, data])) };
    }
    case "declared":
      return declaredData(c, result.by, types, given);
    case "item": {
      const list = of(result.of);
      return list.kind === "list" ? list.item : errorType;
    }
    case "mapped":
      return mappedData(c, of("data"), made, given);
    case "predicted":
    case "probability": {
      const step = of("model");
      if (step.kind !== "step") return errorType;
      return result.result === "predicted" ? predictedType(c, step, site) : probabilityType(c, step, site);
    }
    case "model": {
      const family = of(result.of);
      const base = family.kind === "step" ? familyOf(c, family.step) : undefined;
      return base === undefined ? errorType : { kind: "step", step: base };
    }
    case "sequence":
    case "repeat":
      return layersOf(c, env, result.result, types, given, site);
  }
}

/** The model that a sweep makes a family of. */
function familyOf(c: Context, of: Step): Step | undefined {
  const sweep = sweepBehind(c, of);
  if (sweep === undefined) return undefined;
  // Checking the sweep binds the name of its base.
  factsOf(c, sweep);
  const binding = sweep.base === undefined ? undefined : c.root.bindings.get(sweep.base);
  return binding?.kind === "declaration" && binding.declaration.kind === "step" ? binding.declaration : undefined;
}

/** The class that a model finds likeliest: of logits f32[k] one of k, of one logit one of two. */
function predictedType(c: Context, type: Extract<Type, { kind: "step" }>, site: Site): Type {
  const result = networkOf(c, type.step)?.result;
  if (result === undefined || result.kind === "error") return errorType;
  if (result.kind === "tensor" && result.axes.length <= 1) {
    const [classes] = result.axes;
    if (classes === undefined) return { kind: "tensor", dtype: "i32", axes: [], classes: 2 };
    if (typeof classes === "number") return { kind: "tensor", dtype: "i32", axes: [], classes };
  }
  return noClass(c, type, result, site);
}

/** Of logits, one for each class or one of two. */
function probabilityType(c: Context, type: Extract<Type, { kind: "step" }>, site: Site): Type {
  const result = networkOf(c, type.step)?.result;
  if (result === undefined || result.kind === "error") return errorType;
  if (result.kind === "tensor" && result.axes.length <= 1) return { kind: "tensor", dtype: "f32", axes: [] };
  return noClass(c, type, result, site);
}

function noClass(c: Context, type: Type, result: Type, site: Site): Type {
  report(
    c,
    problems.wrongType(site.span, `${site.text}: ${describeType(type)} gives ${describeType(result)}, and no class`, {
      label: "a model that classifies expected here",
      help: "a model classifies whose network gives one logit for each class, f32[k], or one of two, f32[]",
    }),
  );
  return errorType;
}

/** The data with the fields that `map` makes, or puts in the place of others. */
function mappedData(
  c: Context,
  data: Type,
  made: ReadonlyMap<string, Type>,
  given: ReadonlyMap<string, Expression>,
): Type {
  if (data.kind !== "dataset") return errorType;
  const fields = new Map(data.fields);
  for (const [name, type] of made) {
    if (type.kind === "error") return errorType;
    const array = arrayOf(type);
    if (array === undefined) {
      report(
        c,
        problems.wrongType(
          given.get(name)!.span,
          `the field \`${name}\` is an array, and this is ${describeType(type)}`,
          {
            label: "an array or a number expected here",
          },
        ),
      );
      return errorType;
    }
    fields.set(name, labelled(array, data.fields.get(name)));
  }
  return { kind: "dataset", fields };
}

/** A label that is changed stays one, as the one it replaces; a condition in its place is one of two classes. */
const labelled = (array: TensorTypeSymbolic, old: TensorTypeSymbolic | undefined): TensorTypeSymbolic => {
  if (old?.classes === undefined || array.axes.length > 0 || array.classes !== undefined) return array;
  if (array.dtype === "bool") return { ...array, dtype: "i32", classes: 2 };
  return array.dtype === "i32" ? { ...array, classes: old.classes } : array;
};

const arrayOf = (type: Type): TensorTypeSymbolic | undefined => {
  switch (type.kind) {
    case "tensor":
      return type;
    case "int":
    case "float":
      return { kind: "tensor", dtype: "f32", axes: [] };
    case "bool":
      return { kind: "tensor", dtype: "bool", axes: [] };
    default:
      return undefined;
  }
};

/** Layers one after another: applied to the input of a pipe, else a layer value. */
function layersOf(
  c: Context,
  env: Env,
  kind: "sequence" | "repeat",
  types: ReadonlyMap<string, Type>,
  given: ReadonlyMap<string, Expression>,
  site: Site,
): Type {
  const type = types.get(kind === "sequence" ? "layers" : "layer");
  const items = type?.kind === "list" ? (type.items ?? []) : type === undefined ? [] : [type];
  const layers: Signature[] = [];
  for (const item of items) {
    if (item.kind !== "block") return errorType;
    layers.push(item.signature);
  }
  const count = types.get("count");
  if (kind === "repeat" && count?.kind !== "int") return errorType;
  const times = count?.kind === "int" ? (count.value ?? variable("count")) : 1;
  if (typeof times === "number" && times < 0) {
    report(
      c,
      problems.valueRange(given.get("count")!.span, `a layer is repeated 0 times or more, and not ${times}`, {
        label: "0 or more expected here",
      }),
    );
    return errorType;
  }
  if (site.input === undefined)
    return {
      kind: "block",
      signature: {
        name: kind,
        parameters: [
          { name: "input", type: { kind: "tensor", dtype: "f32", axes: [{ spread: "any" }] }, optional: false },
        ],
        result: errorType,
        layers,
        times,
      },
    };
  const result = applyLayers(c, layers, times, site.input.type);
  if (!isUnfit(result)) return result;
  reportInside(c, env, site, result, given.get("layers"));
  return errorType;
}
