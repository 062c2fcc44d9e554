import type { Note } from "../diagnostic/diagnostic.ts";
import {
  type Bindings,
  type Dim,
  isSpread,
  type SymbolicPadding,
  showAxis,
  showDim,
  showShape,
  variablesOf,
} from "../shape/dim.ts";
import { type ShapePair, type UnifyMismatch, unifyAll } from "../shape/unify.ts";
import type { File } from "../syntax/ast.ts";
import { dimensionVariables, instantiate, tensorParameters } from "./blocks.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import type { Context } from "./context.ts";
import { substituteType } from "./dims.ts";
import { applyToOne } from "./primitives.ts";
import { describeType, errorType, isScalarOf, showTensor, showType } from "./types.ts";
import { isUnfit, type Unfit, unfit } from "./unfit.ts";

/** What came of giving a block its arguments. */
export interface Applied {
  readonly type: Type;
  /** Parameters whose shapes disagree, each with all the reasons. */
  readonly mismatches: readonly Mismatch[];
  /** What is wrong in the body for these arguments. */
  readonly problem?: Unfit;
  /** What the parameters' variables stand for. */
  readonly bindings: Bindings;
}

export interface Mismatch {
  readonly parameter: string;
  readonly declared: TensorTypeSymbolic;
  /** The declared type with what is known of its variables. */
  readonly expected: TensorTypeSymbolic;
  readonly got: TensorTypeSymbolic;
  readonly reasons: readonly UnifyMismatch[];
  /** The number of classes of a label disagrees. */
  readonly classes: boolean;
  /** What else told the sizes that were expected: `n is 5 by \`x\``. */
  readonly told: ReadonlyMap<string, string>;
}

interface Taken {
  readonly parameter: string;
  readonly declared: TensorTypeSymbolic;
  readonly got: TensorTypeSymbolic;
}

/** Unifies the types of a block's arguments with its parameters' and gives the type of the result. */
export function applySignature(c: Context, signature: Signature, types: ReadonlyMap<string, Type>): Applied {
  const statics = staticBindings(signature, types);
  const taken: Taken[] = [];
  const pairs: (ShapePair & { readonly of: number; readonly classes?: true })[] = [];
  let unknown = false;
  const take = (parameter: string, declared: Type, got: Type | undefined): void => {
    if (got === undefined) return;
    if (got.kind === "error") unknown = true;
    else if (declared.kind === "record" && got.kind === "record")
      for (const [name, field] of declared.fields) take(`${parameter}.${name}`, field, got.fields.get(name));
    else if (declared.kind === "tensor") {
      const tensor = got.kind === "tensor" ? got : isScalarOf(got, declared) ? { ...declared, axes: [] } : undefined;
      if (tensor === undefined) return;
      taken.push({ parameter, declared, got: tensor });
      pairs.push({ declared: declared.axes, actual: tensor.axes, of: taken.length - 1 });
      if (declared.classes !== undefined && tensor.classes !== undefined)
        pairs.push({ declared: [declared.classes], actual: [tensor.classes], of: taken.length - 1, classes: true });
    }
  };
  for (const { name, type } of signature.parameters) take(name, type, types.get(name));

  const unified = unifyAll(pairs, statics);
  const disagree = unified.mismatches ?? [];
  const mismatches = taken.flatMap((of, i): readonly Mismatch[] => {
    const reasons = disagree.filter((reason) => pairs[reason.pair]!.of === i);
    if (reasons.length === 0) return [];
    const expected = substituteType(of.declared, unified.bindings);
    const classes = reasons.some((reason) => pairs[reason.pair]!.classes === true);
    const told = new Map([...unified.bindings.dims].flatMap(([name, size]) => toldBy(name, size, of, taken, statics)));
    return [{ ...of, expected: expected.kind === "tensor" ? expected : of.declared, reasons, classes, told }];
  });
  const failed = mismatches.length > 0 || unknown;
  const bindings = failed ? statics : unified.bindings;
  return { ...resultOf(c, signature, types, bindings, failed), mismatches, bindings };
}

/** What told a variable's size: an argument, or the first array with an axis of it. */
function toldBy(
  name: string,
  size: Dim,
  of: Taken,
  taken: readonly Taken[],
  { dims }: Bindings,
): readonly (readonly [string, string])[] {
  const first = taken.find(({ declared }) => declared.axes.some((axis) => showAxis(axis) === name));
  const by = dims.has(name) ? "" : first === undefined || first === of ? undefined : ` by \`${first.parameter}\``;
  return by === undefined ? [] : [[name, `${name} is ${showDim(size)}${by}`]];
}

function resultOf(
  c: Context,
  signature: Signature,
  types: ReadonlyMap<string, Type>,
  bindings: Bindings,
  failed: boolean,
): { readonly type: Type; readonly problem?: Unfit } {
  const { block, result } = signature;
  const takesBlocks = signature.parameters.some(({ type }) => type.kind === "block") || hasBlocks(signature.given);
  if (!failed && block !== undefined && takesBlocks) {
    const file = fileOf(c, block.span.file);
    const given = new Map([...(signature.given ?? []), ...withDefaults(signature, types, bindings)]);
    const found = file === undefined ? { type: errorType } : instantiate(c, block, file, given, bindings);
    if (found.problem !== undefined) return found;
  }
  return { type: hasAll(result, bindings) ? substituteType(result, bindings) : errorType };
}

const hasBlocks = (given: Signature["given"]): boolean =>
  given !== undefined && [...given.values()].some((type) => type.kind === "block");

const fileOf = (c: Context, name: string): File | undefined => c.files.get(name);

const withDefaults = (
  { parameters }: Signature,
  types: ReadonlyMap<string, Type>,
  bindings: Bindings,
): ReadonlyMap<string, Type> =>
  new Map(
    parameters.flatMap(({ name, default: value }) => {
      const type = types.get(name) ?? (value === undefined ? undefined : substituteType(value, bindings));
      return type === undefined ? [] : [[name, type] as const];
    }),
  );

/** Whether every variable of a type is known. Before substitution: values may use variables of the same names. */
function hasAll(type: Type, bindings: Bindings): boolean {
  if (type.kind === "record") return [...type.fields.values()].every((field) => hasAll(field, bindings));
  if (type.kind !== "tensor") return true;
  return (
    [...dimensionVariables([type])].every((name) => bindings.dims.has(name)) &&
    spreadsOf(type).every((name) => bindings.spreads.has(name))
  );
}

/** Spreads that stand in a type as axes, or as the product of their sizes. */
function spreadsOf({ axes }: TensorTypeSymbolic): readonly string[] {
  return axes.flatMap((axis) =>
    isSpread(axis)
      ? [axis.spread]
      : typeof axis === "number"
        ? []
        : axis.terms.flatMap((term) => term.atoms.flatMap((atom) => (atom.kind === "product" ? [atom.spread] : []))),
  );
}

/** What int, size and padding arguments and their defaults say. */
export function staticBindings({ parameters }: Signature, types: ReadonlyMap<string, Type>): Bindings {
  const dims = new Map<string, Dim>();
  const paddings = new Map<string, SymbolicPadding>();
  const bindings: Bindings = { dims, spreads: new Map(), paddings };
  for (const { name, default: value } of parameters) {
    const type = types.get(name) ?? (value === undefined ? undefined : substituteType(value, bindings));
    if (type?.kind === "int" && type.value !== undefined) dims.set(name, type.value);
    if (type?.kind === "size") {
      if (type.y !== undefined) dims.set(`${name}.y`, type.y);
      if (type.x !== undefined) dims.set(`${name}.x`, type.x);
    }
    if (type?.kind === "padding" && type.value !== undefined) paddings.set(name, type.value);
  }
  return bindings;
}

/** A layer given its one input, as `sequence` and `repeat` do: the result, or why not. */
export function applyLayer(c: Context, layer: Type, input: Type): Type | Unfit {
  if (layer.kind === "error" || input.kind === "error") return errorType;
  if (layer.kind !== "block") return unfit(`${describeType(layer)} is not a layer`);
  const { signature } = layer;
  if (signature.open) return errorType;
  if (signature.layers !== undefined) return applyLayers(c, signature.layers, signature.times ?? 1, input);
  if (signature.primitive !== undefined) return applyToOne(signature.primitive, signature.given ?? new Map(), input);
  const [parameter, ...more] = tensorParameters(signature).filter(({ optional }) => !optional);
  const open = signature.parameters.find(
    ({ name, optional }) => !optional && name !== parameter?.name && !more.some((other) => other.name === name),
  );
  if (parameter === undefined || more.length > 0) return unfit(`\`${signature.name}\` does not take one array`);
  if (open !== undefined) return unfit(`\`${signature.name}\` is not given its \`${open.name}\``);
  const applied = applySignature(c, signature, new Map([[parameter.name, input]]));
  const [mismatch] = applied.mismatches;
  if (mismatch !== undefined)
    return unfit(`\`${signature.name}\` got ${showTensor(mismatch.got)}, and ${needs(mismatch)}`, {
      notes: disagreements(mismatch).map((text) => ({ kind: "text", text })),
      mismatch,
    });
  return applied.problem ?? (input.kind === "tensor" ? applied.type : unfit(`${describeType(input)} is no array`));
}

/** Layers one after another, so many times. Where the shape stays, the number of times does not matter. */
export function applyLayers(c: Context, layers: readonly Signature[], times: Dim, input: Type): Type | Unfit {
  let type: Type = input;
  for (let i = 0; typeof times !== "number" || i < times; i++) {
    const next = applyOnce(c, layers, type);
    if (isUnfit(next) || next.kind === "error") return next;
    if (next.kind === "tensor" && type.kind === "tensor" && showTensor(next) === showTensor(type)) return next;
    if (typeof times !== "number")
      return unfit(
        `a layer that is repeated ${showDim(times)} times must keep its shape, and makes ${describeType(next)} of ${describeType(type)}`,
      );
    type = next;
  }
  return type;
}

function applyOnce(c: Context, layers: readonly Signature[], input: Type): Type | Unfit {
  const before: Note[] = [];
  let type: Type = input;
  for (const [at, signature] of layers.entries()) {
    const next = applyLayer(c, { kind: "block", signature }, type);
    if (isUnfit(next)) return { ...next, layer: { at, before } };
    if (next.kind === "error") return next;
    before.push({ kind: "stage", stage: signature.name, shape: showType(next) });
    type = next;
  }
  return type;
}

const numbers = ["no axis", "one axis", "two axes", "three axes", "four axes", "five axes"];

/** What a parameter needs, in words: `needs one axis`, `needs f32[3]`. */
export function needs({ expected, reasons }: Mismatch): string {
  const rank = reasons.find((reason) => reason.kind === "rank");
  if (rank !== undefined) {
    const count = expected.axes.filter((axis) => !isSpread(axis)).length;
    const words = numbers[count] ?? `${count} axes`;
    return expected.axes.some(isSpread) ? `needs at least ${words}` : `needs ${words}`;
  }
  return `needs ${showTensor(expected)}`;
}

/** Every axis that disagrees, one line each. */
export const disagreements = ({ parameter, reasons, classes, expected, got, told }: Mismatch): readonly string[] =>
  reasons.flatMap((reason) => {
    if (classes) return [`\`${parameter}\` is ${showTensor(got)}, expected ${showTensor(expected)}`];
    switch (reason.kind) {
      case "rank":
        return [];
      case "axis":
        return [
          [
            `axis ${reason.axis} is ${showAxis(reason.got)}, expected ${showAxis(reason.expected)}`,
            ...(isSpread(reason.declared)
              ? []
              : [...variablesOf(reason.declared)].flatMap((name) => told.get(name) ?? [])),
          ].join("; "),
        ];
      case "spread":
        return [`...${reason.name} is ${showShape(reason.expected)} already, and here ${showShape(reason.got)}`];
      case "undetermined":
        return [`axis ${reason.axis} cannot tell ${reason.variables.join(", ")}`];
      default:
        return reason satisfies never;
    }
  });
