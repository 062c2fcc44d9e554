import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph, Ops, Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import { type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";
import { commonSubexpressions } from "../../src/transform/common.ts";
import { deadCode } from "../../src/transform/dead-code.ts";
import { foldConstants } from "../../src/transform/fold-constants.ts";
import { simplify } from "../../src/transform/simplify.ts";
import { expectAllClose } from "../conformance/checks.ts";
import { randomOf } from "../conformance/operations.ts";

type Body = (b: Ops<Value>, x: Value, y: Value, p: Value, image: Value) => Value;

const inputs: readonly (readonly [string, TensorType])[] = [
  ["x", { dtype: "f64", shape: [2, 3] }],
  ["y", { dtype: "f64", shape: [2, 3] }],
  ["p", { dtype: "bool", shape: [2, 3] }],
  ["image", { dtype: "f64", shape: [1, 4, 1, 2] }],
];

const graphOf = (body: Body): Graph => define(inputs, (b, ...[x, y, p, image]) => [body(b, x!, y!, p!, image!)]);

const point: readonly Tensor[] = (() => {
  const random = randomOf(9);
  return inputs.map(([, { dtype, shape }]) => {
    const size = shape.reduce((n, d) => n * d, 1);
    const draw = () => (dtype === "bool" ? Number(random() < 0.5) : 0.5 + random());
    return tensor(dtype, shape, Array.from({ length: size }, draw));
  });
})();

/** What is left, constants and broadcasts of one number aside. */
const operations = (graph: Graph): string =>
  graph.nodes
    .filter(
      (node) => node.op !== "constant" && !(node.op === "broadcast_in_dim" && node.params.dimensions.length === 0),
    )
    .map((node) => node.op)
    .join(" ");

const number = (b: Ops<Value>, x: Value, k: number) => op.fullLike(b, x, k);
const swap = (b: Ops<Value>, x: Value) => op.transpose(b, x, [1, 0]);
const up = (b: Ops<Value>, x: Value) =>
  b.apply("broadcast_in_dim", [x], { shape: [4, ...b.typeOf(x).shape], dimensions: [1, 2] });
const row = (b: Ops<Value>, x: Value) => op.reduceSum(b, x, [0]);

const cases: readonly (readonly [name: string, body: Body, left: string])[] = [
  ["x + 0", (b, x) => op.add(b, x, number(b, x, 0)), ""],
  ["0 + x", (b, x) => op.add(b, number(b, x, 0), x), ""],
  ["x * 1", (b, x) => op.multiply(b, x, number(b, x, 1)), ""],
  ["x * 0", (b, x) => op.multiply(b, x, number(b, x, 0)), ""],
  ["x - x", (b, x) => op.subtract(b, x, x), ""],
  ["x / 1", (b, x) => op.divide(b, x, number(b, x, 1)), ""],
  ["x / 4", (b, x) => op.divide(b, x, number(b, x, 4)), "multiply"],
  ["x / 3, which is not exact", (b, x) => op.divide(b, x, number(b, x, 3)), "divide"],
  ["-(-x)", (b, x) => op.negate(b, op.negate(b, x)), ""],
  ["-(x - y)", (b, x, y) => op.negate(b, op.subtract(b, x, y)), "subtract"],
  ["x + (-y)", (b, x, y) => op.add(b, x, op.negate(b, y)), "subtract"],
  ["x - (-y)", (b, x, y) => op.subtract(b, x, op.negate(b, y)), "add"],
  ["(-x)(-y)", (b, x, y) => op.multiply(b, op.negate(b, x), op.negate(b, y)), "multiply"],
  ["(-x) / (-y)", (b, x, y) => op.divide(b, op.negate(b, x), op.negate(b, y)), "divide"],
  ["2 (3 x)", (b, x) => op.scale(b, op.scale(b, x, 3), 2), "multiply"],
  ["2 + (3 + x)", (b, x) => op.add(b, number(b, x, 2), op.add(b, number(b, x, 3), x)), "add"],
  ["(1 / y) x", (b, x, y) => op.multiply(b, op.divide(b, number(b, x, 1), y), x), "divide"],
  ["x ^ 2", (b, x) => op.power(b, x, number(b, x, 2)), "multiply"],
  ["x ^ 0", (b, x) => op.power(b, x, number(b, x, 0)), ""],
  ["log e^x", (b, x) => op.log(b, op.exponential(b, x)), ""],
  ["not not p", (b, x, y, p) => op.select(b, op.unary(b, "not", op.unary(b, "not", p)), x, y), "select"],
  ["select of not", (b, x, y, p) => op.select(b, op.unary(b, "not", p), x, y), "select"],
  ["select of true", (b, x, y, p) => op.select(b, op.fullLike(b, p, 1), x, y), ""],
  ["select of equal branches", (b, x, _, p) => op.select(b, p, x, x), ""],
  ["select asked again", (b, x, y, p) => op.select(b, p, op.select(b, p, x, y), op.select(b, p, x, y)), "select"],
  [
    "halves of a select added",
    (b, x, y, p) =>
      op.add(b, op.select(b, p, x, number(b, x, 0)), op.scale(b, op.select(b, p, number(b, x, 0), y), 0.2)),
    "multiply select",
  ],
  [
    "convert there and back",
    (b, _x, _y, p) => op.convert(b, op.convert(b, op.convert(b, p, "i32"), "f64"), "f64"),
    "convert",
  ],
  ["transpose twice", (b, x) => swap(b, swap(b, x)), ""],
  ["transpose of a broadcast", (b, x) => op.transpose(b, up(b, x), [1, 0, 2]), "broadcast_in_dim"],
  ["transpose of axes of size 1", (b, _x, _y, _p, image) => op.transpose(b, image, [2, 0, 1, 3]), "reshape"],
  ["reshape twice", (b, x) => op.reshape(b, op.reshape(b, x, [6]), [3, 2]), "reshape"],
  ["reshape back", (b, x) => op.reshape(b, op.reshape(b, x, [6]), [2, 3]), ""],
  [
    "reverse twice",
    (b, x) => b.apply("reverse", [b.apply("reverse", [x], { dimensions: [1] })], { dimensions: [1] }),
    "",
  ],
  [
    "slice of a slice",
    (b, x) => {
      const first = b.apply("slice", [x], { start: [0, 1], limit: [2, 3], strides: [1, 1] });
      return b.apply("slice", [first], { start: [1, 0], limit: [2, 2], strides: [1, 1] });
    },
    "slice",
  ],
  [
    "slice of what was padded",
    (b, x) => {
      const padded = b.apply("pad", [x], { low: [1, 0], high: [0, 2], interior: [0, 1], value: 0 });
      return b.apply("slice", [padded], { start: [1, 0], limit: [3, 5], strides: [1, 2] });
    },
    "",
  ],
  [
    "slice of a concatenation",
    (b, x, y) => {
      const joined = b.apply("concatenate", [x, y], { dimension: 0 });
      return b.apply("slice", [joined], { start: [2, 0], limit: [4, 3], strides: [1, 1] });
    },
    "",
  ],
  ["sum over an axis of size 1", (b, _x, _y, _p, image) => op.reduceSum(b, image, [0, 2]), "reshape"],
  ["sum of sums", (b, x) => op.reduceSum(b, row(b, x)), "reduce_sum"],
  ["sum of a broadcast", (b, x) => op.reduceSum(b, up(b, x), [0]), "multiply"],
  ["sum of a broadcast along both", (b, x) => op.reduceSum(b, up(b, x), [0, 1]), "reduce_sum multiply"],
  ["sum of -x", (b, x, y) => op.subtract(b, row(b, y), row(b, op.negate(b, x))), "reduce_sum reduce_sum add"],
  ["sum of 3 x", (b, x) => row(b, op.scale(b, x, 3)), "reduce_sum multiply"],
  ["sum of a transposition", (b, x) => op.reduceSum(b, swap(b, x), [1]), "reduce_sum"],
  ["product of transposed", (b, x, y) => op.contract(b, swap(b, x), y, [1], [0]), "dot_general"],
  ["transposed product", (b, x, y) => swap(b, op.contract(b, x, y, [0], [0])), "dot_general"],
  [
    "elementwise on broadcasts alike",
    (b, x, y) => op.unary(b, "tanh", op.multiply(b, up(b, x), up(b, y))),
    "multiply tanh broadcast_in_dim",
  ],
];

describe("algebra", () => {
  it.each(cases)("%s", (_, body, left) => {
    const graph = graphOf(body);
    const small = simplify(graph);
    expect(operations(small)).toBe(left);
    expectAllClose(evaluate(small, point), evaluate(graph, point), 1e-15);
  });

  it("keeps what rounding, kinks and stopped gradients need", () => {
    const kept = (body: Body) => operations(simplify(graphOf(body)));
    expect(kept((b, x) => op.convert(b, op.convert(b, x, "f32"), "f64"))).toBe("convert convert");
    expect(kept((b, x) => op.add(b, op.stopGradient(b, x), x))).toBe("stop_gradient add");
    expect(kept((b, x, y) => op.add(b, op.maximum(b, x, y), op.maximum(b, y, x)))).toBe("maximum maximum add");
  });
});

describe("constants", () => {
  it("are computed where small, and left where a broadcast is the short way to write them", () => {
    const graph = define([], (builder) => {
      const b: Ops<Value> = builder;
      const places = b.apply("constant", [], { value: tensor("f64", [3], [0, 1, 2]) });
      return [
        op.exponential(b, op.add(b, places, number(b, places, 1))),
        b.apply("broadcast_in_dim", [places], { shape: [900, 3], dimensions: [1] }),
      ];
    });
    const small = simplify(graph);
    expect(small.nodes.map((node) => node.op).sort()).toEqual(["broadcast_in_dim", "constant", "constant"]);
    const [folded] = evaluate(small, []);
    expectAllClose([folded!], [tensor("f64", [3], [1, 2, 3].map(Math.exp))], 1e-15);
  });

  it("larger than what they save are not written out", () => {
    const graph = define([], (builder) => {
      const b: Ops<Value> = builder;
      const places = b.apply("constant", [], {
        value: tensor(
          "f64",
          [2000],
          Array.from({ length: 2000 }, (_, i) => i),
        ),
      });
      return [op.exponential(b, places)];
    });
    expect(foldConstants.run(graph).nodes.map((node) => node.op)).toEqual(["constant", "exponential"]);
  });

  it("in f32 are rounded as an engine rounds them", () => {
    const graph = define([], (builder) => {
      const b: Ops<Value> = builder;
      const tenth = op.scalar(b, "f32", 0.1);
      return [op.convert(b, op.multiply(b, tenth, tenth), "f64")];
    });
    expect(evaluate(simplify(graph), [])[0]!.data[0]).toBe(Math.fround(Math.fround(0.1) * Math.fround(0.1)));
  });
});

describe("common subexpressions", () => {
  it("finds x + y in y + x, and in programs written twice", () => {
    const graph = graphOf((b, x, y) =>
      op.multiply(b, op.unary(b, "tanh", op.add(b, x, y)), op.unary(b, "tanh", op.add(b, y, x))),
    );
    expect(operations(commonSubexpressions.run(graph))).toBe("add tanh multiply");
  });
});

describe("dead code", () => {
  it("goes, inputs stay", () => {
    const { inputs: declared, nodes, outputs } = graphOf((b, x) => op.negate(b, x));
    const unused = { op: "tanh", params: {}, inputs: [1], type: { dtype: "f64", shape: [2, 3] } } as const;
    const after = deadCode.run({
      inputs: declared,
      nodes: [unused, ...nodes],
      outputs: outputs.map((v) => v + 1),
    });
    expect(after.inputs.length).toBe(4);
    expect(operations(after)).toBe("negate");
    expect(evaluate(after, point)[0]!.data[0]).toBe(-point[0]!.data[0]!);
  });
});
