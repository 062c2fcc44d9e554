import type { GraphBuilder } from "../ir/builder.ts";
import { evaluate } from "../ir/evaluate.ts";
import type { Graph, Value } from "../ir/graph.ts";
import {
  add,
  broadcastTo,
  compare,
  convert,
  fullLike,
  innerProduct,
  maximum,
  minimum,
  multiply,
  negate,
  reduceMax,
  reduceSum,
  reshape,
  scalarLike,
  stopGradient,
  subtract,
  unary,
} from "../ir/operations.ts";
import { classifierOf } from "../learn/classify.ts";
import { withPrecision } from "../learn/precision.ts";
import type { Measure, Network } from "../plan/network.ts";
import { fillRandomBits, normal } from "../random/random.ts";
import { isFloat } from "../shape/dtype.ts";
import { constructors, sizeOf, type Tensor, tensor } from "../shape/tensor.ts";
import { hvp } from "../transform/vjp.ts";
import { vmap } from "../transform/vmap.ts";
import type { Batch } from "./pass.ts";
import type { Problem } from "./problem.ts";

/**
 * Where pseudo-gradients come from, so that E[g gᵀ] is the Fisher matrix of the model's own output distribution, p(label) ~ exp(-loss), and with it
 * the Gauss-Newton matrix (Martens 2014): `labels` drawn from it; `signs`, for a loss whose Hessian D by the results is diagonal (squared errors): D^1/2
 * times random signs; `data`, the data's own targets, for any other loss (the empirical Fisher).
 */
export type Pseudo =
  | { readonly kind: "labels"; readonly label: number; readonly classes: number; readonly draws: 1 }
  | { readonly kind: "signs"; readonly draws: number }
  | { readonly kind: "data"; readonly draws: 1 };

export const pseudoOf = (network: Network, loss: Measure): Pseudo => {
  const classifier = classifierOf(network, loss);
  if (classifier !== undefined)
    return { kind: "labels", label: loss.targets.indexOf(classifier.label), classes: classifier.classes, draws: 1 };
  const sizes = floatResults(network).map((i) => sizeOf(network.results[i]!.type.shape));
  if (!hasDiagonalHessian(network, loss)) return { kind: "data", draws: 1 };
  return { kind: "signs", draws: sizes.reduce((x, y) => x + y, 0) };
};

/**
 * The objective whose gradient is the pseudo-gradient: (results, targets, draws f[k]) -> f[]. With labels: the loss at the label that the draw picks
 * from its distribution.
 */
export const pseudoLoss = (
  b: GraphBuilder,
  { network, loss, precision }: Pick<Problem, "network" | "loss" | "precision">,
  pseudo: Pseudo,
  results: readonly Value[],
  targets: readonly Value[],
  draws: Value,
): Value => {
  const graph = withPrecision(loss.graph, precision);
  if (pseudo.kind === "data") return b.inline(graph, [...results, ...targets])[0]!;
  if (pseudo.kind === "signs") {
    const floats = floatResults(network);
    const ones = floats.map((i) => fullLike(b, results[i]!, 1));
    const diagonals = b.inline(hvp(graph, floats), [...results.map((v) => stopGradient(b, v)), ...targets, ...ones]);
    let from = 0;
    return floats
      .map((i, j) => {
        const { shape } = b.typeOf(results[i]!);
        const limit = from + sizeOf(shape);
        const signs = reshape(b, b.apply("slice", [draws], { start: [from], limit: [limit], strides: [1] }), shape);
        from = limit;
        const diagonal = maximum(b, diagonals[j]!, scalarLike(b, diagonals[j]!, 0));
        const gradient = stopGradient(b, multiply(b, unary(b, "sqrt", diagonal), signs));
        return innerProduct(b, results[i]!, gradient);
      })
      .reduce((x, y) => add(b, x, y));
  }
  const at = results.length + pseudo.label;
  const every = vmap(
    graph,
    graph.inputs.map((_, i) => (i === at ? 0 : null)),
    { size: pseudo.classes, axis: "classes" },
  );
  const labels = b.apply("iota", [], { shape: [pseudo.classes], axis: 0, dtype: "i32" });
  const known = targets.map((target, i) => (i === pseudo.label ? labels : target));
  const losses = b.inline(every, [...results.map((v) => stopGradient(b, v)), ...known])[0]!;
  // exp(-L), the most likely 1, so that the draw times their sum falls between two cumulative sums.
  const least = negate(b, reduceMax(b, negate(b, losses)));
  const likely = unary(b, "exponential", subtract(b, least, losses));
  const sums = b.apply("cumulative_sum", [likely], { dimension: 0, reverse: false });
  const point = multiply(b, reshape(b, draws, []), reduceSum(b, likely));
  const below = convert(b, compare(b, "LE", sums, broadcastTo(b, point, [pseudo.classes])), "i32");
  const last = b.constant(tensor("i32", [], [pseudo.classes - 1]));
  const label = minimum(b, reduceSum(b, below), last);
  return b.inline(graph, [...results, ...targets.map((target, i) => (i === pseudo.label ? label : target))])[0]!;
};

/** [B, k]: of each example its own, whatever the batch: uniform over (0, 1) for labels, else signs. */
export const drawsOf = ({ precision }: Problem, pseudo: Pseudo, seed: number, { at }: Batch): Tensor => {
  const size = at.length;
  const keys = new Int32Array(4 * size);
  at.forEach((example, i) => {
    keys[4 * i] = seed;
    keys[4 * i + 3] = example;
  });
  const bits = new Int32Array(size * pseudo.draws);
  fillRandomBits(keys, "influence/fisher", pseudo.draws, bits);
  const data = new constructors[precision](bits.length);
  for (let i = 0; i < data.length; i++)
    data[i] = pseudo.kind === "labels" ? (bits[i]! + 0.5) / 2 ** 24 : bits[i]! < 2 ** 23 ? -1 : 1;
  return { dtype: precision, shape: [size, pseudo.draws], data };
};

export const floatResults = ({ results }: Network): readonly number[] =>
  results.flatMap(({ type }, i) => (isFloat(type.dtype) ? [i] : []));

/** How near H s is to diag(H 1) s for random signs s, at a few random places: equal for every s where H is diagonal. */
const hasDiagonalHessian = (network: Network, loss: Measure): boolean => {
  const graph = withPrecision(loss.graph, "f64");
  const floats = floatResults(network);
  if (floats.length === 0) return false;
  const product = hvp(graph, floats);
  return [0, 1, 2].every((place) => {
    const values = graph.inputs.map(({ type }, i) =>
      isFloat(type.dtype)
        ? tensor(type.dtype, type.shape, normal(place, "influence/probe", i, sizeOf(type.shape)))
        : tensor(type.dtype, type.shape, new Float64Array(sizeOf(type.shape))),
    );
    const signs = floats.map((i, j) => signsLike(graph, i, place, j));
    const ones = signs.map((s) => tensor("f64", s.shape, new Float64Array(s.data.length).fill(1)));
    const along = evaluate(product, [...values, ...signs]);
    const diagonal = evaluate(product, [...values, ...ones]);
    return along.every(({ data }, j) =>
      Array.from(data).every((value, e) => {
        const expected = diagonal[j]!.data[e]! * signs[j]!.data[e]!;
        return diagonal[j]!.data[e]! >= 0 && Math.abs(value - expected) <= 1e-9 * (1 + Math.abs(expected));
      }),
    );
  });
};

const signsLike = ({ inputs }: Graph, input: number, place: number, number: number): Tensor => {
  const { shape } = inputs[input]!.type;
  const draws = normal(place + 100, "influence/signs", number, sizeOf(shape));
  return tensor("f64", shape, draws.map(Math.sign));
};
