import { axesEqual, dimEquals, showDim, showShape } from "../shape/dim.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import type { Builtin, Want } from "./want.ts";

export const errorType: Type = { kind: "error" };

/** Nothing is known of a block given as a parameter: applying it fits everything. */
export const openBlock: Type = {
  kind: "block",
  signature: { name: "block", parameters: [], result: errorType, open: true },
};

/** `f32[28, 28, 1]`, `class[10]`, `bool[]` */
export const showTensor = ({ dtype, axes, classes }: TensorTypeSymbolic): string =>
  classes !== undefined && axes.length === 0 ? `class[${showDim(classes)}]` : `${dtype}${showShape(axes)}`;

/** A type as it is written, or its name: for shapes and tables. */
export function showType(type: Type): string {
  switch (type.kind) {
    case "tensor":
      return showTensor(type);
    case "opaque":
      return type.name;
    case "list":
      return `[${showType(type.item)}]`;
    case "record":
      return `{ ${[...type.fields].map(([name, field]) => `${name}: ${showType(field)}`).join(", ")} }`;
    case "dataset":
      return `dataset { ${[...type.fields].map(([name, field]) => `${name}: ${showTensor(field)}`).join(", ")} }`;
    case "block":
      return showSignature(type.signature);
    case "step":
      return `${type.step.step} ${type.step.name.text}`;
    default:
      return type.kind;
  }
}

/** `dense(x: f32[n], units: int, init: init = …) -> f32[units]`; of an operation the names alone: its one rule is for arrays of every shape. */
export const showSignature = ({ name, parameters, result, open, primitive, layers }: Signature): string => {
  if (open) return "block";
  const plain = primitive !== undefined || layers !== undefined;
  const shown = parameters.map((p) => (plain ? p.name : `${p.name}: ${showType(p.type)}${p.optional ? " = …" : ""}`));
  return `${name}(${shown.join(", ")})${plain || result.kind === "error" ? "" : ` -> ${showType(result)}`}`;
};

/** A value of the type, in words for a message. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case "tensor":
      return showTensor(type);
    case "int":
    case "opaque":
      return article(type.kind === "int" ? "int" : type.name);
    case "float":
    case "bool":
    case "string":
    case "size":
    case "padding":
      return `a ${type.kind}`;
    case "dataset":
      return "a data set";
    case "record":
      return `a record { ${[...type.fields.keys()].join(", ")} }`;
    case "list":
      return "a list";
    case "block":
      return type.signature.open ? "a block" : `the block \`${type.signature.name}\``;
    case "step":
      return `the ${stepWord(type.step.step)} \`${type.step.name.text}\``;
    case "error":
      return "something wrong";
  }
}

export const stepWord = (kind: string): string => (kind === "train" ? "model" : `${kind} step`);

/** What a place takes, in words for a message. */
export function describeWant(want: Want): string {
  switch (want.want) {
    case "value":
      return describeType(want.type);
    case "int":
      return "an int";
    case "float":
      return "a number";
    case "opaque":
      return article(want.name);
    case "words":
      return want.words.map((word) => `\`${word}\``).join(" or ");
    case "either":
      return want.of.map(describeWant).join(" or ");
    case "list":
      return want.item.want === "any" ? "a list" : listOf(describeWant(want.item));
    case "dataset":
      return "a data set";
    case "source":
      return "a source of data";
    case "network":
      return "a network";
    case "block":
      return { layer: "a layer", loss: "a loss", measure: "a block that gives f32[]", any: "a block" }[want.of];
    case "step":
      return want.steps.map((kind) => article(stepWord(kind))).join(" or ");
    case "type":
      return "a type";
    case "types":
      return "a record of types";
    case "files":
      return 'a record of `"file" as type`';
    case "field":
      return "the name of a field of the data";
    case "condition":
      return "a condition";
    case "any":
      return "a value";
    default:
      return `a ${want.want}`;
  }
}

/** `a list of metrics`; of what is told in more words, `a list, each item …`. */
const listOf = (item: string): string => {
  const one = /^an? (\w+)$/.exec(item)?.[1];
  return one === undefined ? `a list, each item ${item}` : `a list of ${one}s`;
};

/** How a built-in is called: `adam(rate, beta1: 0.9, …)`. */
export const showBuiltin = ({ name, parameters }: Builtin): string =>
  `${name}(${parameters.map((p) => (p.default === undefined ? p.name : `${p.name}: ${p.default}`)).join(", ")})`;

const article = (word: string): string =>
  word === "scores" ? word : /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;

/** Whether a value of `actual` may stand where the type is `expected`, all sizes known alike. Shapes with variables to bind are unified instead. */
export function fitsType(actual: Type, expected: Type): boolean {
  if (actual.kind === "error" || expected.kind === "error") return true;
  switch (expected.kind) {
    case "float":
      return actual.kind === "float" || actual.kind === "int";
    case "opaque":
      return actual.kind === "opaque"
        ? actual.name === expected.name
        : expected.name === "rate" && (actual.kind === "float" || actual.kind === "int");
    case "tensor":
      return (
        (actual.kind === "tensor" && fitsTensor(actual, expected)) ||
        (expected.axes.length === 0 && isScalarOf(actual, expected))
      );
    case "list":
      return actual.kind === "list" && fitsType(actual.item, expected.item);
    case "record":
      return (
        actual.kind === "record" &&
        [...expected.fields].every(([name, type]) => {
          const field = actual.fields.get(name);
          return field !== undefined && fitsType(field, type);
        })
      );
    default:
      return actual.kind === expected.kind;
  }
}

/** Whole numbers that were computed stand for a class: of how many, nobody knows. */
const fitsTensor = (actual: TensorTypeSymbolic, expected: TensorTypeSymbolic): boolean =>
  actual.dtype === expected.dtype &&
  axesEqual(actual.axes, expected.axes) &&
  (expected.classes === undefined || actual.classes === undefined || dimEquals(actual.classes, expected.classes));

/** A number known while checking stands where an array of no axes is taken. */
export const isScalarOf = (actual: Type, expected: TensorTypeSymbolic): boolean =>
  expected.classes === undefined &&
  ((actual.kind === "int" && expected.dtype !== "bool") ||
    (actual.kind === "float" && (expected.dtype === "f32" || expected.dtype === "f64")) ||
    (actual.kind === "bool" && expected.dtype === "bool"));
