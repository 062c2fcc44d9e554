import { GraphBuilder } from "../ir/builder.ts";
import type { Graph } from "../ir/graph.ts";
import { inOrder, type Parameters } from "../learn/metrics.ts";
import { batchMeasures, fedFields, parameterCount } from "../learn/objective.ts";
import { toPrecision } from "../learn/precision.ts";
import { close, open, run, type Session } from "../plan/algorithm.ts";
import type { Measure } from "../plan/network.ts";
import type { Training } from "../plan/training.ts";
import { simplify } from "../transform/simplify.ts";
import type { Asking } from "./asking.ts";

/** A measure of the same examples under one set of parameters after another: the program is made once, and the parameters are fed. */
export const measurer = (
  { network, precision }: Pick<Training, "network" | "precision">,
  measure: Measure,
  data: number,
) => {
  let opened: { readonly session: Session; readonly fields: readonly string[]; readonly size: number } | undefined;

  function* sessionFor(most: number) {
    const size = Math.min(MOST, most);
    const graph = parametersLast(batchMeasures(network, [measure], size, precision), parameterCount(network));
    const session = yield* open({ graph, resident: 0, updated: 0 }, []);
    opened = { session, size, fields: fedFields(network, [measure], precision).map(({ name }) => name) };
    return opened;
  }

  /** Of the examples at these positions. The first call decides how many are measured at once. */
  function* of(parameters: Parameters, at: Int32Array): Asking<Float64Array> {
    const fed = inOrder(network, parameters).map((tensor) => toPrecision(tensor, precision));
    const { session, fields, size } = opened ?? (yield* sessionFor(at.length));
    const values = new Float64Array(at.length);
    for (let from = 0; from < at.length; from += size) {
      // The last batch is filled up with its last example; what it gives again is dropped.
      const rows = Int32Array.from({ length: size }, (_, i) => at[Math.min(from + i, at.length - 1)]!);
      const [batch] = yield* run(session, fed, { data, fields, at: rows });
      values.set(batch!.data.subarray(0, at.length - from), from);
    }
    return values;
  }

  function* release(): Asking<void> {
    if (opened !== undefined) yield* close(opened.session);
    opened = undefined;
  }

  return { of, release };
};

const MOST = 256;

/** (parameters…, fields…) becomes (fields…, parameters…): the order in which what changes is fed. */
const parametersLast = (graph: Graph, count: number): Graph => {
  const b = new GraphBuilder();
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const outputs = b.inline(graph, inputs);
  return simplify(b.build(outputs, [...inputs.slice(count), ...inputs.slice(0, count)]));
};
