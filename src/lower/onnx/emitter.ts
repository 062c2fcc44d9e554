import type { DType } from "../../shape/dtype.ts";
import { sameShape } from "../../shape/tensor.ts";
import type { Attributes, OnnxConstant, OnnxNode, OnnxType, OnnxValue } from "./model.ts";

type Data = OnnxConstant["data"];

/**
 * Collects the nodes of an ONNX graph. Operations are pure, so an equal node is made once; a constant that is only looked at differently
 * (reshaped) stays a constant.
 */
export class Emitter {
  /** Whether convolutions are left to the engine's own, channels first: its fastest where every kernel is a constant that it may lay out. */
  readonly channelsFirst: boolean;
  /** Whether images of many examples may lie with the examples innermost. */
  readonly examplesInnermost: boolean;
  readonly nodes: OnnxNode[] = [];
  /** Every value made, by name. */
  readonly values = new Map<string, OnnxValue>();
  readonly #constants = new Map<string, OnnxConstant>();
  readonly #known = new Map<string, OnnxValue>();
  readonly #reshaped = new Map<string, OnnxValue>();
  #count = 0;

  constructor(channelsFirst = false, examplesInnermost = false) {
    this.channelsFirst = channelsFirst;
    this.examplesInnermost = examplesInnermost;
  }

  get constants(): readonly OnnxConstant[] {
    return [...this.#constants.values()];
  }

  /** One node with one output of this type. */
  emit(
    op: string,
    inputs: readonly OnnxValue[],
    type: OnnxType,
    shape: readonly number[],
    attributes: Attributes = {},
  ): OnnxValue {
    const names = inputs.map(({ name }) => name);
    const key = `${op} ${names.join(",")} ${JSON.stringify(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const value = { name: this.#name(), type, shape };
    this.nodes.push({ op, inputs: names, outputs: [value.name], attributes });
    this.values.set(value.name, value);
    this.#known.set(key, value);
    return value;
  }

  /** A node with several outputs. */
  emitMany(
    op: string,
    inputs: readonly OnnxValue[],
    types: readonly OnnxType[],
    shape: readonly number[],
    attributes: Attributes,
  ): readonly OnnxValue[] {
    const values = types.map((type) => ({ name: this.#name(), type, shape }));
    for (const value of values) this.values.set(value.name, value);
    this.nodes.push({
      op,
      inputs: inputs.map(({ name }) => name),
      outputs: values.map(({ name }) => name),
      attributes,
    });
    return values;
  }

  constant(type: OnnxType, shape: readonly number[], data: Data): OnnxValue {
    const key = data.length <= 4096 ? `${type} [${shape}] ${bits(data)}` : undefined;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const value = { name: this.#name(), type, shape, data };
    this.#constants.set(value.name, value);
    this.values.set(value.name, value);
    if (key !== undefined) this.#known.set(key, value);
    return value;
  }

  scalar(dtype: DType, value: number): OnnxValue {
    return this.constant(dtype, [], fill(dtype, [value]));
  }

  ints(values: readonly number[]): OnnxValue {
    return this.constant("i64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** The same elements in another shape. */
  reshape(from: OnnxValue, shape: readonly number[]): OnnxValue {
    // One reshape from where the elements come from, however often they were looked at differently.
    const value = this.#reshaped.get(from.name) ?? from;
    if (sameShape(value.shape, shape)) return value;
    const constant = this.#constants.get(value.name);
    if (constant !== undefined) return this.constant(value.type, shape, constant.data);
    const result = this.emit("Reshape", [value, this.ints(shape)], value.type, shape, { allowzero: { int: 1 } });
    this.#reshaped.set(result.name, value);
    return result;
  }

  transpose(value: OnnxValue, permutation: readonly number[]): OnnxValue {
    if (permutation.every((p, i) => p === i)) return value;
    const rank = permutation.length;
    const outer = rank - 3;
    const ends = outer >= 0 && permutation.every((p, i) => p === (i < outer ? i : outer + rank - 1 - i));
    if (ends && this.examplesInnermost && count(value.shape) >= MANY) return this.#swapEnds(value, outer);
    const shape = permutation.map((p) => value.shape[p]!);
    return this.emit("Transpose", [value], value.type, shape, { perm: { ints: permutation } });
  }

  /**
   * [.., a, b, c] -> [.., c, b, a]: the engine takes 3 ns an element where two axes change places. One axis moved and rows of the longer copied take a
   * tenth of that.
   */
  #swapEnds(value: OnnxValue, outer: number): OnnxValue {
    const [a, b, c] = value.shape.slice(outer) as [number, number, number];
    const before = value.shape.slice(0, outer);
    const axes = before.map((_, i) => i);
    const turned = (x: OnnxValue, rows: number, columns: number) =>
      this.emit("Transpose", [this.reshape(x, [...before, rows, columns])], x.type, [...before, columns, rows], {
        perm: { ints: [...axes, outer + 1, outer] },
      });
    // Rows [p, q] -> [q, p]
    const swapped = (x: OnnxValue, p: number, q: number, width: number) => {
      const places = () => Int32Array.from({ length: p * q }, (_, i) => (i % p) * q + Math.floor(i / p));
      const at = this.indices(`${p} and ${q} swapped`, places);
      const rows = this.reshape(x, [...before, p * q, width]);
      return this.emit("Gather", [rows, at], x.type, rows.shape, { axis: { int: outer } });
    };
    const result = a >= c ? swapped(turned(value, a, b * c), b, c, a) : turned(swapped(value, a, b, c), b * a, c);
    return this.reshape(result, [...before, c, b, a]);
  }

  /** Places as a constant, which is made once for each name of what they are. */
  indices(name: string, make: () => Int32Array): OnnxValue {
    const key = `indices ${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const places = make();
    const value = this.constant("i32", [places.length], places);
    this.#known.set(key, value);
    return value;
  }

  expand(value: OnnxValue, shape: readonly number[]): OnnxValue {
    if (sameShape(value.shape, shape)) return value;
    return this.emit("Expand", [value, this.ints(shape)], value.type, shape);
  }

  cast(value: OnnxValue, type: OnnxType): OnnxValue {
    if (value.type === type) return value;
    return this.emit("Cast", [value], type, value.shape, { to: { int: elementType[type] } });
  }

  #name(): string {
    return `v${this.#count++}`;
  }
}

/** Elements for which two nodes cost less than what they save. */
const MANY = 16384;

/** TensorProto.DataType */
export const elementType = { f32: 1, i32: 6, i64: 7, bool: 9, f64: 11 } as const satisfies Record<OnnxType, number>;

export const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

export function fill(dtype: DType, values: readonly number[]): Data {
  switch (dtype) {
    case "f32":
      return Float32Array.from(values);
    case "f64":
      return Float64Array.from(values);
    case "i32":
      return Int32Array.from(values);
    case "bool":
      return Uint8Array.from(values);
  }
}

/** Bytes as text: -0 and NaN's payloads count. */
const bits = (data: Data): string =>
  String.fromCharCode(...new Uint8Array(data.buffer, data.byteOffset, Math.min(data.byteLength, 32768)));
