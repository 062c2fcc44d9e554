import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import {
  add,
  broadcastTo,
  contract,
  multiply,
  reduceSum,
  reshape,
  scalar,
  square,
  transpose,
} from "../ir/operations.ts";
import { batched, fedFields, inPrecision, parameterCount } from "../learn/objective.ts";
import { withPrecision } from "../learn/precision.ts";
import type { Tensor } from "../shape/tensor.ts";
import { simplify } from "../transform/simplify.ts";
import { gradient } from "../transform/vjp.ts";
import type { Asking } from "./asking.ts";
import { type Layer, layersOf } from "./factors-layers.ts";
import { drawsOf, type Pseudo, pseudoLoss, pseudoOf } from "./factors-pseudo.ts";
import { batches, closePass, openPass } from "./pass.ts";
import type { Part, Problem } from "./problem.ts";

/** How the differentiated weights are approximated. */
export interface Blocks {
  readonly pseudo: Pseudo;
  readonly layers: readonly Layer[];
  /** Those that no layer holds: their own squared pseudo-gradients, a diagonal. */
  readonly others: readonly Part[];
}

/** The network's layers whose weight is differentiated, each with its bias where that is too, and the weights left over. */
export const blocksOf = ({ network, loss, layout }: Problem): Blocks => {
  const asked = new Set(layout.parts.map(({ at }) => at));
  const layers = layersOf(network.inference, network.weights.length)
    .filter(({ weight }) => asked.has(weight))
    .map(({ bias, ...layer }): Layer => (bias !== undefined && asked.has(bias) ? { ...layer, bias } : layer));
  const held = new Set(layers.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias])));
  return { pseudo: pseudoOf(network, loss), layers, others: layout.parts.filter(({ at }) => !held.has(at)) };
};

/** Rows of a's factor: one more for a bias, whose activation is 1. */
export const rowsOfLayer = ({ inputs, bias }: Layer): number => inputs + (bias === undefined ? 0 : 1);

/** Sums over all examples: A = sum a aᵀ over positions (with the bias's coordinate last), G = sum g gᵀ, and squared gradients of other weights. */
export interface Moments {
  readonly layers: readonly { readonly a: Float64Array; readonly g: Float64Array }[];
  readonly others: readonly Float64Array[];
}

/** One pass over the training data (Martens and Grosse 2015; Grosse and Martens 2016 for convolutions). */
export function* moments(problem: Problem, blocks: Blocks, seed: number): Asking<Moments> {
  const sums = yield* summed(problem, blocks, seed, (batch) => momentGraph(problem, blocks, batch), []);
  let next = 0;
  const layers = blocks.layers.map((layer) => {
    const a = sums[next++]!;
    if (layer.bias === undefined) return { a, g: sums[next++]! };
    const ones = sums[next++]!;
    return { a: bordered(a, ones, layer.inputs, layer.positions * problem.n), g: sums[next++]! };
  });
  return { layers, others: sums.slice(next) };
}

/**
 * Sums over all examples of the squares of their gradients in the Kronecker eigenbasis, (Qaᵀ (sum_t a_t g_tᵀ) Qg)², [in, out] of each layer, in a pass
 * of its own (George et al. 2018). `bases`: Qa and Qg of each layer, eigenvectors as columns.
 */
export function* squaresInBasis(
  problem: Problem,
  blocks: Blocks,
  seed: number,
  bases: readonly Tensor[],
): Asking<readonly Float64Array[]> {
  return yield* summed(problem, blocks, seed, (batch) => squaresGraph(problem, blocks, batch, bases), bases);
}

/** The sum of a graph's outputs over all batches, float64. */
function* summed(
  problem: Problem,
  { pseudo }: Blocks,
  seed: number,
  graph: (batch: number) => Graph,
  held: readonly Tensor[],
): Asking<readonly Float64Array[]> {
  const { network, loss, precision, n } = problem;
  const pass = yield* openPass(problem, {
    graph,
    held,
    fields: fedFields(network, [loss], precision),
    weighted: true,
    data: 0,
    examples: n,
  });
  const sums = yield* pass.sum(
    batches(pass),
    (batch) => [drawsOf(problem, pseudo, seed, batch)],
    function* (batch) {
      const examples = batch.from + batch.count;
      yield { do: "progress", fraction: examples / n, figures: { examples } };
    },
  );
  yield* closePass(pass);
  return sums.map(({ data }) => data);
}

/** A with the coordinate that is always 1: its row and column are the sums of the others, its corner their number. */
const bordered = (a: Float64Array, ones: Float64Array, size: number, count: number): Float64Array => {
  const result = new Float64Array((size + 1) ** 2);
  for (let i = 0; i < size; i++) {
    result.set(a.subarray(i * size, (i + 1) * size), i * (size + 1));
    result[i * (size + 1) + size] = ones[i]!;
    result[size * (size + 1) + i] = ones[i]!;
  }
  result[result.length - 1] = count;
  return result;
};

/** (weights…, states…, fields [B, …]…, row weights [B], draws [B, k]) -> for each layer A, the sum of a where it has a bias, G; then the others' squares. */
const momentGraph = (problem: Problem, blocks: Blocks, batch: number): Graph => {
  const each = batched(exampleGraph(problem, blocks), parameterCount(problem.network), batch);
  const b = new GraphBuilder();
  const values = b.inline(
    each,
    each.inputs.map(({ name, type }) => b.input(name, type)),
  );
  const outputs = blocks.layers.flatMap(({ inputs, outputs: out, positions, bias }, i) => {
    const a = reshape(b, values[2 * i]!, [batch * positions, inputs]);
    const g = reshape(b, values[2 * i + 1]!, [batch * positions, out]);
    const ones = bias === undefined ? [] : [reduceSum(b, a, [0])];
    return [contract(b, a, a, [0], [0]), ...ones, contract(b, g, g, [0], [0])];
  });
  const others = values.slice(2 * blocks.layers.length).map((v) => reduceSum(b, square(b, v), [0]));
  return simplify(b.build([...outputs, ...others]));
};

/** (weights…, states…, bases…, fields [B, …]…, row weights [B], draws [B, k]) -> for each layer the squares in its basis. */
const squaresGraph = (problem: Problem, blocks: Blocks, batch: number, bases: readonly Tensor[]): Graph => {
  const count = parameterCount(problem.network);
  const each = batched(exampleGraph(problem, { ...blocks, others: [] }), count, batch);
  const b = new GraphBuilder();
  const parameters = each.inputs.slice(0, count).map(({ name, type }) => b.input(name, type));
  const held = bases.map(({ dtype, shape }, i) => b.input(`basis_${i}`, { dtype, shape }));
  const fed = each.inputs.slice(count).map(({ name, type }) => b.input(name, type));
  const values = b.inline(each, [...parameters, ...fed]);
  const outputs = blocks.layers.map(({ inputs, outputs: out, positions, bias }, i) => {
    const [qa, qg] = [held[2 * i]!, held[2 * i + 1]!];
    const rows = bias === undefined ? inputs : inputs + 1;
    const a = reshape(b, values[2 * i]!, [batch * positions, inputs]);
    const plain = contract(b, a, slice(b, qa, 0, inputs), [1], [0]);
    // The bias's coordinate is 1, also in padding, whose g is 0.
    const turned = bias === undefined ? plain : add(b, plain, slice(b, qa, inputs, rows));
    const g = contract(b, reshape(b, values[2 * i + 1]!, [batch * positions, out]), qg, [1], [0]);
    if (positions === 1) return contract(b, square(b, turned), square(b, g), [0], [0]);
    const gradients = b.apply(
      "dot_general",
      [reshape(b, turned, [batch, positions, rows]), reshape(b, g, [batch, positions, out])],
      { lhs_batch: [0], rhs_batch: [0], lhs_contracting: [1], rhs_contracting: [1] },
    );
    return reduceSum(b, square(b, gradients), [0]);
  });
  return simplify(b.build(outputs));
};

const slice = (b: GraphBuilder, value: Value, from: number, to: number): Value =>
  b.apply("slice", [value], { start: [from, 0], limit: [to, b.typeOf(value).shape[1]!], strides: [1, 1] });

/**
 * One example: (weights…, states…, fields…, row weight [], draws [k]) -> for each layer a [T, in] and g [T, out], then the others' pseudo-gradients; all
 * of them 0 where the row weight is.
 */
const exampleGraph = (problem: Problem, { pseudo, layers, others }: Blocks): Graph => {
  const { precision } = problem;
  const shaken = shakenGraph(problem, { pseudo, layers, others });
  const fixed = shaken.inputs.length - layers.length;
  const wrt = [...layers.map((_, i) => fixed + i), ...others.map(({ at }) => at)];
  const derived = gradient(shaken, wrt);
  const b = new GraphBuilder();
  const inputs = shaken.inputs.slice(0, fixed).map(({ name, type }) => b.input(name, type));
  const zero = shaken.inputs.slice(fixed).map(({ type }) => broadcastTo(b, scalar(b, precision, 0), type.shape));
  const values = b.inline(derived, [...inputs, ...zero]);
  const gradients = values.slice(1 + layers.length);
  const outputs = layers.flatMap((layer, i) => [values[1 + i]!, gradientRows(b, layer, gradients[i]!)]);
  return simplify(b.build([...outputs, ...gradients.slice(layers.length)]));
};

/** (weights…, states…, fields…, row weight, draws, δ of each layer) -> (row weight times the pseudo-loss with δ added to each y, a of each layer). */
const shakenGraph = (problem: Problem, { pseudo, layers }: Blocks): Graph => {
  const { network, loss, precision } = problem;
  const graph = withPrecision(network.inference, precision);
  const b = new GraphBuilder();
  const parameters = [...network.weights, ...network.states].map(({ path, type }) =>
    b.input(path, inPrecision(type, precision)),
  );
  const fields = new Map(fedFields(network, [loss], precision).map(({ name, type }) => [name, b.input(name, type)]));
  const row = b.input("row_weight", { dtype: precision, shape: [] });
  const draws = b.input("draws", { dtype: precision, shape: [pseudo.draws] });
  const shifts = new Map(
    layers.map(({ y }, i) => [y, b.input(`shift_${i}`, graph.nodes[y - graph.inputs.length]!.type)]),
  );
  const values = [...parameters, ...network.fields.map(({ name }) => fields.get(name)!)];
  for (const { op, params, inputs } of graph.nodes) {
    const value = b.apply(
      op,
      inputs.map((v) => values[v]!),
      params,
    );
    const shift = shifts.get(values.length);
    values.push(shift === undefined ? value : add(b, value, shift));
  }
  const results = graph.outputs.map((v) => values[v]!);
  const targets = loss.targets.map((name) => fields.get(name)!);
  const objective = multiply(b, pseudoLoss(b, problem, pseudo, results, targets, draws), row);
  return b.build([objective, ...layers.map((layer) => activationRows(b, layer, values[layer.x]!, row))]);
};

/** x -> a [T, in]: patches of an image, or its axes with the positions first. */
const activationRows = (b: GraphBuilder, { rows, positions, inputs }: Layer, x: Value, row: Value): Value => {
  const kept = multiply(b, x, row);
  if (rows.kind === "dense") return reshape(b, transpose(b, kept, rows.x), [positions, inputs]);
  const { stride, dilation, padding } = rows.conv;
  const patches = b.apply("unfold", [kept], { kernel: rows.kernel, stride, dilation, padding, fill: 0 });
  return reshape(b, patches, [positions, inputs]);
};

/** The gradient by y -> [T, out]. */
const gradientRows = (b: GraphBuilder, { rows, positions, outputs }: Layer, gradient: Value): Value =>
  rows.kind === "dense" && rows.outputsFirst
    ? transpose(b, reshape(b, gradient, [outputs, positions]), [1, 0])
    : reshape(b, gradient, [positions, outputs]);
