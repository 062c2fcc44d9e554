import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Ops } from "../../src/ir/graph.ts";
import { ShapeError, type SymbolicType } from "../../src/ir/mismatch.ts";
import type { Padding } from "../../src/ir/primitives.ts";
import { type Argument, binaryOperators, type Operand, surface, unaryOperators } from "../../src/ir/surface.ts";
import { shapeOps } from "../../src/ir/symbolic.ts";
import { verified } from "../../src/ir/verify.ts";
import { randomBits } from "../../src/random/random.ts";
import { type Axis, type SymbolicPadding, showShape, variable } from "../../src/shape/dim.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { f32, i32 } from "./literals.ts";

/** The language's operations for one interpretation, as a layer written in the language would call them. */
class Language<V, D, W> {
  readonly ops: Ops<V, D, W>;
  readonly same: W;
  readonly draw: (shape: readonly D[], purpose: string) => V;
  constructor(ops: Ops<V, D, W>, same: W, draw: (shape: readonly D[], purpose: string) => V) {
    this.ops = ops;
    this.same = same;
    this.draw = draw;
  }
  call(name: string, args: Readonly<Record<string, Argument<V, D, W>>>): Operand<V> {
    const all = { ...binaryOperators, ...Object.fromEntries(surface) };
    const primitive = all[name as "+"];
    return { tensor: primitive.apply(this.ops, new Map(Object.entries(args)), { randomBits: this.draw }) };
  }
  of(name: string, x: Operand<V>, y?: Operand<V>): Operand<V> {
    return this.call(name, y === undefined ? { x } : { x, y });
  }
  shape(x: Operand<V>): readonly D[] {
    return "tensor" in x ? this.ops.typeOf(x.tensor).shape : [];
  }
  size(n: number): readonly [D, D] {
    return [this.ops.sizes.of(n), this.ops.sizes.of(n)];
  }
}

type Layer = <V, D, W>(m: Language<V, D, W>, ...inputs: readonly Operand<V>[]) => Operand<V>;

const number = (n: number): { readonly number: number } => ({ number: n });

/** Layers and losses as a library in the language would write them: the table is enough for each. */
const layers = {
  convolution: (m, x, w, b) => m.of("+", m.call("conv2d", { x: x!, W: w!, stride: m.size(2) }), b!),
  dense: (m, x, w, b) => m.of("+", m.of("@", x!, w!), b!),
  flatten: (m, x) => m.call("reshape", { x: x!, dims: [m.ops.sizes.of(-1)] }),
  maxPool: (m, x) => {
    const kernel = m.size(2);
    const fill = Number.NEGATIVE_INFINITY;
    return m.call("reduce_max", { x: m.call("unfold", { x: x!, kernel, stride: kernel, fill }), dimensions: [2, 3] });
  },
  averagePool: (m, x) => {
    const kernel = m.size(2);
    const pad = m.same;
    const sum = (v: typeof x & {}) =>
      m.call("reduce_sum", { x: m.call("unfold", { x: v, kernel, stride: kernel, pad }), dimensions: [2, 3] });
    const one = m.call("broadcast", { x: number(1), shape: m.shape(x!) });
    return m.of("/", sum(x!), sum(one));
  },
  globalAverage: (m, x) => m.call("reduce_mean", { x: x!, dimensions: [0, 1] }),
  dropout: (m, x) => {
    const bits = m.call("random_bits", { shape: m.shape(x!), purpose: "keep" });
    const kept = m.of("<", m.call("convert", { x: bits, dtype: "f32" }), number(0.5 * 2 ** 24));
    const dropped = m.call("select", { pred: kept, yes: m.of("/", x!, number(0.5)), no: number(0) });
    return m.call("select", { pred: { bool: true }, yes: dropped, no: x! });
  },
  batchNorm: (m, x, gamma, beta) => {
    const c = m.shape(x!).at(-1)!;
    const rows = (v: typeof x & {}) => m.call("reshape", { x: v, dims: [m.ops.sizes.of(-1), c] });
    const mean = (v: typeof x & {}) => m.of("batch_mean", m.call("reduce_mean", { x: rows(v), dimensions: [0] }));
    const centered = m.of("-", x!, mean(x!));
    const variance = mean(m.of("*", centered, centered));
    const scaled = m.of("*", centered, m.of("rsqrt", m.of("+", variance, number(1e-3))));
    return m.of("+", m.of("*", scaled, gamma!), beta!);
  },
  layerNorm: (m, x) => {
    const mean = (v: typeof x & {}) => m.call("reduce_mean", { x: v, dimensions: [-1], keep: true });
    const centered = m.of("-", x!, mean(x!));
    const variance = mean(m.of("*", centered, centered));
    return m.of("*", centered, m.of("rsqrt", m.of("+", variance, number(1e-5))));
  },
  lrelu: (m, x) => m.of("maximum", x!, m.of("*", number(0.2), x!)),
  elu: (m, x) => {
    const low = m.of("exponential_minus_one", m.of("minimum", x!, number(0)));
    return m.call("select", { pred: m.of(">", x!, number(0)), yes: x!, no: low });
  },
  gelu: (m, x) => {
    const half = m.of("*", number(0.5), x!);
    return m.of("*", half, m.of("+", number(1), m.of("erf", m.of("*", x!, number(Math.SQRT1_2)))));
  },
  softmax: (m, x) => {
    const largest = m.of("stop_gradient", m.call("reduce_max", { x: x!, dimensions: [-1], keep: true }));
    const e = m.of("exponential", m.of("-", x!, largest));
    return m.of("/", e, m.call("reduce_sum", { x: e, dimensions: [-1], keep: true }));
  },
  crossEntropy: (m, logits, label) => {
    const shifted = m.of("-", logits!, m.of("stop_gradient", m.call("reduce_max", { x: logits! })));
    const total = m.of("log", m.call("reduce_sum", { x: m.of("exponential", shifted) }));
    return m.of("-", total, m.call("gather", { x: shifted, indices: label! }));
  },
  binaryCrossEntropy: (m, x, label) =>
    m.of("-", m.of("softplus", x!), m.of("*", x!, m.call("convert", { x: label!, dtype: "f32" }))),
  squaredError: (m, x, y) => {
    const d = m.of("-", x!, y!);
    return m.call("reduce_mean", { x: m.of("*", d, d) });
  },
  hinge: (m, x, label) => {
    const sign = m.of("-", m.of("*", number(2), m.call("convert", { x: label!, dtype: "f32" })), number(1));
    return m.of("maximum", number(0), m.of("-", number(1), m.of("*", sign, x!)));
  },
} as const satisfies Readonly<Record<string, Layer>>;

const KEY = [1, 2, 3, 4] as const;

function run(layer: Layer, ...inputs: readonly Tensor[]): Tensor {
  const builder = new GraphBuilder();
  const language = new Language<number, number, Padding>(builder, "same", (shape, purpose) =>
    builder.apply("random_bits", [builder.constant(tensor("i32", [4], KEY))], { shape, purpose }),
  );
  const result = layer(language, ...inputs.map((x, i) => ({ tensor: builder.input(`x${i}`, x) })));
  if (!("tensor" in result)) throw new TypeError("a layer gives a tensor");
  return evaluate(verified(builder.build([result.tensor])), inputs)[0]!;
}

const symbolic = new Language<SymbolicType, Axis, SymbolicPadding>(shapeOps, "same", (shape) => ({
  dtype: "i32" as const,
  shape,
}));

function typeOf(layer: Layer, ...inputs: readonly SymbolicType[]): string {
  const result = layer(symbolic, ...inputs.map((type) => ({ tensor: type })));
  return "tensor" in result ? `${result.tensor.dtype}${showShape(result.tensor.shape)}` : "no tensor";
}

const [h, w, c, n] = [variable("h"), variable("w"), variable("c"), variable("n")];
const s = { spread: "s" };
const float = (...shape: readonly Axis[]): SymbolicType => ({ dtype: "f32", shape });
const label: SymbolicType = { dtype: "i32", shape: [] };

describe("layers of the language have their declared types in variables", () => {
  test.each<readonly [keyof typeof layers, readonly SymbolicType[], string]>([
    ["convolution", [float(h, w, c), float(3, 3, c, n), float(n)], "f32[ceil(h / 2), ceil(w / 2), n]"],
    ["dense", [float(n), float(n, c), float(c)], "f32[c]"],
    ["dense", [float(s, n), float(n, c), float(c)], "f32[...s, c]"],
    ["flatten", [float(s)], "f32[product(...s)]"],
    ["flatten", [float(4, 4, c)], "f32[16 * c]"],
    ["maxPool", [float(h, w, c)], "f32[floor(h / 2), floor(w / 2), c]"],
    ["averagePool", [float(h, w, c)], "f32[ceil(h / 2), ceil(w / 2), c]"],
    ["globalAverage", [float(h, w, c)], "f32[c]"],
    ["dropout", [float(s)], "f32[...s]"],
    ["batchNorm", [float(s, c), float(c), float(c)], "f32[...s, c]"],
    ["layerNorm", [float(s, c)], "f32[...s, c]"],
    ["lrelu", [float(s)], "f32[...s]"],
    ["elu", [float(s)], "f32[...s]"],
    ["gelu", [float(s)], "f32[...s]"],
    ["softmax", [float(s, n)], "f32[...s, n]"],
    ["crossEntropy", [float(n), label], "f32[]"],
    ["binaryCrossEntropy", [float(), label], "f32[]"],
    ["squaredError", [float(s), float(s)], "f32[]"],
    ["hinge", [float(), label], "f32[]"],
  ])("%s of %j", (name, inputs, type) => {
    expect(typeOf(layers[name], ...inputs)).toBe(type);
  });
});

describe("and their values", () => {
  const close = (got: Tensor, wanted: readonly number[]) => {
    expect(got.data.length).toBe(wanted.length);
    wanted.forEach((v, i) => {
      expect(got.data[i]).toBeCloseTo(v, 6);
    });
  };
  const square = f32([
    [[1], [2], [3]],
    [[4], [5], [6]],
    [[7], [8], [9]],
  ]);

  test("pooling: the largest, and the mean without the padding", () => {
    close(run(layers.maxPool, square), [5]);
    close(run(layers.averagePool, square), [3, 4.5, 7.5, 9]);
    close(run(layers.globalAverage, square), [5]);
  });

  test("dropout keeps what its draws say, scaled", () => {
    const kept = Array.from(randomBits(KEY, "keep", 6), (b) => b < 2 ** 23);
    expect(new Set(kept).size).toBe(2);
    const expected = kept.map((keep, i) => (keep ? 2 * (i + 1) : 0));
    close(run(layers.dropout, f32([1, 2, 3, 4, 5, 6])), expected);
  });

  test("normalizations have mean 0 and variance 1", () => {
    const [a, b] = [1 / Math.sqrt(1 + 1e-3), 1 / Math.sqrt(1 + 1e-5)];
    close(
      run(
        layers.batchNorm,
        f32([
          [1, 4],
          [3, 2],
        ]),
        f32([1, 2]),
        f32([0, 5]),
      ),
      [-a, 5 + 2 * a, a, 5 - 2 * a],
    );
    close(
      run(
        layers.layerNorm,
        f32([
          [1, 3],
          [5, 3],
        ]),
      ),
      [-b, b, b, -b],
    );
  });

  test("activations", () => {
    close(run(layers.lrelu, f32([-1, 2])), [-0.2, 2]);
    close(run(layers.elu, f32([-1, 2])), [Math.expm1(-1), 2]);
    close(run(layers.gelu, f32([-1, 1])), [-0.15865525, 0.84134475]);
    close(run(layers.softmax, f32([1000, 1001])), [1 / (1 + Math.E), Math.E / (1 + Math.E)]);
  });

  test("losses", () => {
    close(run(layers.crossEntropy, f32([1, 2, 3]), i32(2)), [Math.log(Math.exp(-2) + Math.exp(-1) + 1)]);
    expect(run(layers.crossEntropy, f32([1e4, 0]), i32(1)).data[0]).toBe(1e4);
    close(run(layers.binaryCrossEntropy, f32(2), i32(1)), [Math.log1p(Math.exp(-2))]);
    close(run(layers.squaredError, f32([1, 2]), f32([3, 5])), [6.5]);
    close(run(layers.hinge, f32(0.25), i32(0)), [1.25]);
    close(
      run(
        layers.dense,
        f32([1, 2]),
        f32([
          [1, 2],
          [3, 4],
        ]),
        f32([10, 20]),
      ),
      [17, 30],
    );
  });
});

describe("refusals name the primitive and speak of the example's own axes", () => {
  const reasonOf = (name: string, args: Readonly<Record<string, Argument<SymbolicType, Axis, SymbolicPadding>>>) => {
    try {
      symbolic.call(name, args);
    } catch (error) {
      if (error instanceof ShapeError) return error.mismatch;
      throw error;
    }
    return undefined;
  };
  const t = (type: SymbolicType) => ({ tensor: type });

  test.each<readonly [string, Readonly<Record<string, Argument<SymbolicType, Axis, SymbolicPadding>>>, object]>([
    ["add", { x: t(float(h)), y: t(float(w)) }, { reason: { kind: "broadcast" } }],
    [
      "conv2d",
      { x: t(float(n)), W: t(float(3, 3, c, 8)) },
      { reason: { kind: "rank", operand: 0, wanted: "[h, w, channels]", got: [n] } },
    ],
    [
      "conv2d",
      { x: t(float(4, 4, 3)), W: t(float(3, 3, 2, 8)) },
      { reason: { kind: "axes", operand: 1, axes: [{ axis: 2, expected: 3, got: 2 }] } },
    ],
    ["unfold", { x: t(float(4, 2, 3)), kernel: [3, 3] }, { reason: { kind: "window", axis: 1, size: 2, kernel: 3 } }],
    ["reduce_sum", { x: t(float(s, c)), dimensions: [0] }, { reason: { kind: "no_axis", axis: 0 } }],
    ["reduce_sum", { x: t(float(2, 3)), dimensions: [-3] }, { reason: { kind: "no_axis", axis: -3 } }],
    ["reshape", { x: t(float(7)), dims: [2, -1] }, { reason: { kind: "parameter", name: "-1" } }],
    ["reshape", { x: t(float(7)) }, { reason: { kind: "parameter", name: "dims", message: "is missing" } }],
    [
      "maximum",
      { x: t(label), y: { number: 0.5 } },
      { reason: { kind: "dtype", operand: 1, expected: ["i32"], got: "f32" } },
    ],
    [
      "maximum",
      { x: t(label), y: t(float()) },
      { reason: { kind: "dtype", operand: 1, expected: ["i32"], got: "f32" } },
    ],
    [
      "add",
      { x: t(float()), y: { bool: true } },
      { reason: { kind: "dtype", operand: 1, expected: ["f32"], got: "bool" } },
    ],
    ["@", { x: t(float(2, 3)), y: t(float(4, 5)) }, { reason: { kind: "axes", operand: 1, against: 0 } }],
    ["@", { x: t(float(2, 3)), y: t(float()) }, { reason: { kind: "rank", operand: 1 } }],
  ])("%s %#", (name, args, mismatch) => {
    expect(reasonOf(name, args)).toMatchObject({ op: name, ...mismatch });
  });
});

test("numbers take the dtype beside them, and division is true division", () => {
  expect(typeOf((m, x) => m.of("+", x!, number(2)), label)).toBe("i32[]");
  expect(typeOf((m, x) => m.of("+", number(0.5), x!), { dtype: "f64", shape: [3] })).toBe("f64[3]");
  expect(typeOf((m) => m.of("*", number(0.5), number(2)))).toBe("f32[]");
  expect(run((m, x) => m.of("/", x!, number(2)), i32([1, 3]))).toEqual(f32([0.5, 1.5]));
});

test("@ is NumPy's matmul", () => {
  const matmul: Layer = (m, x, y) => m.of("@", x!, y!);
  expect(typeOf(matmul, float(n, h), float(h))).toBe("f32[n]");
  expect(typeOf(matmul, float(h), float(5, h, w))).toBe("f32[5, w]");
  expect(typeOf(matmul, float(5, 1, n, h), float(7, h, w))).toBe("f32[5, 7, n, w]");
  const [a, b] = [
    f32([[[1, 2]], [[3, 4]]]),
    f32([
      [[5], [6]],
      [[7], [8]],
    ]),
  ];
  expect(run(matmul, a, b)).toEqual(f32([[[17]], [[53]]]));
});

test("every parameter has a name of its own and no required one follows an optional one", () => {
  for (const { parameters } of [
    ...surface.values(),
    ...Object.values(binaryOperators),
    ...Object.values(unaryOperators),
  ]) {
    expect(new Set(parameters.map((p) => p.name)).size).toBe(parameters.length);
    const firstOptional = parameters.findIndex((p) => p.default !== undefined);
    if (firstOptional >= 0) expect(parameters.slice(firstOptional).every((p) => p.default !== undefined)).toBe(true);
  }
});
