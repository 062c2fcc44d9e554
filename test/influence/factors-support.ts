import { correlation, inverse, Matrix } from "ml-matrix";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { type Problem, problemOf } from "../../src/influence/problem.ts";
import { type Block, row, zeroBlock } from "../../src/influence/vectors.ts";
import type { Value } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";
import type { Influence } from "../../src/plan/influence.ts";
import type { Measure, Network, Variable } from "../../src/plan/network.ts";
import { normal, randomBits } from "../../src/random/random.ts";
import { type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { network } from "../learn/problems.ts";

export const f32 = (...shape: readonly number[]): TensorType => ({ dtype: "f32", shape });

export const weight = (path: string, ...shape: readonly number[]): Variable => ({
  path,
  type: f32(...shape),
  init: { kind: "glorot" },
});

/** Float64 weights, drawn. */
export const drawn = ({ weights, states }: Network, scale = 0.5): Record<string, Tensor> =>
  Object.fromEntries(
    [...weights, ...states].map(({ path, type: { shape } }, i) => {
      const size = shape.reduce((x, y) => x * y, 1);
      return [
        path,
        tensor(
          "f64",
          shape,
          Array.from(normal(11, "weights", i, size), (x) => scale * x),
        ),
      ];
    }),
  );

export const problem = (
  of: Network,
  loss: Measure,
  parameters: Readonly<Record<string, Tensor>>,
  n: number,
  more: Partial<Influence> & { readonly m?: number; readonly budget?: number } = {},
): Problem => {
  const { m = n, budget, ...spec } = more;
  return problemOf(
    {
      network: of,
      loss,
      measure: loss,
      test: "data",
      of: "example",
      method: { kind: "ekfac", damping: "auto", seed: 0 },
      ...spec,
    },
    { parameters, n, m, ...(budget === undefined ? {} : { budget }) },
  );
};

/** Two convolutions of the image x [6, 6, 2] with tanh, one of them strided, and a dense layer with bias to k. */
export const convolutional = (classes: number): Network =>
  network(
    "Convolutional",
    f32(6, 6, 2),
    [
      weight("layer0/W", 3, 3, 2, 3),
      weight("layer0/b", 3),
      weight("layer1/W", 2, 2, 3, 2),
      weight("layer2/W", 8, classes),
      weight("layer2/b", classes),
    ],
    [],
    ({ b, weights: [w, bias, v, u, c], x }) => {
      const conv = (image: Value, kernel: Value, stride: number, padding: "same" | "valid") => {
        const [h, width, channels] = b.typeOf(image).shape;
        const y = b.apply("conv2d", [op.reshape(b, image, [1, h!, width!, channels!]), kernel], {
          stride: [stride, stride],
          dilation: [1, 1],
          padding,
          groups: 1,
        });
        return op.reshape(b, y, b.typeOf(y).shape.slice(1));
      };
      const first = op.unary(b, "tanh", op.add(b, conv(x, w!, 2, "same"), bias!));
      const second = op.unary(b, "tanh", conv(first, v!, 1, "valid"));
      return { result: op.add(b, op.dot(b, op.reshape(b, second, [8]), u!), c!), next: [] };
    },
  );

export const images = (n: number, classes: number): Columns => ({
  x: tensor("f64", [n, 6, 6, 2], normal(3, "images", 0, n * 72)),
  label: tensor(
    "i32",
    [n],
    Int32Array.from({ length: n }, (_, i) => (i * 7) % classes),
  ),
});

/** The labels that an approximation draws, found again: the cumulative distribution of softmax(results) against each example's draw. */
export const drawnLabels = (results: readonly (readonly number[])[], seed: number): Int32Array =>
  Int32Array.from(results, (scores, example) => {
    const largest = Math.max(...scores);
    const odds = scores.map((score) => Math.exp(score - largest));
    const total = odds.reduce((x, y) => x + y, 0);
    const draw = (randomBits([seed, 0, 0, example], "influence/fisher", 1)[0]! + 0.5) / 2 ** 24;
    let sum = 0;
    return odds.findIndex((odd) => {
      sum += odd / total;
      return draw < sum;
    });
  });

/** ∇L of every example: [n, p]. */
export function* perExample(of: Problem, measure = of.loss): Algorithm<Block> {
  const gradients = gradientsOf(of, { measure, data: 0, examples: of.n, width: 8 });
  const result = yield* gradients.of(0, of.n);
  yield* gradients.release();
  return result;
}

export const units = (size: number): Block => {
  const block = zeroBlock(size, size);
  for (let i = 0; i < size; i++) block.data[i * size + i] = 1;
  return block;
};

export const matrixOf = (block: Block): Matrix =>
  new Matrix(Array.from({ length: block.count }, (_, i) => Array.from(row(block, i))));

export const columnsOf = (data: ArrayLike<number>, rows: number, columns: number): Matrix =>
  Matrix.from1DArray(rows, columns, Array.from(data));

export const inverseOf = (matrix: Matrix): Matrix => inverse(matrix);

/** The largest difference of entries. */
export const distance = (a: Matrix, b: Matrix): number => {
  if (a.rows !== b.rows || a.columns !== b.columns) throw new RangeError("matrices of one shape");
  return Matrix.sub(a, b).abs().max();
};

export const pearson = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  correlation(Matrix.columnVector(Array.from(x)), Matrix.columnVector(Array.from(y))).get(0, 0);

export { drive };
