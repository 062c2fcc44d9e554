import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { BackendError } from "../../backend/backend.ts";
import { applyOperation } from "../../data/apply.ts";
import type { Examples } from "../../data/condition.ts";
import type { Dataset, Predictions } from "../../data/dataset.ts";
import { describeData } from "../../data/describe.ts";
import { loadSource } from "../../data/load.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { preimage } from "../../plan/preimage.ts";
import { hashJson } from "../../store/hash.ts";
import { STORE_FORMAT, Store, type Warning } from "../../store/store.ts";
import { simplify } from "../../transform/simplify.ts";
import { vmap } from "../../transform/vmap.ts";
import { Events, type Figures } from "../events.ts";
import type { Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";
import { Warnings, warn } from "../warn.ts";
import { scoresOf } from "./influence.ts";

type Of<K extends Body["kind"]> = Step & { readonly body: Extract<Body, { readonly kind: K }> };

/** Whether the store remembers having seen the data; a dry run leaves no trace. */
type Keep = "remember" | "forget";

/** Reads a source. Its contents decide its key, so that the same data is the same wherever it lies; the store only remembers having seen it. */
export const dataStep = (step: Of<"data">, setting: Setting, keep: Keep = "remember") =>
  described(
    step,
    keep,
    Effect.gen(function* () {
      const events = yield* Events;
      return yield* loadSource(step.body.source, step.body.fields, {
        ...setting.data,
        report: (event) =>
          event.kind === "warning"
            ? Effect.provideService(warn(step, "MTT5001", event.message), Events, events)
            : events.emit({
                event: "step.progress",
                step: step.id,
                fraction: event.fraction ?? 0,
                figures: { doing: event.message },
              }),
      });
    }),
  );

/** A view of data sets, computed each time: it copies no examples. */
export const queryStep = (step: Of<"query">, inputs: readonly Outcome[], setting: Setting, keep: Keep = "remember") =>
  described(
    step,
    keep,
    Effect.gen(function* () {
      const sets: (Dataset | Predictions)[] = [];
      const { operation } = step.body;
      const test = operation.op === "most_harmful" || operation.op === "most_helpful" ? operation.test : undefined;
      for (const input of inputs)
        sets.push(
          input.data ??
            (input.figures.sign === undefined ? yield* predictionsOf(input) : yield* rankedBy(input, inputs, test)),
        );
      return yield* applyOperation(step.body.operation, sets, examplesOn(setting));
    }),
  );

/** Scores of an influence as what is said of the examples of its data, which is input 0. */
const rankedBy = Effect.fnUntraced(function* (scores: Outcome, [data]: readonly Outcome[], test: number | undefined) {
  const { values, index } = yield* scoresOf(scores, test);
  const said: Predictions = {
    values: { dtype: "f64", shape: [values.length], data: values },
    index,
    source: data!.data!.source,
  };
  return said;
});

const predictionsOf = (outcome: Outcome) =>
  Effect.gen(function* () {
    const { values, index } = yield* outcome.arrays("predictions");
    if (values === undefined || index?.dtype !== "i32") throw new TypeError("a prediction has values and an index");
    const predictions: Predictions = {
      values,
      index: Int32Array.from(index.data),
      source: String(outcome.figures.source),
    };
    return predictions;
  });

const examplesOn = ({ backend }: Setting): Examples<BackendError, never> => ({
  open: (graph, rows) =>
    Effect.map(
      backend.open(
        {
          graph: simplify(
            vmap(
              graph,
              graph.inputs.map(() => 0),
              { size: rows },
            ),
          ),
          resident: 0,
          updated: 0,
        },
        [],
      ),
      (session) => session.run,
    ),
});

const described = <E, R>(step: Step, keep: Keep, load: Effect.Effect<Dataset, E, R>) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const events = yield* Events;
    const start = performance.now();
    const warnings: Warning[] = [];
    const data = yield* Effect.provideService(load, Warnings, warnings);
    const seconds = (performance.now() - start) / 1000;
    const figures: Figures = { count: data.index.length, origin: data.origin, hash: data.hash };
    const image = { step: preimage(step.body), inputs: [data.hash] };
    const key = hashJson(image);
    const seen = Option.isSome(yield* store.getResult(key));
    const kind = step.body.kind;
    if (!seen && keep === "remember") {
      yield* store.putResult({
        format: STORE_FORMAT,
        key,
        kind,
        name: step.id,
        preimage: image,
        figures,
        arrays: {},
        seconds,
        finished: yield* Clock.currentTimeMillis,
      });
    }
    yield* events.emit({
      event: seen ? "step.cached" : "step.finished",
      step: step.id,
      kind,
      key,
      seconds,
      result: figures,
    });
    const outcome: Outcome = {
      key,
      status: seen ? "cached" : "ran",
      seconds,
      figures,
      warnings,
      content: data.hash,
      arrays: () => Effect.succeed({}),
      data,
      described: describeData(data),
    };
    return outcome;
  });
