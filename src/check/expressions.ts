import type { Span } from "../diagnostic/diagnostic.ts";
import type { Expression, Name, RecordExpression, RecordField, TypeExpression } from "../syntax/ast.ts";
import { tailSpan } from "./blocks.ts";
import { inferCall, inferPipe } from "./calls.ts";
import type { Binding, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { figureOf } from "./kinds/index.ts";
import { meant } from "./meant.ts";
import { inferName } from "./names.ts";
import { inferBinary, inferUnary } from "./operators.ts";
import { type Details, problems } from "./problems.ts";
import { isKnown, namesOfWant } from "./scope.ts";
import { stageNotes } from "./stages.ts";
import { sweepBehind } from "./steps.ts";
import { describeType, describeWant, errorType, fitsType, showType } from "./types.ts";
import type { Want } from "./want.ts";
import { fitsWant } from "./wants.ts";
import { axesThatDiffer, type Why, whyNotes } from "./why.ts";

/** Why a place takes what it takes: `rate` of `adam`. */
export interface Place {
  readonly what: string;
  /** What demanded it. */
  readonly why?: Why | undefined;
  readonly help?: string;
}

/** The type of an expression. `want` resolves bare words and names with two meanings; whether the type fits is for `check` to say. */
export function infer(c: Context, env: Env, e: Expression, want?: Want): Type {
  const type = find(c, env, e, want);
  c.types.set(e, type);
  return type;
}

/** The type of an expression that stands where `want` is taken; reports one that does not fit, and then is an error. */
export function check(c: Context, env: Env, e: Expression, want: Want, place: Place): Type {
  return settle(c, e, infer(c, env, e, want), want, place);
}

/** `check` for an expression whose type is known already. */
export function settle(c: Context, e: Expression, type: Type, want: Want, place: Place): Type {
  if (type.kind === "error" || fitsWant(type, want)) return type;
  if (want.want === "list" && e.kind === "list" && type.kind === "list" && type.items?.length === e.items.length) {
    for (const [i, item] of e.items.entries())
      settle(c, item, type.items[i]!, want.item, { ...place, what: `an item of ${place.what}` });
    return errorType;
  }
  const shaped = want.want === "value" && want.type.kind === "tensor" && type.kind === "tensor";
  report(
    c,
    problems.wrongType(tailSpan(e), `${place.what} needs ${describeWant(want)}, and got ${describeType(type)}`, {
      label: `${want.want === "value" && want.type.kind === "tensor" ? showType(want.type) : describeWant(want)} expected here`,
      notes: [
        ...(shaped ? [...stageNotes(c, e), ...axesThatDiffer(type, want.type)] : []),
        ...whyNotes(c, place.why, tailSpan(e)),
      ],
      ...(place.help === undefined ? hint(c, e, type, want) : { help: place.help }),
    }),
  );
  return errorType;
}

/** A string where a name is taken: `loss: "softmax_cross_entropy"`. */
function quoted(c: Context, text: string, span: Span, want: Want): Pick<Details, "help" | "fixes"> {
  const blocks = want.want === "block" ? [...c.prelude.keys()] : [];
  const known = [...namesOfWant(want), ...blocks];
  const near = known.includes(text) ? { word: text, sure: true } : c.near(text, known);
  return near === undefined
    ? {}
    : {
        help: `names stand without quotes: ${[near.word, ...(near.others ?? [])].join(" or ")}`,
        fixes: near.others?.length
          ? []
          : [{ title: `write ${near.word}`, safe: near.sure, edits: [{ span, text: near.word }] }],
      };
}

/** What people often mean. */
function hint(c: Context, e: Expression, type: Type, want: Want): Pick<Details, "help" | "fixes"> {
  const write = (text: string, why = ""): Pick<Details, "help" | "fixes"> => ({
    help: `write ${text}${why}`,
    fixes: [{ title: `write ${text}`, safe: true, edits: [{ span: e.span, text }] }],
  });
  const size = want.want === "size" || (want.want === "value" && want.type.kind === "size");
  if (size && type.kind === "int")
    return e.kind === "int" && e.value > 0
      ? write(`${e.value}x${e.value}`, ": height by width")
      : { help: "write size(n, n): height by width" };
  if (want.want === "list" && fitsWant(type, want.item))
    return e.kind === "name" ? write(`[${e.text}]`) : { help: "put it in brackets: [ … ]" };
  if (want.want === "opaque" && want.name === "rate" && type.kind === "block")
    return {
      help: "a rate of your own is a block of the step's number: block decay(step: f32[]) -> f32[] = 0.1 / (1 + step)",
    };
  if (want.want === "opaque" && want.name === "measure")
    return {
      help: "a measure is loss, margin, logit(k), probability(k), or a block that makes one number of the network's result",
    };
  if (want.want === "int" && type.kind === "float") return { help: "write a whole number" };
  if (e.kind === "string") return quoted(c, e.value, e.span, want);
  if (want.want === "dataset" && type.kind === "record")
    return { help: `take a part of it: ${[...type.fields.keys()].map((name) => `.${name}`).join(" or ")}` };
  if (want.want === "step" && want.steps.includes("train") && type.kind === "step" && type.step.step === "sweep")
    return { help: `pick one of its models: \`best(${type.step.name.text}, by: accuracy)\`` };
  return {};
}

function find(c: Context, env: Env, e: Expression, want: Want | undefined): Type {
  switch (e.kind) {
    case "int":
      return { kind: "int", value: e.value };
    case "float":
      return { kind: "float", value: e.value };
    case "size":
      return { kind: "size", y: e.y, x: e.x };
    case "string":
      return { kind: "string", value: e.value };
    case "bool":
      return { kind: "bool", value: e.value };
    case "name":
      return inferName(c, env, e, want);
    case "list":
      return inferList(c, env, e.items, want);
    case "record":
      return inferRecord(c, env, e);
    case "group":
      return infer(c, env, e.inner, want);
    case "unary":
      return inferUnary(c, env, e);
    case "binary":
      return inferBinary(c, env, e);
    case "pipe":
      return inferPipe(c, env, e, want);
    case "call":
      return inferCall(c, env, e, want);
    case "field":
      return inferField(c, env, e);
    case "index":
      return inferIndex(c, env, e);
    case "as":
      report(
        c,
        problems.outOfPlace(e.span, "`as` names the type of a file, among the fields of a data source", {
          label: "not here",
        }),
      );
      return errorType;
    case "type":
      report(c, problems.outOfPlace(e.span, "a type stands here, and a value is taken", { label: "not a value" }));
      return errorType;
    case "missing":
      return errorType;
  }
}

function inferList(c: Context, env: Env, items: readonly Expression[], want: Want | undefined): Type {
  const wanted = itemWant(want);
  const types = items.map((item) => infer(c, env, item, wanted));
  return { kind: "list", item: types.reduce(join, types[0] ?? errorType), items: types };
}

/** What the items of a list are wanted to be. */
function itemWant(want: Want | undefined): Want | undefined {
  switch (want?.want) {
    case "list":
      return want.item;
    case "value":
      return want.type.kind === "list" ? { want: "value", type: want.type.item } : undefined;
    case "either":
      return want.of.map(itemWant).find((found) => found !== undefined);
    default:
      return undefined;
  }
}

/** The type of both; items of different types are an error only where the list is taken. */
const join = (a: Type, b: Type): Type =>
  fitsType(a, b) && a.kind !== "error" ? widened(b) : fitsType(b, a) ? widened(a) : errorType;

const widened = (type: Type): Type => (type.kind === "int" || type.kind === "float" ? { kind: type.kind } : type);

function inferRecord(c: Context, env: Env, e: RecordExpression): Type {
  const fields = new Map<string, Type>();
  for (const field of e.fields) {
    if (fields.has(field.name.text)) {
      reportFieldTwice(c, field);
      continue;
    }
    fields.set(field.name.text, isTypeExpression(field.value) ? errorType : infer(c, env, field.value));
    if (isTypeExpression(field.value))
      report(
        c,
        problems.outOfPlace(field.value.span, "a type stands here, and a value is taken", { label: "not a value" }),
      );
  }
  return { kind: "record", fields };
}

export const reportFieldTwice = (c: Context, field: RecordField): void =>
  report(
    c,
    problems.declaredTwice(field.name.span, `the field \`${field.name.text}\` is given twice`, {
      label: "given again here",
      help: "keep one of them",
    }),
  );

export const isTypeExpression = (value: Expression | TypeExpression): value is TypeExpression =>
  value.kind.startsWith("type_");

function inferField(c: Context, env: Env, e: Extract<Expression, { kind: "field" }>): Type {
  const target = infer(c, env, e.target);
  const name = e.name.text;
  const known = fieldsOf(c, target);
  if (known === undefined) return errorType;
  c.members.set(e.target, known);
  const type = known.get(name);
  if (type !== undefined) return type;
  if (name === "") return errorType;
  if (isApplied(target) && isKnown(c, env, name)) {
    reportMethod(c, e, target);
    return errorType;
  }
  const family = target.kind === "step" ? sweepBehind(c, target.step) : undefined;
  reportUnknownField(
    c,
    e.name,
    describeType(target),
    [...known.keys()],
    family && `each model of \`${family.name.text}\` has its own: pick one with \`best\``,
  );
  return errorType;
}

/** What blocks and queries are applied to. */
const isApplied = ({ kind }: Type): boolean => kind === "tensor" || kind === "dataset" || kind === "block";

/** `x.relu()`, as a method is called elsewhere. */
function reportMethod(c: Context, { target, name }: Extract<Expression, { kind: "field" }>, type: Type): void {
  const { file, start } = name.span;
  const behind = c.files.get(file)?.text.slice(name.span.end) ?? "";
  // In a chain of them the next one would follow a stage.
  const chained = /^\s*(?:\([^()]*\))?\s*\./.test(behind);
  report(
    c,
    problems.unknownField(name.span, `${describeType(type)} has no field \`${name.text}\``, {
      label: "a block, and no field",
      help: `blocks are applied with a pipe: … |> ${name.text}`,
      fixes: chained
        ? []
        : [
            {
              title: "write `|>`",
              safe: true,
              edits: [{ span: { file, start: target.span.end, end: start }, text: " |> " }],
            },
          ],
    }),
  );
}

/** Fields and figures that may be asked of a value; undefined where it is an error already. */
function fieldsOf(c: Context, target: Type): ReadonlyMap<string, Type> | undefined {
  switch (target.kind) {
    case "error":
      return undefined;
    case "record":
      return target.fields;
    case "size":
      return new Map([
        ["y", target.y === undefined ? { kind: "int" } : { kind: "int", value: target.y }],
        ["x", target.x === undefined ? { kind: "int" } : { kind: "int", value: target.x }],
      ]);
    case "step":
      return figureOf(c, target.step);
    case "dataset":
      return new Map<string, Type>([
        ["count", { kind: "int" }],
        // `mnist`, or `glyphs (fallback of mnist)`: an assertion may say which data it is about.
        ["origin", { kind: "string" }],
      ]);
    default:
      return new Map();
  }
}

function reportUnknownField(c: Context, name: Name, what: string, known: readonly string[], help?: string): void {
  const near = c.near(name.text, known);
  report(
    c,
    problems.unknownField(name.span, `${what} has no field \`${name.text}\``, {
      label: "unknown field",
      ...meant(near, name.span, known.length > 0 ? `it has ${known.map((field) => `\`${field}\``).join(", ")}` : help),
    }),
  );
}

function inferIndex(c: Context, env: Env, e: Extract<Expression, { kind: "index" }>): Type {
  const target = infer(c, env, e.target);
  const refused = refusedIndex(c, e, target);
  if (refused !== undefined) {
    report(c, problems.operator(tailSpan(e.target), `${describeType(target)} has no items`, refused));
    return errorType;
  }
  const index = check(c, env, e.index, { want: "int" }, { what: "an index" });
  if (target.kind === "error") return errorType;
  if (target.kind === "list") {
    const at = index.kind === "int" ? index.value : undefined;
    if (target.items === undefined || typeof at !== "number") return target.item;
    const item = target.items.at(at);
    if (item !== undefined) return item;
    return refuseIndex(c, e.index.span, `a list of ${target.items.length} has no item ${at}`);
  }
  if (target.kind === "tensor" && target.axes.length > 0) {
    const [first, ...axes] = target.axes;
    if (index.kind === "int" && typeof index.value === "number" && typeof first === "number") {
      const at = index.value < 0 ? first + index.value : index.value;
      if (at < 0 || at >= first) return refuseIndex(c, e.index.span, `an axis of ${first} has no place ${index.value}`);
    }
    return { kind: "tensor", dtype: target.dtype, axes };
  }
  return refuseIndex(c, tailSpan(e.target), `${describeType(target)} has no items`);
}

/** What cannot be indexed, and what is done instead. */
function refusedIndex(
  c: Context,
  { target, index }: Extract<Expression, { kind: "index" }>,
  type: Type,
): Details | undefined {
  if (type.kind === "dataset")
    return { label: "cannot be indexed so", help: "take one of its examples by a query: … |> skip(7) |> take(1)" };
  if (index.kind !== "string" || type.kind === "error" || type.kind === "list") return undefined;
  const text = index.value;
  const known = fieldsOf(c, type)?.has(text) === true;
  const span = { ...index.span, start: target.span.end, end: index.span.end + 1 };
  return {
    label: "cannot be indexed so",
    ...(known
      ? {
          help: `write .${text}`,
          fixes: [{ title: `write .${text}`, safe: true, edits: [{ span, text: `.${text}` }] }],
        }
      : {}),
  };
}

function refuseIndex(c: Context, span: Span, message: string): Type {
  report(c, problems.operator(span, message, { label: "cannot be indexed so" }));
  return errorType;
}

export const bind = (c: Context, name: Name, binding: Binding): void => {
  c.bindings.set(name, binding);
};
