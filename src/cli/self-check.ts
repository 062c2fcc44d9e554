import * as Effect from "effect/Effect";
import type { Backend, BackendError } from "../backend/backend.ts";
import { define, type GraphBuilder } from "../ir/builder.ts";
import { evaluate } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { logSoftmax, matmul, maximum, multiply, reduceSum, scale } from "../ir/operations.ts";
import { sizeOf, type Tensor, type TensorType, tensor } from "../shape/tensor.ts";
import { hvp, vjp } from "../transform/vjp.ts";

/** One row of a backend's check of itself. */
export interface Checked {
  readonly name: string;
  /** The largest difference from the reference, relative to the larger of 1 and its largest magnitude. */
  readonly difference: number;
  readonly ok: boolean;
}

/** f32 has 24 bits; sums over a few thousand products lose some. */
const TOLERANCE = 1e-5;

const f32 = (...shape: readonly number[]): TensorType => ({ dtype: "f32", shape });
const conv = { stride: [2, 2], dilation: [1, 1], padding: "same", groups: 1 } as const;
const patches = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "valid" } as const;

type Row = readonly [
  name: string,
  inputs: readonly TensorType[],
  build: (b: GraphBuilder, ...x: readonly Value[]) => Value,
];

const rows: readonly Row[] = [
  ["elementwise", [f32(64, 33)], (b, x) => b.apply("tanh", [multiply(b, x!, b.apply("logistic", [x!], {}))], {})],
  ["reductions", [f32(48, 65)], (b, x) => logSoftmax(b, x!, 1)],
  ["products of matrices", [f32(65, 130), f32(130, 33)], (b, x, w) => matmul(b, x!, w!)],
  ["convolution", [f32(4, 15, 14, 3), f32(3, 3, 3, 8)], (b, x, w) => b.apply("conv2d", [x!, w!], conv)],
  [
    "pooling",
    [f32(4, 12, 12, 5)],
    (b, x) => b.apply("reduce_max", [b.apply("unfold", [x!], { ...patches, fill: 0 })], { dimensions: [3, 4] }),
  ],
  ["cumulative sums", [f32(9, 31)], (b, x) => b.apply("cumulative_sum", [x!], { dimension: 1, reverse: false })],
  ["order", [f32(9, 31)], (b, x) => b.apply("sort", [x!], { dimension: 1 })],
];

const NETWORK = [f32(3, 3, 1, 4), f32(196, 10), f32(8, 14, 14, 1)] as const;

/** A small network's loss: a convolution, a kink, a product. */
const loss: Graph = define(
  NETWORK.map((type, i) => [`x${i}`, type]),
  (b, kernel, matrix, images) => {
    const y = b.apply("conv2d", [images!, kernel!], conv);
    const flat = b.apply("reshape", [maximum(b, y, scale(b, y, 0.2))], { shape: [8, 196] });
    const logs = logSoftmax(b, matmul(b, flat, matrix!), 1);
    return [scale(b, reduceSum(b, b.apply("slice", [logs], { start: [0, 0], limit: [8, 1], strides: [1, 1] })), -1)];
  },
);

/** Numbers in [-1, 1) that are no two alike. */
const values = ({ dtype, shape }: TensorType, seed: number): Tensor =>
  tensor(
    dtype,
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(12.9898 * (i + 1) + seed)),
  );

/** A table of operations, a gradient and a Hessian-vector product against the reference. */
export const selfCheck = (backend: Backend): Effect.Effect<readonly Checked[], BackendError> => {
  const graphs: readonly (readonly [string, Graph])[] = [
    ...rows.map(([name, types, build]) => {
      const named = types.map((type, i) => [`x${i}`, type] as const);
      return [name, define(named, (b, ...x) => [build(b, ...x)])] as const;
    }),
    ["gradient of a network", vjp(loss, [0, 1])],
    ["Hessian-vector product", hvp(loss, [0, 1])],
  ];
  return Effect.forEach(graphs, ([name, graph]) =>
    Effect.gen(function* () {
      const inputs = graph.inputs.map(({ type }, i) => values(type, i));
      const wanted = evaluate(graph, inputs);
      const found = yield* once(backend, graph, inputs);
      const difference = Math.max(...wanted.map((want, i) => distance(found[i]!, want)));
      return { name, difference, ok: difference <= TOLERANCE };
    }),
  );
};

const once = (backend: Backend, graph: Graph, inputs: readonly Tensor[]) =>
  Effect.scoped(Effect.flatMap(backend.open({ graph, resident: 0, updated: 0 }, []), (session) => session.run(inputs)));

function distance(found: Tensor, wanted: Tensor): number {
  let most = 0;
  let scale = 1;
  for (const [i, want] of wanted.data.entries()) {
    scale = Math.max(scale, Math.abs(want));
    // What is not a number is as far off as can be.
    const off = Math.abs(found.data[i]! - want);
    most = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(most, off);
  }
  return most / scale;
}

const SIDE = 1024;
const RUNS = 8;

/** Billions of operations a second in products of two 1024 x 1024 matrices: the fastest of a few. */
export const gigaflops = (backend: Backend): Effect.Effect<number, BackendError> => {
  const side = f32(SIDE, SIDE);
  const graph = define(
    [
      ["a", side],
      ["b", side],
    ],
    (b, x, y) => [reduceSum(b, matmul(b, x!, y!))],
  );
  return Effect.scoped(
    Effect.gen(function* () {
      const session = yield* backend.open({ graph, resident: 1, updated: 0 }, [values(side, 0)]);
      // Fed, so that no engine computes it beforehand.
      const fed = [values(side, 1)];
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < RUNS; i++) {
        const begin = performance.now();
        yield* session.run(fed);
        least = Math.min(least, performance.now() - begin);
      }
      return (2 * SIDE ** 3) / (least * 1e6);
    }),
  );
};
