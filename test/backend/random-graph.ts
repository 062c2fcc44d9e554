import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph, Value } from "../../src/ir/graph.ts";
import { sizeOf } from "../../src/shape/tensor.ts";
import type { Random } from "../conformance/operations.ts";

const pick = <A>(random: Random, list: readonly A[]): A => list[Math.floor(random() * list.length)]!;
const int = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low));

function shuffled(random: Random, n: number): readonly number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = int(random, 0, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Another shape of as many elements: axes split, merged, ones added. */
function reshaped(random: Random, shape: readonly number[]): readonly number[] {
  const result: number[] = [];
  for (const size of shape) {
    const divisors = [2, 3, 4].filter((d) => size % d === 0 && size > d);
    if (divisors.length > 0 && random() < 0.4) {
      const d = pick(random, divisors);
      result.push(d, size / d);
    } else if (result.length > 0 && random() < 0.4) result.push(result.pop()! * size);
    else result.push(size);
    if (random() < 0.2) result.push(1);
  }
  return result.length > 5 ? [sizeOf(shape)] : result;
}

/** A graph that moves, broadcasts, reduces and combines arrays at random: what layouts and unexecuted broadcasts must survive. */
export function randomGraph(random: Random, steps: number): Graph {
  const b = new GraphBuilder();
  const values: Value[] = [
    b.input("x", { dtype: "f64", shape: [2, 3, 4] }),
    b.input("y", { dtype: "f64", shape: [4, 6] }),
    b.input("z", { dtype: "f64", shape: [1, 2] }),
    b.input("s", { dtype: "f64", shape: [] }),
  ];
  const moves: readonly ((x: Value, shape: readonly number[]) => Value)[] = [
    (x, shape) => b.apply("transpose", [x], { permutation: shuffled(random, shape.length) }),
    (x, shape) => b.apply("transpose", [x], { permutation: shuffled(random, shape.length) }),
    (x, shape) => b.apply("reshape", [x], { shape: reshaped(random, shape) }),
    (x, shape) => b.apply("reshape", [x], { shape: reshaped(random, shape) }),
    (x, shape) => {
      const places = shuffled(random, shape.length + 1)
        .slice(0, shape.length)
        .toSorted((p, q) => p - q);
      const grown = Array.from({ length: shape.length + 1 }, () => int(random, 1, 4));
      places.forEach((place, i) => {
        if (shape[i] !== 1) grown[place] = shape[i]!;
      });
      return b.apply("broadcast_in_dim", [x], { shape: grown, dimensions: places });
    },
    (x, shape) => b.apply("reverse", [x], { dimensions: shape.flatMap((_, axis) => (random() < 0.5 ? [axis] : [])) }),
    (x, shape) => {
      const start = shape.map((d) => int(random, 0, d));
      const limit = shape.map((d, i) => int(random, start[i]! + 1, d + 1));
      return b.apply("slice", [x], { start, limit, strides: shape.map(() => int(random, 1, 3)) });
    },
    (x, shape) => {
      const amounts = () => shape.map(() => (random() < 0.3 ? int(random, 1, 3) : 0));
      return b.apply("pad", [x], { low: amounts(), high: amounts(), interior: amounts(), value: 0.5 });
    },
    (x, shape) =>
      b.apply(random() < 0.5 ? "reduce_sum" : "reduce_max", [x], {
        dimensions: shape.flatMap((_, axis) => (random() < 0.4 ? [axis] : [])),
      }),
    (x, shape) =>
      shape.length === 0
        ? x
        : b.apply("cumulative_sum", [x], { dimension: int(random, 0, shape.length), reverse: false }),
    (x) => b.apply("tanh", [x], {}),
    (x, shape) => {
      const others = values.filter((v) => String(b.typeOf(v).shape) === String(shape));
      return b.apply("add", [x, pick(random, others)], {});
    },
    (x, shape) => {
      if (shape.length === 0) return x;
      const others = values.filter((v) => String(b.typeOf(v).shape) === String(shape));
      return b.apply("concatenate", [x, pick(random, others)], { dimension: int(random, 0, shape.length) });
    },
    (x, shape) => {
      const y = pick(random, values);
      const right = b.typeOf(y).shape;
      const batch: [number, number][] = [];
      const contract: [number, number][] = [];
      const free = new Set(right.map((_, axis) => axis));
      shape.forEach((size, axis) => {
        const other = [...free].find((o) => right[o] === size);
        if (other === undefined || random() < 0.3) return;
        free.delete(other);
        (random() < 0.4 ? batch : contract).push([axis, other]);
      });
      return b.apply("dot_general", [x, y], {
        lhs_batch: batch.map(([l]) => l),
        rhs_batch: batch.map(([, r]) => r),
        lhs_contracting: contract.map(([l]) => l),
        rhs_contracting: contract.map(([, r]) => r),
      });
    },
  ];
  while (values.length < steps) {
    const x = pick(random, values);
    const { shape } = b.typeOf(x);
    if (shape.length > 5 || sizeOf(shape) > 4000) {
      values.push(
        b.apply("reduce_sum", [x], { dimensions: shape.flatMap((_, axis) => (axis % 2 === 0 ? [axis] : [])) }),
      );
      continue;
    }
    values.push(b.apply("tanh", [pick(random, moves)(x, shape)], {}));
  }
  return b.build(values.slice(4));
}
