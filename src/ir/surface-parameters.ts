import type { DType } from "../shape/dtype.ts";
import type { Ops } from "./graph.ts";
import { refuse, ShapeError } from "./mismatch.ts";
import { scalar } from "./operations.ts";

/** An argument where a tensor stands: a tensor, or a number or bool that takes the dtype of the tensors beside it. An unknown float is NaN. */
export type Operand<V> = { readonly tensor: V } | { readonly number: number } | { readonly bool: boolean };

/**
 * What a primitive takes. `int` may be a symbolic size; `axis`, `axes` and `ints` are known while checking, and an axis may count from the end.
 * `dims` is a list of ints, or a tensor whose shape is meant. `size` is height by width. `dtype` is a string.
 */
export interface ArgumentTypes<V, D, W> {
  readonly tensor: Operand<V>;
  readonly int: D;
  readonly float: number;
  readonly size: readonly [D, D];
  readonly padding: W;
  readonly dims: readonly D[];
  readonly axis: number;
  readonly axes: readonly number[];
  readonly ints: readonly number[];
  readonly string: string;
  readonly dtype: DType;
  readonly bool: boolean;
}

export type ParameterKind = keyof ArgumentTypes<unknown, unknown, unknown>;

/** What a caller passes for one parameter. */
export type Argument<V, D, W> = ArgumentTypes<V, D, W>[ParameterKind];

/** A default is what a program would write there; null where leaving it out means something of its own (`all axes`). */
export interface Parameter<K extends ParameterKind = ParameterKind> {
  readonly kind: K;
  /** A sentence: what it means. */
  readonly doc: string;
  readonly default?: number | boolean | string | readonly number[] | null;
}

/** A parameter that must be given. */
export const given = <const K extends ParameterKind>(kind: K, doc: string) => ({ kind, doc });

/** What primitives need besides their arguments. */
export interface Surroundings<V, D> {
  /** Draws of `random_bits` for the block at work, whose place in the network is part of the purpose. */
  readonly randomBits: (shape: readonly D[], purpose: string) => V;
}

/** A primitive of the language: its parameters in order and its meaning, for the checker and for graphs alike. */
export interface Primitive {
  readonly doc: string;
  readonly parameters: readonly ({ readonly name: string } & Parameter)[];
  /** Throws ShapeError naming the primitive. Parameters left out take their defaults. */
  readonly apply: <V, D, W>(
    ops: Ops<V, D, W>,
    given: ReadonlyMap<string, Argument<V, D, W>>,
    surroundings: Surroundings<V, D>,
  ) => V;
}

type Arguments<P extends Readonly<Record<string, Parameter>>, V, D, W> = {
  readonly [N in keyof P]:
    | ArgumentTypes<V, D, W>[P[N]["kind"]]
    | (P[N] extends { readonly default: null } ? undefined : never);
};

type Meaning<P extends Readonly<Record<string, Parameter>>> = <V, D, W>(
  ops: Ops<V, D, W>,
  args: Arguments<P, V, D, W>,
  surroundings: Surroundings<V, D>,
) => V;

/** Erases the types of one definition; `apply` puts the defaults in and names the primitive in refusals. */
export function primitive<const P extends Readonly<Record<string, Parameter>>>(
  name: string,
  doc: string,
  parameters: P,
  meaning: Meaning<P>,
): Primitive {
  const list = Object.entries(parameters).map(([parameter, of]) => ({ name: parameter, ...of }));
  return {
    doc,
    parameters: list,
    apply: (ops, given, surroundings) => {
      const args: Record<string, unknown> = {};
      for (const parameter of list) {
        const value = given.get(parameter.name) ?? defaultValue(ops, parameter);
        if (value === undefined && parameter.default !== null)
          refuse(name, { kind: "parameter", name: parameter.name, message: "is missing" });
        args[parameter.name] = value;
      }
      try {
        // The kinds of the parameters are what `Arguments` says of them.
        return meaning(ops, args as never, surroundings);
      } catch (error) {
        if (error instanceof ShapeError && error.mismatch.op !== name)
          throw new ShapeError({ op: name, reason: error.mismatch.reason });
        throw error;
      }
    },
  };
}

function defaultValue<V, D, W>(ops: Ops<V, D, W>, parameter: Parameter): unknown {
  const value = parameter.default;
  if (value === undefined || value === null) return undefined;
  if (parameter.kind === "int" && typeof value === "number") return ops.sizes.of(value);
  if (parameter.kind === "size" && Array.isArray(value)) return value.map((n: number) => ops.sizes.of(n));
  return value;
}

/** Operands as tensors of one dtype: that of the first tensor; without one, bool for bools and f32 for numbers. */
export function tensors<V, D, W>(ops: Ops<V, D, W>, name: string, operands: readonly Operand<V>[]): readonly V[] {
  const first = operands.find((x) => "tensor" in x);
  const dtype =
    first !== undefined && "tensor" in first
      ? ops.typeOf(first.tensor).dtype
      : operands.every((x) => "bool" in x)
        ? "bool"
        : "f32";
  return operands.map((x, operand) => asTensor(ops, name, x, operand, dtype));
}

/** One operand on its own. */
export const single = <V, D, W>(ops: Ops<V, D, W>, name: string, operand: Operand<V>): V =>
  tensors(ops, name, [operand])[0]!;

function asTensor<V, D, W>(ops: Ops<V, D, W>, name: string, x: Operand<V>, operand: number, dtype: DType): V {
  if ("tensor" in x) {
    const got = ops.typeOf(x.tensor).dtype;
    return got === dtype ? x.tensor : refuse(name, { kind: "dtype", operand, expected: [dtype], got });
  }
  if ("bool" in x)
    return dtype === "bool"
      ? scalar(ops, "bool", x.bool ? 1 : 0)
      : refuse(name, { kind: "dtype", operand, expected: [dtype], got: "bool" });
  if (dtype === "bool" || (dtype === "i32" && !Number.isInteger(x.number)))
    return refuse(name, { kind: "dtype", operand, expected: [dtype], got: "f32" });
  return scalar(ops, dtype, x.number);
}
