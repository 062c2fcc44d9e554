import { GraphBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { allAxes, convert, negate, reduceMax, reshape, unary } from "../ir/operations.ts";
import { type Answer, type Command, close, open, type Rows, run } from "../plan/algorithm.ts";
import { isFloat } from "../shape/dtype.ts";
import { showType, type Tensor, type TensorType } from "../shape/tensor.ts";
import type { TrainingStep } from "./step.ts";

/** Where the first value came from that is not a finite number. */
export type Origin =
  /** An array that held it before the step; of the data: the example's position there. */
  | { readonly kind: "input"; readonly name: string; readonly example?: number }
  | {
      readonly kind: "operation";
      readonly op: string;
      readonly type: TensorType;
      readonly forward: boolean;
      /** Smallest and largest entry of each float operand, all finite. */
      readonly operands: readonly (readonly [low: number, high: number])[];
    };

/**
 * Runs a step again with every value of it watched, in the engine that failed: what overflows there may be finite in float64. From the loss (else
 * the first result that is not finite) it walks up through operands that are not finite, so that an infinity which the graph takes away again, as
 * the padding of a maximum, is not blamed. `undefined` where all is finite this time.
 */
export function* findOrigin(
  { program: { graph, resident, updated } }: Pick<TrainingStep, "program">,
  state: readonly Tensor[],
  feeds: readonly Tensor[],
  rows: Rows,
): Generator<Command, Origin | undefined, Answer> {
  const ask = function* (outputs: (b: GraphBuilder, values: readonly Value[]) => readonly Value[]) {
    const session = yield* open({ graph: watching(graph, outputs), resident, updated: 0 }, state);
    const answers = yield* run(session, feeds, rows);
    yield* close(session);
    return answers;
  };

  const floats = types(graph).flatMap(({ dtype }, value) => (isFloat(dtype) ? [value] : []));
  const [flags] = yield* ask((b, values) => [
    b.apply(
      "concatenate",
      floats.map((v) => notFinite(b, values[v]!)),
      { dimension: 0 },
    ),
  ]);
  const bad = new Set(floats.filter((_, i) => flags!.data[i] !== 0));
  const loss = graph.outputs[updated]!;
  let found = [loss, ...graph.outputs].find((v) => bad.has(v));
  if (found === undefined) return undefined;
  for (let up: Value | undefined = found; up !== undefined; up = operands(graph, found).find((v) => bad.has(v)))
    found = up;

  const node = graph.nodes[found - graph.inputs.length];
  if (node === undefined) {
    const { name } = graph.inputs[found]!;
    if (!rows.fields.includes(name)) return { kind: "input", name };
    const [bad] = yield* ask((b, values) => [badRows(b, values[found!]!)]);
    return { kind: "input", name, example: rows.at[bad!.data.indexOf(1)]! };
  }
  const watched = node.inputs.filter((v) => floats.includes(v));
  const extremes = watched.length === 0 ? [] : yield* ask((b, values) => watched.flatMap((v) => range(b, values[v]!)));
  const ranges = watched.map((_, i) => [extremes[2 * i]!.data[0]!, extremes[2 * i + 1]!.data[0]!] as const);
  return {
    kind: "operation",
    op: node.op,
    type: node.type,
    forward: ancestors(graph, loss).has(found),
    operands: ranges,
  };
}

/** `log of f32[256] in the forward pass, of operands from 0 to 0.98` */
export const showOrigin = (origin: Origin): string => {
  if (origin.kind === "input") {
    const of = origin.example === undefined ? "" : ` of the example at ${origin.example}`;
    return `\`${origin.name}\`${of}, which holds it already`;
  }
  const ranges = origin.operands.map(([low, high]) =>
    low === high ? `${show(low)}` : `${show(low)} to ${show(high)}`,
  );
  const from = ranges.length === 0 ? "" : `, whose operands were ${ranges.join(" and ")}`;
  return `${origin.op} to ${showType(origin.type)} in the ${origin.forward ? "forward pass" : "gradient and update"}${from}`;
};

const show = (value: number): string => String(Number(value.toPrecision(3)));

/** The graph with other outputs, made from all its values. */
const watching = (graph: Graph, outputs: (b: GraphBuilder, values: readonly Value[]) => readonly Value[]): Graph => {
  const b = new GraphBuilder();
  const values = graph.inputs.map(({ name, type }) => b.input(name, type));
  for (const { op, params, inputs } of graph.nodes)
    values.push(
      b.apply(
        op,
        inputs.map((v) => values[v]!),
        params,
      ),
    );
  return b.build(outputs(b, values));
};

/** [1]: 1 where an entry is infinite or no number. */
const notFinite = (b: GraphBuilder, value: Value): Value => reshape(b, reduceMax(b, isBad(b, value)), [1]);

/** [rows]: 1 for each row that holds such an entry. */
const badRows = (b: GraphBuilder, value: Value): Value =>
  reduceMax(b, isBad(b, value), allAxes(b.typeOf(value).shape).slice(1));

const isBad = (b: GraphBuilder, value: Value): Value =>
  convert(b, unary(b, "not", unary(b, "is_finite", value)), "f32");

/** The smallest and the largest entry, [] each. */
const range = (b: GraphBuilder, value: Value): readonly Value[] => [
  negate(b, reduceMax(b, negate(b, value))),
  reduceMax(b, value),
];

const types = ({ inputs, nodes }: Graph): readonly TensorType[] => [...inputs, ...nodes].map(({ type }) => type);

const operands = ({ inputs, nodes }: Graph, value: Value): readonly Value[] =>
  nodes[value - inputs.length]?.inputs ?? [];

const ancestors = (graph: Graph, of: Value): ReadonlySet<Value> => {
  const found = new Set([of]);
  for (let v = graph.inputs.length + graph.nodes.length - 1; v >= 0; v--)
    if (found.has(v)) for (const operand of operands(graph, v)) found.add(operand);
  return found;
};
