import type { DType } from "../../shape/dtype.ts";
import { constructors, sameShape } from "../../shape/tensor.ts";
import { broadcastShape } from "../view.ts";
import type { TfAttributes, TfNode, TfTensor, TfType, TfValue } from "./model.ts";

/** Operations without the attribute `T`, which otherwise is the type of the first input. */
const UNTYPED: ReadonlySet<string> = new Set([
  "Cast",
  "GatherV2",
  "GatherNd",
  "LogicalAnd",
  "LogicalNot",
  "LogicalOr",
  "ReadVariableOp",
  "AssignVariableOp",
  "ScatterNd",
]);

/** Operations to which the engine joins what is added to their result. */
const PRODUCTS: ReadonlySet<string> = new Set(["Conv2D", "Conv3D", "MatMul"]);

/**
 * Collects the nodes of a TensorFlow graph. Operations are pure, so an equal node is made once; a constant that is only looked at differently
 * (reshaped) stays a constant.
 */
export class Emitter {
  readonly nodes: TfNode[] = [];
  readonly #constants = new Map<string, TfTensor>();
  readonly #known = new Map<string, TfValue>();
  readonly #reshaped = new Map<string, TfValue>();
  readonly #own = new Set<string>();
  readonly #sums = new Map<string, readonly [TfValue, TfValue]>();
  readonly #products = new Set<string>();
  #count = 0;

  /** Whether it is for processors: what is faster there, or as exact only there, may be emitted. */
  readonly processor: boolean;
  constructor(processor: boolean) {
    this.processor = processor;
  }

  /** One node, of which the first output is taken: of this type and shape. */
  emit(
    op: string,
    inputs: readonly TfValue[],
    type: TfType,
    shape: readonly number[],
    attributes: TfAttributes = {},
  ): TfValue {
    return this.emitMany(op, inputs, [{ type, shape }], attributes)[0]!;
  }

  /** A node with several outputs. */
  emitMany(
    op: string,
    inputs: readonly TfValue[],
    outputs: readonly { readonly type: TfType; readonly shape: readonly number[] }[],
    attributes: TfAttributes = {},
  ): readonly TfValue[] {
    const names = inputs.map(({ name }) => name);
    const key = `${op} ${names.join(",")} ${JSON.stringify(attributes)}`;
    let first = this.#known.get(key)?.name;
    if (first === undefined) {
      first = this.#name();
      const typed =
        UNTYPED.has(op) || inputs.length === 0 ? attributes : { T: { type: inputs[0]!.type }, ...attributes };
      this.nodes.push({ name: first, op, inputs: names, attributes: typed });
      this.#known.set(key, { name: first, ...outputs[0]! });
      if (PRODUCTS.has(op)) this.#products.add(first);
    }
    const node = first;
    return outputs.map((output, i) => ({ name: i === 0 ? node : `${node}:${i}`, ...output }));
  }

  constant(type: TfType, shape: readonly number[], data: TfTensor["data"]): TfValue {
    const key = data.length <= 4096 ? `${type} [${shape}] ${bits(data)}` : undefined;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const value = { name: this.#name(), type, shape };
    const tensor = { type, shape, data };
    this.#constants.set(value.name, tensor);
    this.nodes.push({
      name: value.name,
      op: "Const",
      inputs: [],
      attributes: { dtype: { type }, value: { tensor } },
    });
    if (key !== undefined) this.#known.set(key, value);
    return value;
  }

  scalar(dtype: DType, value: number): TfValue {
    return this.constant(dtype, [], Reflect.construct(constructors[dtype], [[value]]));
  }

  /** Indices, sizes, axes. */
  ints(values: readonly number[]): TfValue {
    return this.constant("i32", [values.length], Int32Array.from(values));
  }

  int(value: number): TfValue {
    return this.constant("i32", [], Int32Array.of(value));
  }

  /** The same elements in another shape. */
  reshape(from: TfValue, shape: readonly number[]): TfValue {
    // One reshape from where the elements come from, however often they were looked at differently.
    const value = this.#reshaped.get(from.name) ?? from;
    if (sameShape(value.shape, shape)) return value;
    const constant = this.#constants.get(value.name);
    if (constant !== undefined) return this.constant(value.type, shape, constant.data);
    const result = this.emit("Reshape", [value, this.ints(shape)], value.type, shape);
    this.#reshaped.set(result.name, value);
    return result;
  }

  /**
   * Marks a result that is looked at in another shape than the engine gave it: what is added to it or applied to it is so in its own shape, since the engine
   * joins operations that follow each other directly.
   */
  lying(value: TfValue): TfValue {
    this.#own.add(value.name);
    return value;
  }

  /** The marked result that this looks at. */
  #lies(x: TfValue): TfValue | undefined {
    const source = this.#own.has(x.name) ? x : this.#reshaped.get(x.name);
    return source !== undefined && this.#own.has(source.name) ? source : undefined;
  }

  transpose(value: TfValue, permutation: readonly number[]): TfValue {
    if (permutation.every((p, i) => p === i)) return value;
    const shape = permutation.map((p) => value.shape[p]!);
    return this.emit("Transpose", [value, this.ints(permutation)], value.type, shape);
  }

  /** Neighbouring dimensions that are all copied or all kept are one, so that equal copies are one node. */
  expand(value: TfValue, shape: readonly number[]): TfValue {
    if (sameShape(value.shape, shape)) return value;
    const from = [...shape.slice(value.shape.length).map(() => 1), ...value.shape];
    const runs: { kept: boolean; size: number }[] = [];
    shape.forEach((size, i) => {
      const kept = from[i] === size;
      const last = runs.at(-1);
      if (last?.kept === kept) last.size *= size;
      else runs.push({ kept, size });
    });
    const narrow = this.reshape(
      value,
      runs.map(({ kept, size }) => (kept ? size : 1)),
    );
    const full = runs.map(({ size }) => size);
    const [first, second, third] = runs;
    // Blocks between others, few times: whole blocks are copied where the engine's broadcast goes element by element.
    if (
      first?.kept &&
      second !== undefined &&
      !second.kept &&
      third !== undefined &&
      runs.length === 3 &&
      second.size <= 16
    ) {
      const copies = Array.from({ length: second.size }, () => narrow);
      const joined = this.emit("ConcatV2", [...copies, this.int(1)], narrow.type, full, { N: { int: second.size } });
      return this.reshape(joined, shape);
    }
    return this.reshape(this.emit("BroadcastTo", [narrow, this.ints(full)], value.type, full), shape);
  }

  cast(value: TfValue, type: DType): TfValue {
    if (value.type === type) return value;
    return this.emit("Cast", [value], type, value.shape, { SrcT: { type: value.type }, DstT: { type } });
  }

  /** An elementwise operation; with a number, a scalar of the other operand's type. */
  unary(op: string, x: TfValue, attributes: TfAttributes = {}): TfValue {
    const own = this.#lies(x) ?? x;
    return this.reshape(this.emit(op, [own], x.type, own.shape, attributes), x.shape);
  }

  binary(op: string, x: TfValue, y: TfValue | number, result: TfType = x.type): TfValue {
    const other = typeof y === "number" ? this.scalar(x.type as DType, y) : y;
    if (op === "AddV2") {
      // Its own kernel for rows, and what the engine joins to the product before it.
      if (isBias(x, other)) return this.#biased(x, other);
      if (isBias(other, x)) return this.#biased(other, x);
      if (sameShape(x.shape, other.shape)) return this.#sum(x, other);
    }
    return this.emit(op, [x, other], result, broadcastShape([x.shape, other.shape]));
  }

  #sum(x: TfValue, y: TfValue): TfValue {
    const own = [x, y].map((v) => this.#lies(v)).find((v) => v?.shape.at(-1) === x.shape.at(-1));
    const [a, b] = [x, y].map((v) => this.reshape(v, own?.shape ?? v.shape)) as [TfValue, TfValue];
    const sum = this.emit("AddV2", [a, b], x.type, a.shape);
    this.#sums.set(sum.name, [a, b]);
    return this.reshape(own === undefined ? sum : this.lying(sum), x.shape);
  }

  /** Of a sum with a product, the product first: the engine joins product, bias and what is added, in this order only. */
  #biased(x: TfValue, bias: TfValue): TfValue {
    const own = this.#lies(x) ?? x;
    const [a, b] = this.#sums.get(own.name) ?? [];
    if (a !== undefined && b !== undefined) {
      if (this.#products.has(a.name)) return this.reshape(this.#sum(b, this.#biased(a, bias)), x.shape);
      if (this.#products.has(b.name)) return this.reshape(this.#sum(a, this.#biased(b, bias)), x.shape);
    }
    const sum = this.emit("BiasAdd", [own, bias], x.type, own.shape);
    return this.reshape(own === x ? sum : this.lying(sum), x.shape);
  }

  where(condition: TfValue, yes: TfValue | number, no: TfValue | number): TfValue {
    const type = (typeof yes === "number" ? (typeof no === "number" ? "f32" : no.type) : yes.type) as DType;
    const [a, b] = [yes, no].map((x) => (typeof x === "number" ? this.scalar(type, x) : x)) as [TfValue, TfValue];
    const shape = broadcastShape([condition.shape, a.shape, b.shape]);
    return this.emit("SelectV2", [condition, a, b], type, shape, { T: { type } });
  }

  test(op: "Equal" | "NotEqual" | "Less" | "LessEqual" | "Greater" | "GreaterEqual", x: TfValue, y: TfValue | number) {
    return this.binary(op, x, y, "bool");
  }

  /** Sums, largest: over these dimensions, which go. */
  reduce(op: "Sum" | "Max" | "All", x: TfValue, dimensions: readonly number[]): TfValue {
    const shape = x.shape.filter((_, i) => !dimensions.includes(i));
    return this.emit(op, [x, this.ints(dimensions)], x.type, shape, { keep_dims: { bool: false } });
  }

  #name(): string {
    return `n${this.#count++}`;
  }
}

/** [rows…, c] and [c] of floats. */
const isBias = (x: TfValue, bias: TfValue): boolean =>
  bias.shape.length === 1 && x.shape.length > 1 && x.shape.at(-1) === bias.shape[0] && x.type !== "i32";

/** Bytes as text: -0 and NaN's payloads count. */
const bits = (data: TfTensor["data"]): string =>
  String.fromCharCode(...new Uint8Array(data.buffer, data.byteOffset, Math.min(data.byteLength, 32768)));
