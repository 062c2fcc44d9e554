import { expect } from "vitest";
import { define } from "../../src/ir/builder.ts";
import type { Graph } from "../../src/ir/graph.ts";
import * as op from "../../src/ir/operations.ts";
import { isFloat } from "../../src/shape/dtype.ts";
import { sizeOf, type Tensor, tensor } from "../../src/shape/tensor.ts";

// Oracles for graphs, whoever made them.

/** x + step d, elementwise. */
export const moved = (x: Tensor, step: number, d: Tensor): Tensor =>
  tensor(
    x.dtype,
    x.shape,
    Array.from(x.data, (value, i) => value + step * d.data[i]!),
  );

export const inner = (a: readonly Tensor[], b: readonly Tensor[]): number =>
  a.reduce((sum, x, i) => Array.from(x.data).reduce((s, value, j) => s + value * b[i]!.data[j]!, sum), 0);

/** Equal within `tolerance` of the larger of 1 and the expected array's largest magnitude. NaN and infinities must be the same. */
export function expectClose(actual: Tensor, expected: Tensor, tolerance: number, message = ""): void {
  expect(actual.shape, message).toEqual(expected.shape);
  const finite = Array.from(expected.data).filter(Number.isFinite);
  const scale = Math.max(1, ...finite.map(Math.abs));
  actual.data.forEach((value, i) => {
    const wanted = expected.data[i]!;
    const close = Object.is(value, wanted) || Math.abs(value - wanted) <= tolerance * scale;
    if (!close) expect.fail(`${message} at ${i}: ${value}, expected ${wanted} of [${Array.from(expected.data)}]`);
  });
}

export function expectAllClose(
  actual: readonly Tensor[],
  expected: readonly Tensor[],
  tolerance: number,
  message = "",
): void {
  expect(actual.length, message).toBe(expected.length);
  for (const [i, part] of actual.entries()) expectClose(part, expected[i]!, tolerance, `${message} ${i}`);
}

/** d/ds f(x + s d) at 0 by central differences of fourth order; the inputs at `wrt` move. */
export function centralDifference(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  wrt: readonly number[],
  directions: readonly Tensor[],
  step = 1e-3,
): readonly Tensor[] {
  const at = (s: number) =>
    f(inputs.map((x, i) => (wrt.includes(i) ? moved(x, s * step, directions[wrt.indexOf(i)]!) : x)));
  const [a, b, c, d] = [at(-2), at(-1), at(1), at(2)];
  return a.map((first, k) =>
    tensor(
      "f64",
      first.shape,
      Array.from(
        first.data,
        (value, i) => (value - 8 * b[k]!.data[i]! + 8 * c[k]!.data[i]! - d[k]!.data[i]!) / (12 * step),
      ),
    ),
  );
}

/** One element of the leading axis. */
export function slice(x: Tensor, at: number): Tensor {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return tensor(x.dtype, shape, x.data.subarray(at * size, (at + 1) * size));
}

/** Arrays of one type as one, with a new leading axis. */
export function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  return tensor(
    first!.dtype,
    [parts.length, ...first!.shape],
    parts.flatMap((part) => Array.from(part.data)),
  );
}

/** sum(w y) + sum(y y) / 2 over the float outputs, in the dtype of the weights: a scalar whose second derivatives see the operation's own. */
export function scalarized(graph: Graph, weights: readonly Tensor[]): Graph {
  const dtype = weights[0]?.dtype ?? "f64";
  return define(
    graph.inputs.map(({ name, type }) => [name, type]),
    (b, ...inputs) => {
      const floats = b.inline(graph, inputs).filter((v) => isFloat(b.typeOf(v).dtype));
      const terms = floats.map((v, i) => {
        const y = op.convert(b, v, dtype);
        return op.reduceSum(
          b,
          op.add(b, op.multiply(b, b.constant(weights[i]!), y), op.scale(b, op.square(b, y), 0.5)),
        );
      });
      return [terms.reduce((sum, term) => op.add(b, sum, term))];
    },
  );
}
